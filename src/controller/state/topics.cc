#include "controller/state/topics.h"

#include "controller/state/new_partitions.h"
#include "controller/state/placement.h"
#include "controller/state/topic_name.h"
#include "metadata/config_keys.h"
#include "wire/messages/config_record.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"
#include "wire/messages/remove_topic_record.h"
#include "wire/messages/topic_record.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cauce::controller::state {
namespace {

using metadata::Partition;
using Request = wire::CreateTopicsRequest;
using Result = wire::CreateTopicsResponse::CreatableTopicResult;

// A string of a record is no longer than this.
constexpr std::size_t kConfigValueSizeMax = 32767;

cauce::Result<std::vector<Partition>> assigned_partitions(const metadata::Image& image,
                                                          const Request::CreatableTopic& topic) {
    if (topic.replication_factor != -1)
        return fail(ErrorCode::invalid_request,
                    "A manual partition assignment was specified, but replication factor was not "
                    "set to -1.");
    if (topic.num_partitions != -1)
        return fail(ErrorCode::invalid_request,
                    "A manual partition assignment was specified, but numPartitions was not set to "
                    "-1.");
    std::map<std::int32_t, Partition> by_index;
    std::optional<std::size_t> replica_count;
    for (const auto& assignment : topic.assignments) {
        const std::string index = std::to_string(assignment.partition_index);
        if (by_index.contains(assignment.partition_index))
            return fail(ErrorCode::invalid_replica_assignment,
                        "Found multiple manual partition assignments for partition " + index);
        ASSIGN_OR_RETURN(const std::vector<NodeId> replicas,
                         check_assignment(image, assignment.broker_ids, replica_count));
        replica_count = replicas.size();
        const std::vector<NodeId> isr = active_of(image, replicas);
        if (isr.empty())
            return fail(ErrorCode::invalid_replica_assignment,
                        "All brokers specified in the manual partition assignment for partition " +
                            index + " are fenced or in controlled shutdown.");
        by_index.emplace(assignment.partition_index, new_partition(image, replicas, isr));
    }
    std::vector<Partition> partitions;
    for (auto& [index, partition] : by_index) {
        if (index != static_cast<std::int32_t>(partitions.size()))
            return fail(ErrorCode::invalid_replica_assignment,
                        "partitions should be a consecutive 0-based integer sequence");
        partitions.push_back(std::move(partition));
    }
    return partitions;
}

cauce::Result<std::vector<Partition>> placed_partitions(const Context& context, Chance& chance,
                                                        const Request::CreatableTopic& topic,
                                                        std::int32_t count) {
    if (topic.replication_factor < -1 || topic.replication_factor == 0)
        return fail(ErrorCode::invalid_replication_factor,
                    "Replication factor must be larger than 0, or -1 to use the default value.");
    if (topic.num_partitions < -1 || topic.num_partitions == 0)
        return fail(ErrorCode::invalid_partitions,
                    "Number of partitions was set to an invalid non-positive value.");
    const std::int16_t factor =
        topic.replication_factor != -1
            ? topic.replication_factor
            : static_cast<std::int16_t>(metadata::config_integer(
                  *context.config().broker_value("default.replication.factor")));
    const std::string unable =
        "Unable to replicate the partition " + std::to_string(factor) + " time(s): ";
    auto placed = place(context.image, chance, count, factor);
    if (!placed) return fail(placed.error().code, unable + placed.error().message);
    std::vector<Partition> partitions;
    partitions.reserve(placed->size());
    for (const std::vector<NodeId>& replicas : *placed) {
        const std::vector<NodeId> isr = active_of(context.image, replicas);
        if (isr.empty())
            return fail(ErrorCode::invalid_replication_factor,
                        unable + "All brokers are currently fenced or in controlled shutdown.");
        partitions.push_back(new_partition(context.image, replicas, isr));
    }
    return partitions;
}

std::int32_t default_partitions(const Context& context) {
    return static_cast<std::int32_t>(
        metadata::config_integer(*context.config().broker_value("num.partitions")));
}

std::int64_t wanted_partitions(const Context& context, const Request::CreatableTopic& topic) {
    if (!topic.assignments.empty()) return static_cast<std::int64_t>(topic.assignments.size());
    return topic.num_partitions == -1 ? default_partitions(context) : topic.num_partitions;
}

// Own settings of the topic, checked; the last one of a name counts.
cauce::Result<metadata::ConfigResource> topic_configs(const Request::CreatableTopic& topic) {
    metadata::ConfigResource resource;
    resource.type = metadata::ResourceType::topic;
    resource.name = topic.name;
    metadata::ConfigValues values;
    for (const auto& config : topic.configs) {
        std::optional<std::string> value;
        if (config.value) value = std::string(*config.value);
        if (value && value->size() > kConfigValueSizeMax)
            return fail(ErrorCode::invalid_config,
                        "The configuration value cannot be added because it exceeds the maximum "
                        "value size of 32767 bytes.");
        const std::string name(config.name);
        std::erase_if(values, [&](const auto& given) { return given.first == name; });
        values.emplace_back(name, value);
    }
    RETURN_IF_ERROR(metadata::check_topic_configs(values));
    for (auto& [name, value] : values)
        resource.entries.emplace(name, std::move(*value));
    return resource;
}

class Creation {
public:
    Creation(const Context& context, Chance& chance, const Request& request)
        : context_(context), chance_(chance), request_(request) {}

    Outcome<wire::CreateTopicsResponse> run() && {
        std::map<std::string_view, int> named;
        std::int64_t total = 0;
        for (const auto& topic : request_.topics) {
            ++named[topic.name];
            total += std::max<std::int64_t>(0, wanted_partitions(context_, topic));
        }
        std::set<std::string_view> answered;
        for (const auto& topic : request_.topics) {
            if (!answered.insert(topic.name).second) continue;
            Result result;
            result.name = topic.name;
            result.error_message.reset();
            cauce::Result<void> made;
            if (named[topic.name] > 1) {
                made = fail(ErrorCode::invalid_request, "Duplicate topic name.");
            } else if (total > kPartitionsPerRequestMax) {
                made = fail(ErrorCode::policy_violation,
                            "Excessively large number of partitions per request.");
            } else {
                made = create(topic, result);
            }
            if (!made) {
                result = Result();
                result.name = topic.name;
                result.error_code = to_wire(made.error().code);
                result.error_message = outcome_.reply.texts.keep(std::move(made).error().message);
            }
            outcome_.reply.response.topics.push_back(std::move(result));
        }
        if (request_.validate_only) outcome_.records.clear();
        return std::move(outcome_);
    }

private:
    cauce::Result<void> create(const Request::CreatableTopic& topic, Result& result) {
        if (topic.name == kMetadataTopic)
            return fail(ErrorCode::invalid_request,
                        "Creation of internal topic __cluster_metadata is prohibited.");
        RETURN_IF_ERROR(check_topic_name(topic.name));
        if (const auto other = colliding_topic(context_.image, topic.name); !other.empty())
            return fail(ErrorCode::invalid_topic_exception,
                        "Topic '" + std::string(topic.name) +
                            "' collides with existing topic: " + std::string(other));
        if (context_.image.topic(topic.name) != nullptr)
            return fail(ErrorCode::topic_already_exists,
                        "Topic '" + std::string(topic.name) + "' already exists.");
        ASSIGN_OR_RETURN(const metadata::ConfigResource configs, topic_configs(topic));
        std::vector<Partition> partitions;
        if (!topic.assignments.empty()) {
            ASSIGN_OR_RETURN(partitions, assigned_partitions(context_.image, topic));
        } else {
            const auto count = static_cast<std::int32_t>(wanted_partitions(context_, topic));
            ASSIGN_OR_RETURN(partitions, placed_partitions(context_, chance_, topic, count));
        }
        result.topic_id = new_topic_id();
        result.num_partitions = static_cast<std::int32_t>(partitions.size());
        result.replication_factor = static_cast<std::int16_t>(partitions[0].replicas.size());
        describe(configs, result);
        add_records(topic, result.topic_id, configs, partitions);
        return {};
    }

    TopicId new_topic_id() {
        TopicId id;
        do {
            id = chance_.uuid();
        } while (is_reserved_directory(id) || context_.image.topic(id) != nullptr);
        return id;
    }

    void describe(const metadata::ConfigResource& configs, Result& result) {
        for (const metadata::ConfigEntry& entry : context_.config().describe_topic(configs)) {
            auto& shown = result.configs->emplace_back();
            shown.name = entry.key->name;
            shown.value.reset();
            if (entry.value) shown.value = outcome_.reply.texts.keep(*entry.value);
            shown.read_only = entry.read_only;
            shown.config_source = static_cast<std::int8_t>(entry.source);
            shown.is_sensitive = entry.key->sensitive();
        }
    }

    // The topic, its settings, its partitions: whoever replays them meets each thing before what
    // depends on it.
    void add_records(const Request::CreatableTopic& topic, TopicId id,
                     const metadata::ConfigResource& configs,
                     const std::vector<Partition>& partitions) {
        wire::TopicRecord record;
        record.name = topic.name;
        record.topic_id = id;
        outcome_.records.add(record);
        for (const auto& [name, value] : configs.entries) {
            wire::ConfigRecord config;
            config.resource_type = static_cast<std::int8_t>(metadata::ResourceType::topic);
            config.resource_name = topic.name;
            config.name = name;
            config.value = value;
            outcome_.records.add(config);
        }
        for (std::size_t i = 0; i < partitions.size(); ++i)
            add_partition_record(context_, id, static_cast<std::int32_t>(i), partitions[i],
                                 outcome_.records);
    }

    const Context& context_;
    Chance& chance_;
    const Request& request_;
    Outcome<wire::CreateTopicsResponse> outcome_;
};

}  // namespace

Outcome<wire::CreateTopicsResponse> create_topics(const Context& context, Chance& chance,
                                                  const wire::CreateTopicsRequest& request) {
    return Creation(context, chance, request).run();
}

Outcome<wire::DeleteTopicsResponse> delete_topics(const Context& context,
                                                  const wire::DeleteTopicsRequest& request) {
    Outcome<wire::DeleteTopicsResponse> outcome;
    const auto answer = [&](std::optional<std::string_view> name, TopicId id, ErrorCode code,
                            std::string text) {
        auto& result = outcome.reply.response.responses.emplace_back();
        result.name = name;
        result.topic_id = id;
        result.error_code = to_wire(code);
        if (!text.empty()) result.error_message = outcome.reply.texts.keep(std::move(text));
    };
    // Up to version 5 topics come by name only.
    std::vector<wire::DeleteTopicsRequest::DeleteTopicState> wanted = request.topics;
    for (std::string_view name : request.topic_names)
        wanted.push_back({name, {}});

    std::map<std::string_view, int> named;
    std::map<TopicId, int> identified;
    for (const auto& topic : wanted) {
        if (topic.name && topic.topic_id.is_zero()) ++named[*topic.name];
        if (!topic.name && !topic.topic_id.is_zero()) ++identified[topic.topic_id];
    }
    const bool allowed =
        metadata::config_bool(*context.config().broker_value("delete.topic.enable"));
    std::set<std::string_view> names_answered;
    std::set<TopicId> ids_answered;
    for (const auto& topic : wanted) {
        if (topic.name && !topic.topic_id.is_zero()) {
            answer(topic.name, topic.topic_id, ErrorCode::invalid_request,
                   "You may not specify both topic name and topic id.");
            continue;
        }
        if (!topic.name && topic.topic_id.is_zero()) {
            answer({}, {}, ErrorCode::invalid_request, "Neither topic name nor id were specified.");
            continue;
        }
        const bool by_name = topic.name.has_value();
        const bool first = by_name ? names_answered.insert(*topic.name).second
                                   : ids_answered.insert(topic.topic_id).second;
        if (!first) continue;
        if (by_name && named[*topic.name] > 1) {
            answer(topic.name, {}, ErrorCode::invalid_request, "Duplicate topic name.");
            continue;
        }
        if (!by_name && identified[topic.topic_id] > 1) {
            answer({}, topic.topic_id, ErrorCode::invalid_request, "Duplicate topic id.");
            continue;
        }
        if (!allowed) {
            answer(topic.name, topic.topic_id, ErrorCode::topic_deletion_disabled,
                   "Topic deletion is disabled.");
            continue;
        }
        const metadata::Topic* found =
            by_name ? context.image.topic(*topic.name) : context.image.topic(topic.topic_id);
        if (found == nullptr) {
            answer(topic.name, topic.topic_id,
                   by_name ? ErrorCode::unknown_topic_or_partition : ErrorCode::unknown_topic_id,
                   by_name ? "This server does not host this topic-partition."
                           : "This server does not host this topic ID.");
            continue;
        }
        if (by_name && identified.contains(found->id())) {
            answer(topic.name, {}, ErrorCode::invalid_request,
                   "The provided topic name maps to an ID that was already supplied.");
            continue;
        }
        wire::RemoveTopicRecord record;
        record.topic_id = found->id();
        outcome.records.add(record);
        // The topic may be gone when the reply is read.
        answer(outcome.reply.texts.keep(found->name()), found->id(), ErrorCode::none, {});
    }
    return outcome;
}

}  // namespace cauce::controller::state
