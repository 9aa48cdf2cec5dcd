#include "cli/config_words.h"

#include <algorithm>

namespace cauce::cli {

using metadata::ConfigEffect;
using metadata::ConfigKey;
using metadata::ConfigScope;
using metadata::ConfigType;
using metadata::Importance;
using metadata::UpdateMode;

std::string_view scope_name(ConfigScope scope) {
    switch (scope) {
        case ConfigScope::broker:
            return "broker";
        case ConfigScope::topic:
            return "topic";
        case ConfigScope::group:
            return "group";
        case ConfigScope::client_metrics:
            break;
    }
    return "client-metrics";
}

std::optional<ConfigScope> scope_of_name(std::string_view name) {
    const auto found = std::ranges::find(kScopes, name, scope_name);
    if (found == std::ranges::end(kScopes)) return std::nullopt;
    return *found;
}

std::string_view type_name(ConfigType type) {
    switch (type) {
        case ConfigType::boolean:
            return "boolean";
        case ConfigType::string:
            return "string";
        case ConfigType::int32:
            return "int";
        case ConfigType::int16:
            return "short";
        case ConfigType::int64:
            return "long";
        case ConfigType::float64:
            return "double";
        case ConfigType::list:
            return "list";
        case ConfigType::class_name:
            return "class";
        case ConfigType::password:
            break;
    }
    return "password";
}

std::string_view importance_name(Importance importance) {
    switch (importance) {
        case Importance::high:
            return "high";
        case Importance::medium:
            return "medium";
        case Importance::low:
            break;
    }
    return "low";
}

std::string_view update_mode_name(ConfigScope scope, UpdateMode mode) {
    if (scope != ConfigScope::broker) return "dynamic";
    switch (mode) {
        case UpdateMode::read_only:
            return "read-only";
        case UpdateMode::per_broker:
            return "per-broker";
        case UpdateMode::cluster_wide:
            break;
    }
    return "cluster-wide";
}

std::string_view effect_name(ConfigEffect effect) {
    switch (effect) {
        case ConfigEffect::none:
            return "none";
        case ConfigEffect::at_start:
            return "at_start";
        case ConfigEffect::at_once:
            return "at_once";
        case ConfigEffect::refused:
            break;
    }
    return "refused";
}

std::string effect_text(ConfigScope scope, const ConfigKey& key) {
    switch (metadata::config_effect(scope, key.name)) {
        case ConfigEffect::none:
            return "no effect yet: a value is checked, kept and shown, and changes nothing";
        case ConfigEffect::at_start:
            return "read when the broker starts";
        case ConfigEffect::at_once:
            return key.update_mode == UpdateMode::read_only && scope == ConfigScope::broker
                       ? "read when the broker starts"
                       : "followed while the broker runs";
        case ConfigEffect::refused:
            break;
    }
    return "refused: " + std::string(metadata::why_refused(key.name));
}

std::string settable_text(ConfigScope scope, UpdateMode mode) {
    if (scope == ConfigScope::topic) return "the topic: cauce topic config NAME --set KEY=VALUE";
    if (scope == ConfigScope::group) return "the group, while brokers run";
    if (scope == ConfigScope::client_metrics) return "a subscription, while brokers run";
    switch (mode) {
        case UpdateMode::read_only:
            return "the broker's file";
        case UpdateMode::per_broker:
            return "the broker's file; for one broker while it runs";
        case UpdateMode::cluster_wide:
            break;
    }
    return "the broker's file; for one broker or for all of them while they run";
}

std::vector<std::string> followed_keys(const ConfigKey& key) {
    std::vector<std::string> keys;
    for (const metadata::ConfigSynonym& synonym : key.synonyms) {
        std::string text(synonym.name);
        if (synonym.multiplier != 1) text += " x " + std::to_string(synonym.multiplier);
        keys.push_back(std::move(text));
    }
    return keys;
}

std::vector<std::string> following_keys(std::string_view broker_key) {
    std::vector<std::string> keys;
    for (const ConfigScope scope : {ConfigScope::topic, ConfigScope::group}) {
        for (const ConfigKey& key : metadata::config_keys(scope)) {
            const bool follows = std::ranges::any_of(
                key.synonyms, [&](const auto& synonym) { return synonym.name == broker_key; });
            if (follows)
                keys.push_back(std::string(scope_name(scope)) + " " + std::string(key.name));
        }
    }
    return keys;
}

}  // namespace cauce::cli
