// The APIs of the protocol: names, versions, headers. Constants, safe from any shard.
// What a node advertises is its own decision (server/): this is what the codec speaks.
#pragma once

#include "wire/messages/api_key.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace cauce::wire {

struct ApiInfo {
    ApiKey key;
    std::string_view name;  // "Produce"
    std::int16_t min_version;
    std::int16_t max_version;       // Of the versions Kafka offers.
    std::int16_t unstable_version;  // == max_version, or one more that nobody offers.
    std::int16_t first_flexible_version;
    bool on_broker;      // Belongs on broker listeners,
    bool on_controller;  // on controller listeners.

    constexpr bool is_flexible(std::int16_t version) const {
        return version >= first_flexible_version;
    }
    // 2 has tagged fields, 1 has not. There is no API left that uses 0.
    constexpr std::int16_t request_header_version(std::int16_t version) const {
        return is_flexible(version) ? 2 : 1;
    }
    // 1 has tagged fields, 0 has not. A client reads the answer to ApiVersions before it knows what
    // the broker speaks, so that one is always 0 (KIP-511).
    constexpr std::int16_t response_header_version(std::int16_t version) const {
        return key != ApiKey::api_versions && is_flexible(version) ? 1 : 0;
    }
};

// In the order of keys.
std::span<const ApiInfo> all_apis();

// Null for a key that is unknown or was removed from the protocol (4 to 7).
const ApiInfo* find_api(std::int16_t key);
const ApiInfo& find_api(ApiKey key);

}  // namespace cauce::wire
