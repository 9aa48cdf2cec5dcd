#include "controller/state/configs.h"

#include "controller/state/elr.h"
#include "controller/state/topic_name.h"
#include "metadata/config_keys.h"
#include "metadata/resource_configs.h"
#include "wire/messages/alter_configs_request.h"
#include "wire/messages/alter_configs_response.h"
#include "wire/messages/clear_elr_record.h"
#include "wire/messages/config_record.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace cauce::controller::state {
namespace {

using metadata::ConfigMap;
using metadata::ConfigScope;
using metadata::ResourceType;

// A string of a record is no longer than this.
constexpr std::size_t kConfigValueSizeMax = 32767;
// As many records as one request may make.
constexpr std::size_t kRecordsPerRequestMax = 10'000;

enum class Operation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };

struct KeyChange {
    std::string_view name;
    std::int8_t operation = 0;  // as it came
    std::optional<std::string_view> value;

    bool is(Operation one) const { return operation == static_cast<std::int8_t>(one); }
    bool is_list_change() const { return is(Operation::append) || is(Operation::subtract); }
};

struct ResourceChange {
    std::int8_t type = 0;  // as it came
    std::string_view name;
    std::vector<KeyChange> keys;
    // Keys that are not named go.
    bool replaces_all = false;

    bool is(ResourceType one) const { return type == static_cast<std::int8_t>(one); }
};

KeyChange change_of(const wire::AlterConfigsRequest::AlterableConfig& config) {
    return {config.name, static_cast<std::int8_t>(Operation::set), config.value};
}
KeyChange change_of(const wire::IncrementalAlterConfigsRequest::AlterableConfig& config) {
    return {config.name, config.config_operation, config.value};
}

std::unexpected<Error> bad_request(std::string text) {
    return fail(ErrorCode::invalid_request, std::move(text));
}
std::unexpected<Error> bad_config(std::string text) {
    return fail(ErrorCode::invalid_config, std::move(text));
}

std::optional<std::int32_t> parse_id(std::string_view name) {
    std::int32_t id = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return id;
}

Result<void> check_form(const ResourceChange& change) {
    std::set<std::string_view> names;
    std::string nulls;
    bool twice = false;
    for (const KeyChange& key : change.keys) {
        twice = !names.insert(key.name).second || twice;
        if (!key.is(Operation::remove) && !key.value)
            nulls += (nulls.empty() ? "" : ", ") + std::string(key.name);
    }
    if (twice) return bad_request("Error due to duplicate config keys");
    if (!nulls.empty()) return bad_request("Null value not supported for : " + nulls);
    return {};
}

Result<void> check_operations(const ResourceChange& change) {
    for (const KeyChange& key : change.keys) {
        if (key.operation < 0 || key.operation > 3)
            return bad_request("Unknown operations type " + std::to_string(key.operation));
    }
    return {};
}

// There are no loggers with levels of their own, and a name that is none is refused as by Kafka.
Result<void> check_loggers(NodeId node, const ResourceChange& change) {
    const auto id = parse_id(change.name);
    if (!id)
        return bad_request("Node id must be an integer, but it is: " + std::string(change.name));
    if (*id != node.value)
        return bad_request("Unexpected node id. Expected " + std::to_string(node.value) +
                           ", but received " + std::string(change.name));
    for (const KeyChange& key : change.keys) {
        if (key.is_list_change())
            return bad_request(std::string(key.is(Operation::append) ? "APPEND" : "SUBTRACT") +
                               " operation is not allowed for the BROKER_LOGGER resource");
        if (key.operation < 0 || key.operation > 3)
            return bad_request("Unknown operation type " + std::to_string(key.operation) +
                               " is not allowed for the BROKER_LOGGER resource");
        return bad_config("Logger " + std::string(key.name) + " does not exist!");
    }
    return {};
}

ConfigScope scope_of(ResourceType type) {
    switch (type) {
        case ResourceType::topic:
            return ConfigScope::topic;
        case ResourceType::group:
            return ConfigScope::group;
        case ResourceType::client_metrics:
            return ConfigScope::client_metrics;
        default:
            return ConfigScope::broker;
    }
}

std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (comma > 0) parts.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return parts;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i)
        text += (i == 0 ? "" : ",") + parts[i];
    return text;
}

// One resource on its way from what it has to what was asked for.
class Alteration {
public:
    Alteration(const Context& context, const ResourceChange& change)
        : context_(context),
          change_(change),
          type_(static_cast<ResourceType>(change.type)),
          held_(context.image.config(type_, change.name)) {}

    // Adds the records; none when something is wrong.
    Result<void> run(metadata::RecordList& records) {
        RETURN_IF_ERROR(check_form(change_));
        switch (type_) {
            case ResourceType::broker_logger:
                if (change_.replaces_all) return unknown_type();
                return check_loggers(context_.node, change_);
            case ResourceType::topic:
            case ResourceType::broker:
            case ResourceType::group:
            case ResourceType::client_metrics:
                break;
            default:
                return unknown_type();
        }
        if (type_ == ResourceType::broker) {
            RETURN_IF_ERROR(check_broker_name());
        }
        RETURN_IF_ERROR(check_operations(change_));
        RETURN_IF_ERROR(combine());
        RETURN_IF_ERROR(check_sizes());
        RETURN_IF_ERROR(check_min_insync_replicas());
        RETURN_IF_ERROR(check_values());
        RETURN_IF_ERROR(check_existence());
        add_records(records);
        return {};
    }

    // The eligible leaders were counted against another min.insync.replicas: nobody is one any
    // more, until an ISR shrinks again.
    void clear_elr(metadata::RecordList& records) const {
        const bool counts = type_ == ResourceType::topic || type_ == ResourceType::broker;
        if (!counts || !context_.elr_enabled() || value_before(kMinInsyncReplicas) == value_after())
            return;
        wire::ClearElrRecord record;
        if (type_ == ResourceType::topic) record.topic_name = change_.name;
        records.add(record);
    }

private:
    Result<void> unknown_type() const {
        return bad_request("Unknown resource type " + std::to_string(change_.type));
    }

    Result<void> check_broker_name() const {
        if (change_.name.empty()) return {};
        const auto id = parse_id(change_.name);
        if (!id)
            return bad_request("Node id must be an integer, but it is: " +
                               std::string(change_.name));
        if (*id != context_.node.value)
            return bad_request("Unexpected broker id, expected " +
                               std::to_string(context_.node.value) + ", but received " +
                               std::string(change_.name));
        return {};
    }

    std::optional<std::string> value_before(std::string_view name) const {
        if (held_ == nullptr) return std::nullopt;
        const auto at = held_->entries.find(name);
        if (at == held_->entries.end()) return std::nullopt;
        return at->second;
    }
    std::optional<std::string> value_after() const {
        const auto at = after_.find(kMinInsyncReplicas);
        if (at == after_.end()) return std::nullopt;
        return at->second;
    }

    Result<void> combine() {
        if (held_ != nullptr && !change_.replaces_all) after_ = held_->entries;
        for (const KeyChange& key : change_.keys) {
            if (type_ == ResourceType::broker && !key.is(Operation::remove)) {
                RETURN_IF_ERROR(metadata::check_broker_key_is_served(key.name));
            }
            if (key.is(Operation::set)) {
                after_.insert_or_assign(std::string(key.name), std::string(*key.value));
            } else if (key.is(Operation::remove)) {
                after_.erase(std::string(key.name));
            } else {
                RETURN_IF_ERROR(change_list(key));
            }
        }
        return {};
    }

    Result<void> change_list(const KeyChange& key) {
        const metadata::ConfigKey* known = metadata::find_config_key(scope_of(type_), key.name);
        const bool append = key.is(Operation::append);
        if (known == nullptr || known->type != metadata::ConfigType::list) {
            const std::string name(key.name);
            if (type_ != ResourceType::broker)
                return bad_config(std::string("Can't ") + (append ? "APPEND" : "SUBTRACT") +
                                  " to key " + name + " because its type is not LIST.");
            if (known == nullptr) return bad_config("Unknown config name: " + name);
            return bad_config(std::string("Config value ") + (append ? "append" : "subtract") +
                              " is not allowed for config key: " + name);
        }
        const auto at = after_.find(key.name);
        std::vector<std::string> parts = parts_of(
            at != after_.end() ? std::string_view(at->second) : known->default_value.value_or(""));
        for (const std::string& part : parts_of(*key.value)) {
            const auto there = std::ranges::find(parts, part);
            if (append && there == parts.end()) parts.push_back(part);
            if (!append && there != parts.end()) parts.erase(there);
        }
        after_.insert_or_assign(std::string(key.name), joined(parts));
        return {};
    }

    Result<void> check_sizes() const {
        for (const auto& [name, value] : after_) {
            if (value.size() > kConfigValueSizeMax)
                return bad_config(
                    "The configuration value cannot be added because it exceeds the maximum value "
                    "size of 32767 bytes.");
        }
        return {};
    }

    // It belongs to the cluster once it decides who is an eligible leader (elr.h).
    Result<void> check_min_insync_replicas() const {
        if (type_ != ResourceType::broker || !context_.elr_enabled()) return {};
        const bool named = std::ranges::any_of(
            change_.keys, [](const KeyChange& key) { return key.name == kMinInsyncReplicas; });
        const bool had = value_before(kMinInsyncReplicas).has_value();
        if (!change_.name.empty()) {
            if (named || (had && !value_after()))
                return bad_config(
                    "Broker-level min.insync.replicas cannot be altered while ELR is enabled.");
            return {};
        }
        if ((named || had) && !value_after())
            return bad_config(
                "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.");
        return {};
    }

    Result<void> check_values() const {
        switch (type_) {
            case ResourceType::topic: {
                if (change_.name.empty())
                    return bad_request("Default topic resources are not allowed.");
                RETURN_IF_ERROR(check_topic_name(change_.name));
                metadata::ConfigValues values;
                for (const auto& [name, value] : after_)
                    values.emplace_back(name, value);
                return metadata::check_topic_configs(values);
            }
            case ResourceType::group:
                if (change_.name.empty())
                    return bad_request("Default group resources are not allowed.");
                return metadata::check_group_configs(after_, context_.config());
            case ResourceType::client_metrics:
                if (change_.name.empty()) return bad_request("Subscription name can't be empty");
                return metadata::check_client_metrics_configs(after_);
            default:
                return metadata::check_broker_configs(after_, !change_.name.empty());
        }
    }

    Result<void> check_existence() const {
        if (type_ == ResourceType::topic && context_.image.topic(change_.name) == nullptr)
            return fail(ErrorCode::unknown_topic_or_partition,
                        "The topic '" + std::string(change_.name) + "' does not exist.");
        return {};
    }

    void add_records(metadata::RecordList& records) const {
        wire::ConfigRecord record;
        record.resource_type = change_.type;
        record.resource_name = change_.name;
        for (const auto& [name, value] : after_) {
            if (value_before(name) == value) continue;
            record.name = name;
            record.value = value;
            records.add(record);
        }
        if (held_ == nullptr) return;
        for (const auto& [name, value] : held_->entries) {
            if (after_.contains(name)) continue;
            record.name = name;
            record.value.reset();
            records.add(record);
        }
    }

    const Context& context_;
    const ResourceChange& change_;
    const ResourceType type_;
    const metadata::ConfigResource* held_;
    ConfigMap after_;
};

template <typename Response, typename Request>
Outcome<Response> alter(const Context& context, const Request& request, bool replaces_all) {
    std::set<std::tuple<std::int8_t, std::string_view>> named;
    std::set<std::tuple<std::int8_t, std::string_view>> twice;
    for (const auto& resource : request.resources) {
        const std::tuple<std::int8_t, std::string_view> key{resource.resource_type,
                                                            resource.resource_name};
        if (!named.insert(key).second) twice.insert(key);
    }
    Outcome<Response> outcome;
    metadata::RecordList clearing;
    for (const auto& resource : request.resources) {
        ResourceChange change{resource.resource_type, resource.resource_name, {}, replaces_all};
        for (const auto& config : resource.configs)
            change.keys.push_back(change_of(config));
        Alteration alteration(context, change);
        Result<void> altered;
        if (twice.contains({change.type, change.name})) {
            altered = bad_request("Each resource must appear at most once.");
        } else if (altered = alteration.run(outcome.records); altered) {
            alteration.clear_elr(clearing);
        }
        auto& result = outcome.reply.response.responses.emplace_back();
        result.resource_type = resource.resource_type;
        result.resource_name = resource.resource_name;
        result.error_message.reset();
        if (altered) continue;
        result.error_code = to_wire(altered.error().code);
        result.error_message = outcome.reply.texts.keep(std::move(altered).error().message);
    }
    outcome.records.append(clearing);
    if (outcome.records.size() > kRecordsPerRequestMax) {
        outcome.records.clear();
        for (auto& result : outcome.reply.response.responses) {
            result.error_code = to_wire(ErrorCode::policy_violation);
            result.error_message = "Unable to perform excessively large batch operation.";
        }
    }
    if (request.validate_only) outcome.records.clear();
    return outcome;
}

}  // namespace

Outcome<wire::AlterConfigsResponse> alter_configs(const Context& context,
                                                  const wire::AlterConfigsRequest& request) {
    return alter<wire::AlterConfigsResponse>(context, request, true);
}

Outcome<wire::IncrementalAlterConfigsResponse> incremental_alter_configs(
    const Context& context, const wire::IncrementalAlterConfigsRequest& request) {
    return alter<wire::IncrementalAlterConfigsResponse>(context, request, false);
}

}  // namespace cauce::controller::state
