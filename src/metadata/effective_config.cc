#include "metadata/effective_config.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace cauce::metadata {
namespace {

// Keys of the broker that say the same in other units, finest first.
constexpr std::array<std::string_view, 2> kRoll = {"log.roll.ms", "log.roll.hours"};
constexpr std::array<std::string_view, 2> kRollJitter = {"log.roll.jitter.ms",
                                                         "log.roll.jitter.hours"};
constexpr std::array<std::string_view, 2> kFlush = {"log.flush.interval.ms",
                                                    "log.flush.scheduler.interval.ms"};
constexpr std::array<std::string_view, 3> kRetention = {"log.retention.ms", "log.retention.minutes",
                                                        "log.retention.hours"};

std::vector<std::string_view> broker_synonyms(std::string_view name) {
    const auto among = [&](const auto& names) {
        return std::ranges::find(names, name) != names.end();
    };
    if (among(kRoll)) return {kRoll.begin(), kRoll.end()};
    if (among(kRollJitter)) return {kRollJitter.begin(), kRollJitter.end()};
    if (name == kFlush[0]) return {kFlush.begin(), kFlush.end()};
    if (among(kRetention)) return {kRetention.begin(), kRetention.end()};
    return {name};
}

const std::string* entry(const ConfigResource* resource, std::string_view name) {
    if (resource == nullptr) return nullptr;
    const auto at = resource->entries.find(name);
    return at == resource->entries.end() ? nullptr : &at->second;
}

const ConfigKey& known_key(ConfigScope scope, std::string_view name) {
    const ConfigKey* key = find_config_key(scope, name);
    CHECK(key != nullptr, name);
    return *key;
}

// A broker's value in the units of the key it stands in for. Negative ones mean "no limit" in all
// units. What is no number stays as it is: it came from a log or a file, and checks of its own.
std::string in_units(std::string value, std::int64_t multiplier) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (multiplier == 1 || error != std::errc() || end != value.data() + value.size()) return value;
    return std::to_string(number < 0 ? -1 : number * multiplier);
}

std::optional<std::string> shown(const ConfigKey& key, std::optional<std::string> value) {
    if (key.sensitive()) return std::nullopt;
    return value;
}

}  // namespace

std::optional<std::string> EffectiveConfig::broker_value(std::string_view name) const {
    const ConfigKey& key = known_key(ConfigScope::broker, name);
    const std::string id = std::to_string(node_.value);
    if (const auto* set = entry(image_.config(ResourceType::broker, id), name)) return *set;
    if (const auto* set = entry(image_.config(ResourceType::broker, ""), name)) return *set;
    if (const auto at = file_.find(name); at != file_.end()) return at->second;
    if (key.default_value) return std::string(*key.default_value);
    return std::nullopt;
}

std::optional<std::string> EffectiveConfig::inherited(const ConfigKey& key) const {
    for (const ConfigSynonym& synonym : key.synonyms) {
        if (auto value = broker_value(synonym.name))
            return in_units(std::move(*value), synonym.multiplier);
    }
    if (key.default_value) return std::string(*key.default_value);
    return std::nullopt;
}

std::optional<std::string> EffectiveConfig::topic_value(std::string_view topic,
                                                        std::string_view name) const {
    const ConfigKey& key = known_key(ConfigScope::topic, name);
    if (const auto* set = entry(image_.config(ResourceType::topic, topic), name)) return *set;
    return inherited(key);
}

std::optional<std::string> EffectiveConfig::group_value(std::string_view group,
                                                        std::string_view name) const {
    const ConfigKey& key = known_key(ConfigScope::group, name);
    if (const auto* set = entry(image_.config(ResourceType::group, group), name)) return *set;
    return inherited(key);
}

std::vector<ConfigSynonymValue> EffectiveConfig::broker_places(
    const ConfigKey& key, std::span<const std::string_view> names) const {
    std::vector<ConfigSynonymValue> places;
    const auto add = [&](std::string_view name, std::optional<std::string> value,
                         ConfigSource source) {
        places.push_back({std::string(name), shown(key, std::move(value)), source});
    };
    const ConfigResource* own = image_.config(ResourceType::broker, std::to_string(node_.value));
    const ConfigResource* all = image_.config(ResourceType::broker, "");
    for (std::string_view name : names) {
        if (const auto* set = entry(own, name)) add(name, *set, ConfigSource::dynamic_broker);
    }
    for (std::string_view name : names) {
        if (const auto* set = entry(all, name))
            add(name, *set, ConfigSource::dynamic_default_broker);
    }
    for (std::string_view name : names) {
        if (const auto at = file_.find(name); at != file_.end())
            add(name, at->second, ConfigSource::static_broker);
    }
    for (std::string_view name : names) {
        const ConfigKey& known = known_key(ConfigScope::broker, name);
        if (known.default_value)
            add(name, std::string(*known.default_value), ConfigSource::default_value);
    }
    return places;
}

ConfigEntry EffectiveConfig::describe_inheriting(const ConfigKey& key, const std::string* set,
                                                 ConfigSource own) const {
    ConfigEntry described;
    described.key = &key;
    described.value = shown(key, set != nullptr ? *set : inherited(key));
    std::vector<std::string_view> names;
    for (const ConfigSynonym& synonym : key.synonyms)
        names.push_back(synonym.name);
    described.synonyms = broker_places(key, names);
    if (set != nullptr)
        described.synonyms.insert(described.synonyms.begin(),
                                  {std::string(key.name), shown(key, *set), own});
    if (!described.synonyms.empty()) described.source = described.synonyms.front().source;
    return described;
}

std::vector<ConfigEntry> EffectiveConfig::describe_set(ConfigScope scope,
                                                       const ConfigResource* resource,
                                                       ConfigSource own) const {
    std::vector<ConfigEntry> out;
    for (const ConfigKey& key : config_keys(scope)) {
        if (key.internal) continue;
        out.push_back(describe_inheriting(key, entry(resource, key.name), own));
    }
    return out;
}

std::vector<ConfigEntry> EffectiveConfig::describe_topic(std::string_view topic) const {
    return describe_set(ConfigScope::topic, image_.config(ResourceType::topic, topic),
                        ConfigSource::topic);
}

std::vector<ConfigEntry> EffectiveConfig::describe_topic(const ConfigResource& resource) const {
    return describe_set(ConfigScope::topic, &resource, ConfigSource::topic);
}

std::vector<ConfigEntry> EffectiveConfig::describe_group(std::string_view group) const {
    return describe_set(ConfigScope::group, image_.config(ResourceType::group, group),
                        ConfigSource::group);
}

std::vector<ConfigEntry> EffectiveConfig::describe_broker() const {
    std::vector<ConfigEntry> out;
    for (const ConfigKey& key : config_keys(ConfigScope::broker)) {
        if (key.internal) continue;
        ConfigEntry described;
        described.key = &key;
        described.value = shown(key, broker_value(key.name));
        described.read_only = key.update_mode == UpdateMode::read_only;
        described.synonyms = broker_places(key, broker_synonyms(key.name));
        if (!described.synonyms.empty()) described.source = described.synonyms.front().source;
        out.push_back(std::move(described));
    }
    return out;
}

std::vector<ConfigEntry> EffectiveConfig::describe_default_broker() const {
    std::vector<ConfigEntry> out;
    const ConfigResource* resource = image_.config(ResourceType::broker, "");
    if (resource == nullptr) return out;
    for (const auto& [name, value] : resource->entries) {
        const ConfigKey* key = find_config_key(ConfigScope::broker, name);
        if (key == nullptr || key->internal) continue;
        ConfigEntry described;
        described.key = key;
        described.value = shown(*key, value);
        described.source = ConfigSource::dynamic_default_broker;
        described.read_only = key->update_mode == UpdateMode::read_only;
        described.synonyms.push_back({name, described.value, described.source});
        out.push_back(std::move(described));
    }
    return out;
}

std::vector<ConfigEntry> EffectiveConfig::describe_client_metrics(
    std::string_view subscription) const {
    std::vector<ConfigEntry> out;
    const ConfigResource* resource = image_.config(ResourceType::client_metrics, subscription);
    for (const ConfigKey& key : config_keys(ConfigScope::client_metrics)) {
        const std::string* set = entry(resource, key.name);
        if (set == nullptr) continue;
        ConfigEntry described;
        described.key = &key;
        described.value = *set;
        described.source = ConfigSource::client_metrics;
        out.push_back(std::move(described));
    }
    return out;
}

}  // namespace cauce::metadata
