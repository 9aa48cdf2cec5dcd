// Which resources have settings: every topic and every broker, and those groups and subscriptions
// of client metrics for which something was set.
#pragma once

#include "base/result.h"
#include "metadata/image.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::server {

struct ListedResource {
    metadata::ResourceType type = metadata::ResourceType::unknown;
    std::string name;

    bool operator==(const ListedResource&) const = default;
};

// Of the given types; none means all. Brokers as they are seen on this listener.
// unsupported_version: a type that cannot be listed.
Result<std::vector<ListedResource>> listed_resources(const metadata::Image& image,
                                                     std::string_view listener,
                                                     std::span<const std::int8_t> types);

}  // namespace cauce::server
