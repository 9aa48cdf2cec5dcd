// What there is to say about configuration keys, in words.
#pragma once

#include "metadata/config_effects.h"
#include "metadata/config_keys.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

// "broker", "topic", "group", "client-metrics"
std::string_view scope_name(metadata::ConfigScope scope);
std::optional<metadata::ConfigScope> scope_of_name(std::string_view name);
inline constexpr std::string_view kScopeNames = "broker, topic, group or client-metrics";
// In the order in which they are shown.
inline constexpr metadata::ConfigScope kScopes[] = {
    metadata::ConfigScope::broker, metadata::ConfigScope::topic, metadata::ConfigScope::group,
    metadata::ConfigScope::client_metrics};

// Kafka's words: "boolean", "long", "list" ...
std::string_view type_name(metadata::ConfigType type);
std::string_view importance_name(metadata::Importance importance);
// "read-only", "per-broker", "cluster-wide"; settings of topics and the like can change at any time
// ("dynamic").
std::string_view update_mode_name(metadata::ConfigScope scope, metadata::UpdateMode mode);
// "none", "at_start", "at_once", "refused"
std::string_view effect_name(metadata::ConfigEffect effect);
// A sentence: what this version does with the key.
std::string effect_text(metadata::ConfigScope scope, const metadata::ConfigKey& key);
// Where a value can be written.
std::string settable_text(metadata::ConfigScope scope, metadata::UpdateMode mode);

// The brokers' keys a topic's or group's key follows, the first that is set: "log.retention.ms",
// "log.retention.minutes x 60000".
std::vector<std::string> followed_keys(const metadata::ConfigKey& key);
// The other way round: "topic retention.ms".
std::vector<std::string> following_keys(std::string_view broker_key);

}  // namespace cauce::cli
