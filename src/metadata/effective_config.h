// What a setting is at the end of the day and where it comes from: a topic's own value, one set for
// this broker or for all brokers at run time, the broker's file, the default.
#pragma once

#include "base/ids.h"
#include "metadata/config_keys.h"
#include "metadata/image.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::metadata {

// Kafka's numbers, as DescribeConfigs tells them.
enum class ConfigSource : std::int8_t {
    unknown = 0,
    topic = 1,
    dynamic_broker = 2,
    dynamic_default_broker = 3,
    static_broker = 4,
    default_value = 5,
    dynamic_broker_logger = 6,
    client_metrics = 7,
    group = 8,
};

struct ConfigSynonymValue {
    std::string name;
    std::optional<std::string> value;
    ConfigSource source = ConfigSource::unknown;
};

struct ConfigEntry {
    const ConfigKey* key = nullptr;
    // Never filled for a sensitive key.
    std::optional<std::string> value;
    ConfigSource source = ConfigSource::default_value;
    bool read_only = false;
    // All places that give this key a value, the one in force first.
    std::vector<ConfigSynonymValue> synonyms;
};

// The broker's file: keys as given, values as text. Ordered, transparent.
using StaticConfig = std::map<std::string, std::string, std::less<>>;

// Resolves settings as broker `node` sees them. Borrows both; cheap to make.
class EffectiveConfig {
public:
    EffectiveConfig(const Image& image, const StaticConfig& file, NodeId node)
        : image_(image), file_(file), node_(node) {}

    // The key must be one of the scope. Empty: null.
    std::optional<std::string> topic_value(std::string_view topic, std::string_view key) const;
    std::optional<std::string> broker_value(std::string_view key) const;
    std::optional<std::string> group_value(std::string_view group, std::string_view key) const;

    // As DescribeConfigs shows them: internal keys left out, in the order of the names.
    std::vector<ConfigEntry> describe_topic(std::string_view topic) const;
    // A topic that is to be, with what will be set for it.
    std::vector<ConfigEntry> describe_topic(const ConfigResource& resource) const;
    // This broker: a file is known to its own broker only.
    std::vector<ConfigEntry> describe_broker() const;
    // What was set for all brokers, nothing else (broker "").
    std::vector<ConfigEntry> describe_default_broker() const;
    std::vector<ConfigEntry> describe_group(std::string_view group) const;
    // What was set for the subscription; one that does not exist has nothing.
    std::vector<ConfigEntry> describe_client_metrics(std::string_view subscription) const;

private:
    // What a topic or group without a value of its own gets.
    std::optional<std::string> inherited(const ConfigKey& key) const;
    // Every place that gives one of `names` a value: all names at run time for this broker, then
    // for all brokers, then the file, then the defaults. The order is Kafka's.
    std::vector<ConfigSynonymValue> broker_places(const ConfigKey& key,
                                                  std::span<const std::string_view> names) const;
    std::vector<ConfigEntry> describe_set(ConfigScope scope, const ConfigResource* resource,
                                          ConfigSource own) const;
    ConfigEntry describe_inheriting(const ConfigKey& key, const std::string* set,
                                    ConfigSource own) const;

    const Image& image_;
    const StaticConfig& file_;
    NodeId node_;
};

}  // namespace cauce::metadata
