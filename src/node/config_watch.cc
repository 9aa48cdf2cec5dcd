#include "node/config_watch.h"

#include "metadata/config_effects.h"
#include "metadata/resource_configs.h"

#include <optional>

namespace cauce::node {

namespace {

using metadata::ConfigScope;
using metadata::ResourceType;

std::optional<ConfigScope> scope_of(ResourceType type) {
    switch (type) {
        case ResourceType::topic:
            return ConfigScope::topic;
        case ResourceType::broker:
            return ConfigScope::broker;
        case ResourceType::group:
            return ConfigScope::group;
        case ResourceType::client_metrics:
            return ConfigScope::client_metrics;
        default:
            return std::nullopt;
    }
}

// Passwords are nobody's business, and what an unknown key holds may be one.
std::string shown(std::string_view key, const std::string& value) {
    const metadata::ConfigKey* known = metadata::find_config_key(ConfigScope::broker, key);
    return known == nullptr || known->sensitive() ? "[hidden]" : value;
}

// Why setting the key changes nothing now; empty when it does.
std::string why_idle(ConfigScope scope, std::string_view key) {
    using enum metadata::ConfigEffect;
    if (metadata::find_config_key(scope, key) == nullptr)
        return "is no key of this version: it is kept and ignored";
    switch (metadata::config_effect(scope, key)) {
        case none:
            return "is kept and has no effect yet";
        case at_start:
            return "has no effect while the broker runs: it is read from the broker's file";
        case refused:  // Another program wrote it.
            return "is ignored: " + std::string(metadata::why_refused(key));
        case at_once:
            break;
    }
    return {};
}

const std::string* entry(const metadata::ConfigResource* resource, std::string_view key) {
    if (resource == nullptr) return nullptr;
    const auto at = resource->entries.find(key);
    return at == resource->entries.end() ? nullptr : &at->second;
}

Result<std::string> checked_value(const metadata::EffectiveConfig& config, std::string_view key) {
    const std::string value = config.broker_value(key).value_or("");
    RETURN_IF_ERROR(
        metadata::check_config_value(*metadata::find_config_key(ConfigScope::broker, key), value));
    return value;
}

Result<std::int32_t> checked_number(const metadata::EffectiveConfig& config, std::string_view key) {
    ASSIGN_OR_RETURN(const std::string value, checked_value(config, key));
    return static_cast<std::int32_t>(metadata::config_integer(value));
}

}  // namespace

Result<server::ConnectionLimits> connection_limits(const metadata::EffectiveConfig& config) {
    server::ConnectionLimits limits;
    ASSIGN_OR_RETURN(limits.total, checked_number(config, "max.connections"));
    ASSIGN_OR_RETURN(limits.per_address, checked_number(config, "max.connections.per.ip"));
    constexpr std::string_view kOverrides = "max.connections.per.ip.overrides";
    ASSIGN_OR_RETURN(const std::string overrides, checked_value(config, kOverrides));
    for (const std::string& entry : metadata::config_list(overrides)) {
        const auto limit = metadata::parse_address_limit(entry);
        if (!limit)
            return fail(ErrorCode::invalid_config,
                        std::string(kOverrides) + ": `" + entry + "` is no ADDRESS:NUMBER");
        limits.per_address_overrides.insert_or_assign(limit->first, limit->second);
    }
    return limits;
}

ConfigWatch::ConfigWatch(NodeId node, const metadata::StaticConfig& file,
                         server::ConnectionQuota& quota, Logger log)
    : node_(node), file_(file), quota_(quota), log_(std::move(log)) {}

void ConfigWatch::follow(metadata::ImagePointer image) {
    before_ = std::exchange(now_, std::move(image));
    tell_changes("");
    tell_changes(std::to_string(node_.value));
    tell_idle_keys();
    follow_connection_limits();
    // Only the newest has to stay.
    before_.reset();
}

// At the start everything that is set is a change from the file.
void ConfigWatch::tell_changes(std::string_view broker) {
    const metadata::ConfigResource* had =
        before_ ? before_->config(ResourceType::broker, broker) : nullptr;
    const metadata::ConfigResource* has = now_->config(ResourceType::broker, broker);
    if (had == has) return;
    if (has != nullptr) {
        for (const auto& [key, value] : has->entries) {
            const std::string* old = entry(had, key);
            if (old == nullptr || *old != value) tell_change(broker, key, &value);
        }
    }
    if (had == nullptr) return;
    for (const auto& [key, value] : had->entries) {
        if (entry(has, key) == nullptr) tell_change(broker, key, nullptr);
    }
}

void ConfigWatch::tell_change(std::string_view broker, std::string_view key,
                              const std::string* value) {
    const std::string whose = broker.empty() ? "all brokers" : "broker " + std::string(broker);
    if (value == nullptr) {
        log_.info(std::string(key) + " is not set for " + whose + " any more");
    } else {
        log_.info(std::string(key) + " is set to " + shown(key, *value) + " for " + whose);
    }
}

void ConfigWatch::tell_idle_keys() {
    for (const auto& resource : now_->configs()) {
        const bool same =
            before_ && before_->config(resource->type, resource->name) == resource.get();
        const auto scope = scope_of(resource->type);
        if (!same && scope) tell_if_idle(*scope, *resource);
    }
}

void ConfigWatch::tell_if_idle(ConfigScope scope, const metadata::ConfigResource& resource) {
    for (const auto& [key, value] : resource.entries) {
        const std::string why = why_idle(scope, key);
        if (why.empty()) continue;
        if (told_idle_.emplace(scope, key).second) log_.warn(key + " was set and " + why);
    }
}

void ConfigWatch::follow_connection_limits() {
    const auto limits = connection_limits(metadata::EffectiveConfig(*now_, file_, node_));
    const std::string why = limits ? "" : limits.error().message;
    if (limits_refused_.is_news(why))
        log_.error("the limits of connections stay as they are: " + why);
    if (!limits) return;
    if (*limits != quota_.limits()) quota_.set_limits(*limits);
}

}  // namespace cauce::node
