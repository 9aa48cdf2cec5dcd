#include "metadata/resource_configs.h"

#include "metadata/config_effects.h"
#include "metadata/config_keys.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace cauce::metadata {
namespace {

// Kafka takes these for a single listener only, as listener.name.NAME.KEY.
constexpr std::array<std::string_view, 10> kListenerSecurity = {
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
};

constexpr std::string_view kListenerPrefix = "listener.name.";

std::unexpected<Error> bad_request(std::string text) {
    return fail(ErrorCode::invalid_request, std::move(text));
}
std::unexpected<Error> bad_config(std::string text) {
    return fail(ErrorCode::invalid_config, std::move(text));
}

template <typename Is>
Result<void> refuse_names(const ConfigMap& values, std::string_view why, Is is) {
    std::string names;
    for (const auto& [name, value] : values) {
        if (is(std::string_view(name))) names += (names.empty() ? "" : ", ") + name;
    }
    if (names.empty()) return {};
    return bad_request(std::string(why) + ": [" + names + "]");
}

bool has_update_mode(std::string_view name, UpdateMode mode) {
    const ConfigKey* key = find_config_key(ConfigScope::broker, name);
    return key != nullptr && key->update_mode == mode;
}

// A group's value and the broker's keys it must lie between; either may be missing.
struct Bounds {
    std::string_view key;
    std::string_view least;
    std::string_view most;
};
constexpr Bounds kGroupBounds[] = {
    {"consumer.heartbeat.interval.ms", "group.consumer.min.heartbeat.interval.ms",
     "group.consumer.max.heartbeat.interval.ms"},
    {"consumer.session.timeout.ms", "group.consumer.min.session.timeout.ms",
     "group.consumer.max.session.timeout.ms"},
    {"consumer.assignment.interval.ms", "group.consumer.min.assignment.interval.ms",
     "group.consumer.max.assignment.interval.ms"},
    {"share.heartbeat.interval.ms", "group.share.min.heartbeat.interval.ms",
     "group.share.max.heartbeat.interval.ms"},
    {"share.session.timeout.ms", "group.share.min.session.timeout.ms",
     "group.share.max.session.timeout.ms"},
    {"share.record.lock.duration.ms", "group.share.min.record.lock.duration.ms",
     "group.share.max.record.lock.duration.ms"},
    {"share.delivery.count.limit", "group.share.min.delivery.count.limit",
     "group.share.max.delivery.count.limit"},
    {"share.partition.max.record.locks", "group.share.min.partition.max.record.locks",
     "group.share.max.partition.max.record.locks"},
    {"share.assignment.interval.ms", "group.share.min.assignment.interval.ms",
     "group.share.max.assignment.interval.ms"},
    {"streams.heartbeat.interval.ms", "group.streams.min.heartbeat.interval.ms",
     "group.streams.max.heartbeat.interval.ms"},
    {"streams.session.timeout.ms", "group.streams.min.session.timeout.ms",
     "group.streams.max.session.timeout.ms"},
    {"streams.num.standby.replicas", "", "group.streams.max.standby.replicas"},
    {"streams.assignment.interval.ms", "group.streams.min.assignment.interval.ms",
     "group.streams.max.assignment.interval.ms"},
    {"streams.task.offset.interval.ms", "group.streams.min.task.offset.interval.ms", ""},
    {"streams.num.warmup.replicas", "", "group.streams.max.warmup.replicas"},
};

// A member must have time for more than one heartbeat in its session.
struct Session {
    std::string_view session;
    std::string_view heartbeat;
};
constexpr Session kGroupSessions[] = {
    {"consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"},
    {"share.session.timeout.ms", "share.heartbeat.interval.ms"},
    {"streams.session.timeout.ms", "streams.heartbeat.interval.ms"},
};

Result<void> check_bounds(const Bounds& bounds, std::int64_t value, const EffectiveConfig& broker) {
    const auto limit = [&](std::string_view key) {
        return config_integer(*broker.broker_value(key));
    };
    const std::string name(bounds.key);
    if (bounds.least.empty()) {
        const std::int64_t most = limit(bounds.most);
        if (value <= most) return {};
        return bad_config(name + " must be less than or equal to " + std::to_string(most));
    }
    const std::int64_t least = limit(bounds.least);
    if (bounds.most.empty()) {
        if (value >= least) return {};
        return bad_config(name + " must be greater than or equal to " + std::to_string(least));
    }
    const std::int64_t most = limit(bounds.most);
    if (value >= least && value <= most) return {};
    return bad_config(name + " must be in the range " + std::to_string(least) + " to " +
                      std::to_string(most) + " inclusive.");
}

// "client_id=app-.*": what a subscription looks at, and a pattern. Patterns are Java's regular
// expressions; whoever matches clients by them has to refuse those it cannot read.
bool is_match_pattern(std::string_view text) {
    constexpr std::array<std::string_view, 6> kAttributes = {
        "client_instance_id",    "client_id",
        "client_software_name",  "client_software_version",
        "client_source_address", "client_source_port",
    };
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals + 1 == text.size() ||
        text.find('=', equals + 1) != std::string_view::npos)
        return false;
    std::string_view attribute = text.substr(0, equals);
    while (attribute.ends_with(' '))
        attribute.remove_suffix(1);
    return std::ranges::find(kAttributes, attribute) != kAttributes.end();
}

}  // namespace

Result<void> check_broker_configs(const ConfigMap& values, bool one_broker) {
    RETURN_IF_ERROR(refuse_names(
        values, "Cannot update these configs dynamically",
        [](std::string_view name) { return has_update_mode(name, UpdateMode::read_only); }));
    RETURN_IF_ERROR(refuse_names(
        values,
        "These security configs can be dynamically updated only per-listener using the listener "
        "prefix",
        [](std::string_view name) {
            return std::ranges::find(kListenerSecurity, name) != kListenerSecurity.end();
        }));
    for (const auto& [name, value] : values) {
        const ConfigKey* key = find_config_key(ConfigScope::broker, name);
        if (key == nullptr) continue;
        if (auto checked = check_config_value(*key, value); !checked)
            return bad_request(std::move(checked).error().message);
    }
    if (const auto limits = values.find("max.connections.per.ip.overrides");
        limits != values.end()) {
        for (const std::string& entry : config_list(limits->second)) {
            if (!parse_address_limit(entry))
                return bad_request("Invalid value " + limits->second +
                                   " for configuration max.connections.per.ip.overrides: `" +
                                   entry + "` is no ADDRESS:NUMBER");
        }
    }
    if (one_broker) return {};
    return refuse_names(
        values, "Cannot update these configs at default cluster level, broker id must be specified",
        [](std::string_view name) {
            return has_update_mode(name, UpdateMode::per_broker) ||
                   name.starts_with(kListenerPrefix);
        });
}

Result<void> check_broker_key_is_served(std::string_view name) {
    const std::string_view why = why_refused(name);
    if (!why.empty()) return bad_request(std::string(name) + ": " + std::string(why));
    return {};
}

Result<void> check_group_configs(const ConfigMap& values, const EffectiveConfig& broker) {
    for (const auto& [name, value] : values) {
        if (find_config_key(ConfigScope::group, name) == nullptr)
            return bad_config("Unknown group config name: " + name);
    }
    for (const auto& [name, value] : values)
        RETURN_IF_ERROR(check_config_value(*find_config_key(ConfigScope::group, name), value));
    for (const Bounds& bounds : kGroupBounds) {
        const auto set = values.find(bounds.key);
        if (set == values.end()) continue;
        RETURN_IF_ERROR(check_bounds(bounds, config_integer(set->second), broker));
    }
    for (const Session& pair : kGroupSessions) {
        const auto session = values.find(pair.session);
        const auto heartbeat = values.find(pair.heartbeat);
        if (session == values.end() && heartbeat == values.end()) continue;
        const auto number = [&](auto set, std::string_view key) {
            if (set != values.end()) return config_integer(set->second);
            return config_integer(*broker.broker_value("group." + std::string(key)));
        };
        if (number(session, pair.session) <= number(heartbeat, pair.heartbeat))
            return bad_config(std::string(pair.session) + " must be greater than " +
                              std::string(pair.heartbeat));
    }
    constexpr std::string_view kDeadLetters = "errors.deadletterqueue.topic.name";
    if (const auto topic = values.find(kDeadLetters);
        topic != values.end() && topic->second.starts_with("__"))
        return bad_config(std::string(kDeadLetters) + ": DLQ topic name must not start with '__'");
    return {};
}

Result<void> check_client_metrics_configs(const ConfigMap& values) {
    for (const auto& [name, value] : values) {
        if (find_config_key(ConfigScope::client_metrics, name) == nullptr)
            return bad_request("Unknown client metrics configuration: " + name);
    }
    for (const auto& [name, value] : values)
        RETURN_IF_ERROR(
            check_config_value(*find_config_key(ConfigScope::client_metrics, name), value));
    if (const auto interval = values.find("interval.ms"); interval != values.end()) {
        const std::int64_t ms = config_integer(interval->second);
        if (ms < 100 || ms > 3'600'000)
            return bad_request("Invalid value " + std::to_string(ms) +
                               " for interval.ms, interval must be between 100 and 3600000 (1 "
                               "hour)");
    }
    if (const auto match = values.find("match"); match != values.end()) {
        for (const std::string& pattern : config_list(match->second)) {
            if (!is_match_pattern(pattern))
                return bad_config("Illegal client matching pattern: " + pattern);
        }
    }
    return {};
}

std::optional<std::pair<std::string, std::int32_t>> parse_address_limit(std::string_view entry) {
    // The last colon: IPv6 addresses hold some themselves.
    const std::size_t colon = entry.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view address = entry.substr(0, colon);
    const bool is_address =
        !address.empty() &&
        address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos &&
        address.find_first_of(":.") != std::string_view::npos;
    std::int32_t most = -1;
    const char* end = entry.data() + entry.size();
    const auto parsed = std::from_chars(entry.data() + colon + 1, end, most);
    if (!is_address || parsed.ec != std::errc() || parsed.ptr != end || most < 0)
        return std::nullopt;
    return std::pair(std::string(address), most);
}

}  // namespace cauce::metadata
