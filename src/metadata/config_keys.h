// Every configuration key there is: Kafka 4.4's for brokers, topics, groups and client metrics, and
// our own under `cauce.`. One table (schema/configs) says name, type, default, range and the rest;
// everything that takes or shows a key asks here.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::metadata {

// Kafka's numbers, as DescribeConfigs tells them.
enum class ConfigType : std::int8_t {
    boolean = 1,
    string = 2,
    int32 = 3,
    int16 = 4,
    int64 = 5,
    float64 = 6,
    list = 7,
    class_name = 8,
    password = 9,
};

enum class ConfigScope : std::uint8_t { broker, topic, group, client_metrics };

enum class UpdateMode : std::uint8_t {
    read_only,     // only in the file the broker starts with
    per_broker,    // also by AlterConfigs for one broker
    cluster_wide,  // also by AlterConfigs for all brokers at once
};

enum class Importance : std::uint8_t { high, medium, low };

// Where a topic's or group's value comes from when it is not set itself.
struct ConfigSynonym {
    std::string_view name;
    // The broker's key may count in other units: hours to milliseconds is 3600000.
    std::int64_t multiplier = 1;
};

struct ConfigKey {
    std::string_view name;
    ConfigType type = ConfigType::string;
    // Empty optional: null.
    std::optional<std::string_view> default_value;
    // What the value may be: "[0,...]", "[a, b]", "non-empty string"; empty for anything.
    std::string_view valid;
    Importance importance = Importance::medium;
    // Means something for brokers' keys only.
    UpdateMode update_mode = UpdateMode::read_only;
    // One sentence of ours.
    std::string_view text;
    // The brokers' keys that stand in for it, in order of precedence.
    std::span<const ConfigSynonym> synonyms = {};
    // Works, but is not shown by DescribeConfigs.
    bool internal = false;
    // Must be given.
    bool required = false;

    bool sensitive() const { return type == ConfigType::password; }
};

// In the order of their names.
std::span<const ConfigKey> config_keys(ConfigScope scope);

// Null when there is no such key.
const ConfigKey* find_config_key(ConfigScope scope, std::string_view name);

// The key most like `name`, for "did you mean"; empty when nothing resembles it.
std::string_view nearest_config_key(ConfigScope scope, std::string_view name);

// Checks one value against its key: type first, then range. The error says what Kafka says:
// "Invalid value abc for configuration retention.ms: Not a number of type LONG".
// An empty optional is null, which most keys refuse.
Result<void> check_config_value(const ConfigKey& key, std::optional<std::string_view> value);

// A value as its type reads it. The text must have passed check_config_value for that key.
bool config_bool(std::string_view text);
std::int64_t config_integer(std::string_view text);
double config_number(std::string_view text);
// Split at commas, blanks around the parts removed; "" is the empty list.
std::vector<std::string> config_list(std::string_view text);

// Rules that concern several keys of one topic at once, or a value in its surroundings
// (min.compaction.lag.ms above max.compaction.lag.ms, remote storage on a compacted topic).
using ConfigValues = std::vector<std::pair<std::string, std::optional<std::string>>>;

// Everything CreateTopics and IncrementalAlterConfigs must know about a topic's own settings: each
// key known, each value right, all together consistent.
Result<void> check_topic_configs(const ConfigValues& values);

}  // namespace cauce::metadata
