// What comes with a request beside its message, and the requests that have no single wire form.
// All views: they belong to the caller for the duration of the call.
#pragma once

#include "base/ids.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cauce::coordinator::group {

// Who asks.
struct RequestInfo {
    std::string_view client_id;
    // As Kafka shows it in descriptions: "/" and the numeric address, "/127.0.0.1".
    std::string_view client_host;
    std::int16_t api_version = 0;
};

// One group of an OffsetFetch, whichever version it came in.
struct OffsetFetchQuery {
    struct Topic {
        std::string_view name;
        // Zero before version 10. A committed offset of another id is not shown.
        TopicId topic_id;
        std::span<const std::int32_t> partitions;
    };

    std::string_view group_id;
    // Nothing = every topic the group has committed for.
    std::optional<std::vector<Topic>> topics;
    bool require_stable = false;
};

}  // namespace cauce::coordinator::group
