#include "client/admin.h"

#include "wire/messages/consumer_protocol_assignment.h"
#include "wire/messages/create_partitions_request.h"
#include "wire/messages/create_partitions_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_groups_request.h"
#include "wire/messages/delete_groups_response.h"
#include "wire/messages/delete_records_request.h"
#include "wire/messages/delete_records_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"
#include "wire/messages/describe_cluster_request.h"
#include "wire/messages/describe_cluster_response.h"
#include "wire/messages/describe_configs_request.h"
#include "wire/messages/describe_configs_response.h"
#include "wire/messages/describe_groups_request.h"
#include "wire/messages/describe_groups_response.h"
#include "wire/messages/describe_log_dirs_request.h"
#include "wire/messages/describe_log_dirs_response.h"
#include "wire/messages/describe_topic_partitions_request.h"
#include "wire/messages/describe_topic_partitions_response.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"
#include "wire/messages/list_config_resources_request.h"
#include "wire/messages/list_config_resources_response.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/list_groups_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_commit_response.h"
#include "wire/messages/offset_delete_request.h"
#include "wire/messages/offset_delete_response.h"
#include "wire/messages/offset_fetch_request.h"
#include "wire/messages/offset_fetch_response.h"
#include "wire/record_frame.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <ranges>

namespace cauce::client {
namespace {

using runtime::Task;

constexpr std::int32_t kNoReplica = -1;
constexpr std::int8_t kBrokerEndpoints = 1;

// How long the broker may take: what is left of our patience.
std::int32_t timeout_ms(const Cluster& cluster, MonoTime deadline) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - cluster.now()).count();
    return static_cast<std::int32_t>(
        std::clamp<std::int64_t>(left, 1, std::numeric_limits<std::int32_t>::max()));
}

Error to_error(std::int16_t code, std::optional<std::string_view> message) {
    const ErrorCode known = error_code_from_wire(code);
    if (known == ErrorCode::none) return {known, {}};
    if (message && !message->empty()) return {known, std::string(*message)};
    // A broker newer than this client may use codes of its own.
    if (known == ErrorCode::unknown_server_error && code != to_wire(known))
        return {known, "error code " + std::to_string(code)};
    return {known, std::string(error_name(known))};
}

// One request to whichever node answers; for what must not be repeated.
template <typename Response, typename Request>
Task<Result<Reply<Response>>> call_once(Cluster& cluster, const Request& request, MonoTime deadline,
                                        std::int16_t version_max = Request::kMaxVersion) {
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await cluster.any(deadline));
    co_return co_await connection->template call<Response>(request, deadline, version_max);
}

// The topic that the next partition of a request goes to: they come in the order of topics.
template <typename Topics>
auto& topic_of(Topics& topics, std::string_view name) {
    if (topics.empty() || topics.back().name != name) topics.emplace_back().name = name;
    return topics.back();
}

// What a group's coordinator says when it, or another, will say something else soon.
bool is_passing(ErrorCode error) {
    return error == ErrorCode::not_coordinator || error == ErrorCode::coordinator_not_available ||
           error == ErrorCode::coordinator_load_in_progress ||
           error == ErrorCode::unstable_offset_commit;
}

// The first such error of a partition.
template <typename Topics>
ErrorCode passing_error(const Topics& topics) {
    for (const auto& topic : topics)
        for (const auto& partition : topic.partitions)
            if (const ErrorCode error = error_code_from_wire(partition.error_code);
                is_passing(error))
                return error;
    return ErrorCode::none;
}

// What the coordinator said of each partition that it was asked about.
template <typename Partitions, typename Topics>
std::map<TopicPartition, Error> partition_errors(const Partitions& asked, const Topics& topics) {
    std::map<TopicPartition, Error> errors;
    for (const TopicPartition& tp : asked)
        errors[tp] = {ErrorCode::corrupt_message,
                      "the coordinator did not answer for " + tp.to_string()};
    for (const auto& topic : topics)
        for (const auto& partition : topic.partitions)
            errors[{std::string(topic.name), partition.partition_index}] =
                to_error(partition.error_code, std::nullopt);
    return errors;
}

// Whether a request does no harm when it is carried out twice.
enum class Repeat : std::uint8_t { harmless, harmful };

// One request to a group's coordinator; again when that has moved.
template <typename Response, typename Request, typename ErrorOf>
Task<Result<Reply<Response>>> call_coordinator(Cluster& cluster, std::string group,
                                               const Request& request, MonoTime deadline,
                                               std::int16_t version_max, ErrorOf error_of,
                                               Repeat repeat = Repeat::harmless) {
    Backoff backoff = cluster.new_backoff();
    for (;;) {
        ASSIGN_OR_CO_RETURN(const ConnectionPtr connection,
                            co_await cluster.coordinator(group, deadline));
        Result<Reply<Response>> reply = co_await connection->template call<Response>(
            request, cluster.request_deadline(deadline), version_max);
        ErrorCode error = ErrorCode::none;
        if (reply) {
            error = error_of(reply->body);
            if (!is_passing(error)) co_return reply;
        } else if (!is_network_error(reply.error().code) || repeat == Repeat::harmful) {
            co_return reply;
        }
        cluster.forget_coordinator(group);
        const bool again = co_await cluster.pause(backoff, deadline);
        if (again) continue;
        if (!reply) co_return reply;
        co_return fail(error, "group " + group + ": " + std::string(error_name(error)));
    }
}

std::vector<TopicPartition> assigned_partitions(wire::Bytes assignment) {
    std::vector<TopicPartition> partitions;
    if (assignment.empty()) return partitions;
    wire::Reader r(assignment);
    const auto decoded = wire::read_versioned<wire::ConsumerProtocolAssignment>(r, true);
    if (!r.ok()) return partitions;  // A client wrote it: it may be anything.
    for (const auto& topic : decoded.assigned_partitions)
        for (const std::int32_t partition : topic.partitions)
            partitions.push_back({std::string(topic.topic), partition});
    std::ranges::sort(partitions);
    return partitions;
}

}  // namespace

// --- topics

Task<Result<std::vector<TopicOutcome>>> create_topics(Cluster& cluster,
                                                      std::vector<NewTopic> topics,
                                                      bool validate_only, MonoTime deadline) {
    wire::CreateTopicsRequest request;
    for (const NewTopic& topic : topics) {
        auto& creatable = request.topics.emplace_back();
        creatable.name = topic.name;
        creatable.num_partitions = topic.partitions;
        creatable.replication_factor = topic.replicas;
        for (std::size_t i = 0; i < topic.assignment.size(); ++i) {
            auto& assigned = creatable.assignments.emplace_back();
            assigned.partition_index = static_cast<std::int32_t>(i);
            assigned.broker_ids = topic.assignment[i];
        }
        for (const auto& [name, value] : topic.configs) {
            auto& config = creatable.configs.emplace_back();
            config.name = name;
            config.value = value;
        }
    }
    request.timeout_ms = timeout_ms(cluster, deadline);
    request.validate_only = validate_only;
    ASSIGN_OR_CO_RETURN(const auto reply,
                        co_await call_once<wire::CreateTopicsResponse>(cluster, request, deadline));
    std::vector<TopicOutcome> outcomes;
    for (const auto& topic : reply.body.topics)
        outcomes.push_back({std::string(topic.name),
                            to_error(topic.error_code, topic.error_message), topic.topic_id,
                            topic.num_partitions, topic.replication_factor});
    co_return outcomes;
}

Task<Result<std::vector<TopicOutcome>>> delete_topics(Cluster& cluster,
                                                      std::vector<std::string> names,
                                                      MonoTime deadline) {
    wire::DeleteTopicsRequest request;
    // Version 6 replaces the names by names or ids; we have names.
    constexpr std::int16_t kByNameVersion = 5;
    for (const std::string& name : names)
        request.topic_names.emplace_back(name);
    request.timeout_ms = timeout_ms(cluster, deadline);
    ASSIGN_OR_CO_RETURN(const auto reply, co_await call_once<wire::DeleteTopicsResponse>(
                                              cluster, request, deadline, kByNameVersion));
    std::vector<TopicOutcome> outcomes;
    for (const auto& topic : reply.body.responses) {
        TopicOutcome& outcome = outcomes.emplace_back();
        outcome.name = std::string(topic.name.value_or(""));
        outcome.error = to_error(topic.error_code, topic.error_message);
    }
    co_return outcomes;
}

Task<Result<std::vector<TopicOutcome>>> create_partitions(
    Cluster& cluster, std::vector<std::pair<std::string, std::int32_t>> counts, bool validate_only,
    MonoTime deadline, NewReplicas replicas) {
    wire::CreatePartitionsRequest request;
    for (const auto& [name, count] : counts) {
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.count = count;
        topic.assignments.reset();  // Null: wherever the controller finds best.
        for (const std::vector<std::int32_t>& brokers : replicas[name]) {
            if (!topic.assignments) topic.assignments.emplace();
            topic.assignments->emplace_back().broker_ids = brokers;
        }
    }
    request.timeout_ms = timeout_ms(cluster, deadline);
    request.validate_only = validate_only;
    ASSIGN_OR_CO_RETURN(const auto reply, co_await call_once<wire::CreatePartitionsResponse>(
                                              cluster, request, deadline));
    std::vector<TopicOutcome> outcomes;
    for (const auto& topic : reply.body.results) {
        TopicOutcome& outcome = outcomes.emplace_back();
        outcome.name = std::string(topic.name);
        outcome.error = to_error(topic.error_code, topic.error_message);
        for (const auto& [name, count] : counts)
            if (outcome.ok() && name == outcome.name) outcome.partitions = count;
    }
    co_return outcomes;
}

Task<Result<std::map<std::string, TopicReplicas>>> describe_replicas(
    Cluster& cluster, std::vector<std::string> topics, std::int32_t page, MonoTime deadline) {
    std::map<std::string, TopicReplicas> described;
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await cluster.any(deadline));
    if (!connection->version<wire::DescribeTopicPartitionsRequest>()) co_return described;
    wire::DescribeTopicPartitionsRequest request;
    for (const std::string& name : topics)
        request.topics.emplace_back().name = name;
    std::ranges::sort(request.topics, {}, [](const auto& topic) { return topic.name; });
    request.response_partition_limit = page;
    std::string from_topic;
    for (;;) {
        ASSIGN_OR_CO_RETURN(
            const auto reply,
            co_await cluster.call<wire::DescribeTopicPartitionsResponse>(request, deadline));
        for (const auto& topic : reply.body.topics) {
            if (topic.error_code != 0 || !topic.name) continue;
            TopicReplicas& replicas = described[std::string(*topic.name)];
            for (const auto& partition : topic.partitions)
                replicas[partition.partition_index] = {partition.eligible_leader_replicas,
                                                       partition.last_known_elr};
        }
        if (!reply.body.next_cursor) co_return described;
        // The broker says how to go on; one that goes back would keep us for ever.
        const auto& next = *reply.body.next_cursor;
        const bool advances = !request.cursor || next.topic_name > request.cursor->topic_name ||
                              (next.topic_name == request.cursor->topic_name &&
                               next.partition_index > request.cursor->partition_index);
        if (!advances)
            co_return fail(ErrorCode::corrupt_message,
                           "the broker describes the same partitions again");
        std::string topic_name(next.topic_name);
        const std::int32_t partition_index = next.partition_index;
        from_topic = std::move(topic_name);
        auto& cursor = request.cursor.emplace();
        cursor.topic_name = from_topic;
        cursor.partition_index = partition_index;
        std::erase_if(request.topics,
                      [&](const auto& topic) { return topic.name < std::string_view(from_topic); });
    }
}

// --- configuration

std::string_view config_source_name(ConfigSource source) {
    switch (source) {
        case ConfigSource::topic:
            return "topic";
        case ConfigSource::dynamic_broker:
            return "broker";
        case ConfigSource::dynamic_default_broker:
            return "cluster";
        case ConfigSource::static_broker:
            return "file";
        case ConfigSource::default_value:
            return "default";
        case ConfigSource::dynamic_broker_logger:
            return "logger";
        case ConfigSource::client_metrics:
            return "subscription";
        case ConfigSource::group:
            return "group";
        case ConfigSource::unknown:
            break;
    }
    return "unknown";
}

namespace {

ConfigSource config_source(std::int8_t number) {
    return number >= 1 && number <= 8 ? static_cast<ConfigSource>(number) : ConfigSource::unknown;
}

// Which broker must be asked about a resource; nothing when any will do.
std::optional<NodeId> home_of(ConfigResource resource, std::string_view name) {
    if (resource != ConfigResource::broker && resource != ConfigResource::broker_logger)
        return std::nullopt;
    std::int32_t id = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    // Another name is no broker's: any broker says so.
    if (error != std::errc() || end != name.data() + name.size() || name.empty())
        return std::nullopt;
    return NodeId{id};
}

// Asks that broker, or any.
template <typename Response, typename Request>
Task<Result<Reply<Response>>> call_home(Cluster& cluster, std::optional<NodeId> home,
                                        const Request& request, MonoTime deadline) {
    if (!home) co_return co_await cluster.call<Response>(request, deadline);
    if (!cluster.nodes().contains(*home)) {
        const std::vector<std::string> no_topics;
        CO_RETURN_IF_ERROR(co_await cluster.refresh(no_topics, deadline));
    }
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await cluster.node(*home, deadline));
    co_return co_await connection->template call<Response>(request,
                                                           cluster.request_deadline(deadline));
}

}  // namespace

namespace {

std::vector<ConfigEntry> config_entries(
    const wire::DescribeConfigsResponse::DescribeConfigsResult& result) {
    std::vector<ConfigEntry> entries;
    for (const auto& config : result.configs) {
        ConfigEntry& entry = entries.emplace_back();
        entry.name = std::string(config.name);
        if (config.value) entry.value = std::string(*config.value);
        entry.source = config_source(config.config_source);
        entry.is_read_only = config.read_only;
        entry.is_sensitive = config.is_sensitive;
        for (const auto& synonym : config.synonyms) {
            ConfigSynonym& place = entry.synonyms.emplace_back();
            place.name = std::string(synonym.name);
            if (synonym.value) place.value = std::string(*synonym.value);
            place.source = config_source(synonym.source);
        }
    }
    std::ranges::sort(entries, {}, &ConfigEntry::name);
    return entries;
}

}  // namespace

Task<Result<std::vector<ConfigEntry>>> describe_config(Cluster& cluster, ConfigResource resource,
                                                       std::string name, MonoTime deadline) {
    wire::DescribeConfigsRequest request;
    auto& asked = request.resources.emplace_back();
    asked.resource_type = static_cast<std::int8_t>(resource);
    asked.resource_name = name;
    asked.configuration_keys.reset();  // Null: all of them.
    request.include_synonyms = true;
    const std::optional<NodeId> home = home_of(resource, name);
    ASSIGN_OR_CO_RETURN(const auto reply, co_await call_home<wire::DescribeConfigsResponse>(
                                              cluster, home, request, deadline));
    if (reply.body.results.size() != 1)
        co_return fail(
            ErrorCode::corrupt_message,
            "one configuration asked for, " + std::to_string(reply.body.results.size()) + " came");
    const auto& result = reply.body.results.front();
    Error error = to_error(result.error_code, result.error_message);
    if (error.code != ErrorCode::none) co_return std::unexpected(std::move(error));
    co_return config_entries(result);
}

Task<Result<std::map<std::string, Result<std::vector<ConfigEntry>>>>> describe_topic_configs(
    Cluster& cluster, std::vector<std::string> names, MonoTime deadline) {
    wire::DescribeConfigsRequest request;
    for (const std::string& name : names) {
        auto& asked = request.resources.emplace_back();
        asked.resource_type = static_cast<std::int8_t>(ConfigResource::topic);
        asked.resource_name = name;
        asked.configuration_keys.reset();  // Null: all of them.
    }
    ASSIGN_OR_CO_RETURN(const auto reply,
                        co_await cluster.call<wire::DescribeConfigsResponse>(request, deadline));
    std::map<std::string, Result<std::vector<ConfigEntry>>> described;
    for (const auto& result : reply.body.results) {
        auto& configs = described[std::string(result.resource_name)];
        Error error = to_error(result.error_code, result.error_message);
        if (error.code == ErrorCode::none) {
            configs = config_entries(result);
        } else {
            configs = std::unexpected(std::move(error));
        }
    }
    co_return described;
}

Task<Result<std::vector<std::string>>> list_config_resources(Cluster& cluster,
                                                             ConfigResource resource,
                                                             MonoTime deadline) {
    wire::ListConfigResourcesRequest request;
    request.resource_types.push_back(static_cast<std::int8_t>(resource));
    ASSIGN_OR_CO_RETURN(const auto reply, co_await cluster.call<wire::ListConfigResourcesResponse>(
                                              request, deadline));
    Error error = to_error(reply.body.error_code, std::nullopt);
    if (error.code != ErrorCode::none) co_return std::unexpected(std::move(error));
    std::vector<std::string> names;
    for (const auto& listed : reply.body.config_resources)
        if (listed.resource_type == static_cast<std::int8_t>(resource))
            names.emplace_back(listed.resource_name);
    std::ranges::sort(names);
    co_return names;
}

Task<Result<std::vector<ConfigOutcome>>> alter_configs(Cluster& cluster,
                                                       std::vector<ConfigAlteration> alterations,
                                                       bool validate_only, MonoTime deadline) {
    // What is set for one broker goes to that broker; the rest goes to anybody.
    std::map<std::optional<NodeId>, wire::IncrementalAlterConfigsRequest> requests;
    for (const ConfigAlteration& alteration : alterations) {
        auto& request = requests[home_of(alteration.resource, alteration.name)];
        request.validate_only = validate_only;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = static_cast<std::int8_t>(alteration.resource);
        resource.resource_name = alteration.name;
        for (const ConfigChange& change : alteration.changes) {
            auto& config = resource.configs.emplace_back();
            config.name = change.name;
            config.config_operation = static_cast<std::int8_t>(change.operation);
            if (change.value) {
                config.value = *change.value;
            } else {
                config.value.reset();
            }
        }
    }
    std::vector<ConfigOutcome> outcomes;
    for (const auto& [home, request] : requests) {
        ASSIGN_OR_CO_RETURN(const auto reply,
                            co_await call_home<wire::IncrementalAlterConfigsResponse>(
                                cluster, home, request, deadline));
        for (const auto& resource : reply.body.responses) {
            ConfigOutcome& outcome = outcomes.emplace_back();
            outcome.resource = static_cast<ConfigResource>(resource.resource_type);
            outcome.name = std::string(resource.resource_name);
            outcome.error = to_error(resource.error_code, resource.error_message);
        }
    }
    co_return outcomes;
}

// --- offsets

namespace {

// What leaders are asked about their partitions, with a number for each.
struct OffsetQuestion {
    using Request = wire::ListOffsetsRequest;
    using Response = wire::ListOffsetsResponse;
    using Found = FoundOffset;

    static void begin(Request& request) { request.replica_id = kNoReplica; }
    static void ask(auto& partition, std::int64_t timestamp) { partition.timestamp = timestamp; }
    static void take(Found& found, const auto& answer) {
        found.offset = answer.offset;
        found.timestamp = answer.timestamp;
        found.leader_epoch = LeaderEpoch{answer.leader_epoch};
    }
};

struct DeletionQuestion {
    using Request = wire::DeleteRecordsRequest;
    using Response = wire::DeleteRecordsResponse;
    using Found = DeletedRecords;

    static void begin(Request&) {}
    static void ask(auto& partition, std::int64_t before) { partition.offset = before; }
    static void take(Found& found, const auto& answer) {
        found.low_watermark = answer.low_watermark;
    }
};

// Asks one leader; fills `found`, and takes out of `open` what is settled.
template <typename Question>
Task<Result<void>> ask_leader(Cluster& cluster, NodeId leader,
                              const std::vector<TopicPartition>& partitions,
                              std::map<TopicPartition, std::int64_t>& open,
                              std::map<TopicPartition, typename Question::Found>& found,
                              MonoTime deadline) {
    typename Question::Request request;
    Question::begin(request);
    request.timeout_ms = timeout_ms(cluster, deadline);
    for (const TopicPartition& tp : partitions) {
        auto& partition = topic_of(request.topics, tp.topic).partitions.emplace_back();
        partition.partition_index = tp.partition;
        Question::ask(partition, open.at(tp));
    }
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await cluster.node(leader, deadline));
    ASSIGN_OR_CO_RETURN(const auto reply,
                        co_await connection->template call<typename Question::Response>(
                            request, cluster.request_deadline(deadline)));
    for (const auto& topic : reply.body.topics) {
        for (const auto& partition : topic.partitions) {
            const TopicPartition tp{std::string(topic.name), partition.partition_index};
            if (!open.contains(tp)) continue;  // Not asked for.
            auto& result = found[tp];
            result.error = to_error(partition.error_code, std::nullopt);
            Question::take(result, partition);
            // Someone else leads by now: it is asked again.
            if (is_retriable(result.error.code)) {
                cluster.distrust(tp.topic);
            } else {
                open.erase(tp);
            }
        }
    }
    co_return Result<void>();
}

// Asks the leaders of all partitions in `open`, again where leaders have moved.
template <typename Question>
Task<Result<std::map<TopicPartition, typename Question::Found>>> ask_leaders(
    Cluster& cluster, std::map<TopicPartition, std::int64_t> open, MonoTime deadline) {
    std::map<TopicPartition, typename Question::Found> found;
    Backoff backoff = cluster.new_backoff();
    while (!open.empty()) {
        // In the order of the map: partitions of a topic stand together.
        std::map<NodeId, std::vector<TopicPartition>> by_leader;
        for (auto at = open.begin(); at != open.end();) {
            const TopicPartition tp = at->first;
            const Result<NodeId> leader = co_await cluster.leader(tp, Unknown::fails, deadline);
            if (leader) {
                by_leader[*leader].push_back(tp);
                ++at;
                continue;
            }
            found[tp].error = leader.error();
            at = open.erase(at);
        }
        std::optional<Error> broken;
        for (const auto& [leader, partitions] : by_leader) {
            const Result<void> asked =
                co_await ask_leader<Question>(cluster, leader, partitions, open, found, deadline);
            if (asked) continue;
            broken = asked.error();
            if (!is_network_error(broken->code) && !is_retriable(broken->code))
                co_return std::unexpected(*broken);
            for (const TopicPartition& tp : partitions) {
                cluster.distrust(tp.topic);
                if (open.contains(tp)) found[tp].error = *broken;
            }
        }
        if (open.empty()) break;
        for (const auto& [tp, timestamp] : open)
            if (!found.contains(tp))
                found[tp].error = {ErrorCode::corrupt_message,
                                   "the leader of " + tp.to_string() + " did not answer for it"};
        const bool again = co_await cluster.pause(backoff, deadline);
        if (!again) break;
    }
    co_return found;
}

}  // namespace

Task<Result<std::map<TopicPartition, FoundOffset>>> list_offsets(
    Cluster& cluster, std::map<TopicPartition, std::int64_t> timestamps, MonoTime deadline) {
    return ask_leaders<OffsetQuestion>(cluster, std::move(timestamps), deadline);
}

Task<Result<std::map<TopicPartition, DeletedRecords>>> delete_records(
    Cluster& cluster, std::map<TopicPartition, std::int64_t> before, MonoTime deadline) {
    return ask_leaders<DeletionQuestion>(cluster, std::move(before), deadline);
}

// --- cluster

Task<Result<ClusterDescription>> describe_cluster(Cluster& cluster, MonoTime deadline) {
    wire::DescribeClusterRequest request;
    request.endpoint_type = kBrokerEndpoints;
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await cluster.any(deadline));
    const Result<std::int16_t> version = connection->version<wire::DescribeClusterRequest>();
    if (!version) co_return std::unexpected(version.error());
    request.include_fenced_brokers = *version >= 2;
    ASSIGN_OR_CO_RETURN(const auto reply, co_await cluster.call<wire::DescribeClusterResponse>(
                                              request, deadline, *version));
    Error error = to_error(reply.body.error_code, reply.body.error_message);
    if (error.code != ErrorCode::none) co_return std::unexpected(std::move(error));
    ClusterDescription description;
    description.cluster_id = std::string(reply.body.cluster_id);
    description.controller = NodeId{reply.body.controller_id};
    for (const auto& broker : reply.body.brokers) {
        ClusterNode& node = description.nodes.emplace_back();
        node.id = NodeId{broker.broker_id};
        node.address = {std::string(broker.host), static_cast<std::uint16_t>(broker.port)};
        if (broker.rack) node.rack = std::string(*broker.rack);
        node.is_fenced = broker.is_fenced;
    }
    std::ranges::sort(description.nodes, {}, &ClusterNode::id);
    co_return description;
}

namespace {

RetentionOutlook retention_of(const wire::DescribeLogDirsResponse::RetentionOutlook& said) {
    RetentionOutlook out;
    out.segment_count = said.segment_count;
    out.first_offset = said.first_offset;
    out.next_offset = said.next_offset;
    out.size_bytes = said.size;
    out.max_timestamp = said.max_timestamp;
    out.is_last = said.is_last;
    // A number that we do not know says nothing.
    if (said.verdict >= 0 && said.verdict <= 3)
        out.verdict = static_cast<RetentionOutlook::Verdict>(said.verdict);
    out.due_ms = said.due_ms;
    out.bytes_left = said.bytes_left;
    return out;
}

CompactionOutlook compaction_of(const wire::DescribeLogDirsResponse::CompactionOutlook& said) {
    CompactionOutlook out;
    out.seen_upto = said.seen_upto;
    out.may_see_upto = said.may_see_upto;
    out.seen_bytes = said.seen_bytes;
    out.dirty_bytes = said.dirty_bytes;
    out.is_wanted = said.is_wanted;
    out.last_round_ms = said.last_round_ms;
    out.next_deletion_ms = said.next_deletion_ms;
    if (said.refused) out.refused = std::string(*said.refused);
    return out;
}

}  // namespace

Task<std::vector<LogDirectory>> describe_log_dirs(Cluster& cluster,
                                                  std::vector<TopicPartition> partitions,
                                                  MonoTime deadline, bool with_retention) {
    wire::DescribeLogDirsRequest request;
    request.include_retention = with_retention;
    request.topics.emplace();  // none, where absence would be all
    std::ranges::sort(partitions);
    for (const TopicPartition& each : partitions) {
        auto& topics = *request.topics;
        if (topics.empty() || topics.back().topic != each.topic)
            topics.emplace_back().topic = each.topic;
        topics.back().partitions.push_back(each.partition);
    }
    std::vector<NodeId> nodes;
    for (const auto& [id, node] : cluster.nodes())
        nodes.push_back(id);
    std::vector<LogDirectory> directories;
    for (const NodeId node : nodes) {
        const auto connection = co_await cluster.node(node, deadline);
        if (!connection || !(*connection)->version<wire::DescribeLogDirsRequest>()) continue;
        const auto reply =
            co_await (*connection)
                ->call<wire::DescribeLogDirsResponse>(request, cluster.request_deadline(deadline));
        if (!reply || reply->body.error_code != 0) continue;
        for (const auto& said : reply->body.results) {
            LogDirectory& directory = directories.emplace_back();
            directory.node = node;
            directory.path = std::string(said.log_dir);
            directory.error = to_error(said.error_code, std::nullopt);
            directory.total_bytes = said.total_bytes;
            directory.usable_bytes = said.usable_bytes;
            for (const auto& topic : said.topics) {
                for (const auto& partition : topic.partitions) {
                    LogDirectory::Replica& replica = directory.replicas.emplace_back();
                    replica.partition = {std::string(topic.name), partition.partition_index};
                    replica.size_bytes = partition.partition_size;
                    replica.is_future = partition.is_future_key;
                    if (partition.retention) replica.retention = retention_of(*partition.retention);
                    if (partition.compaction)
                        replica.compaction = compaction_of(*partition.compaction);
                }
            }
        }
    }
    co_return directories;
}

// --- groups

Task<Result<std::vector<GroupListing>>> list_groups(Cluster& cluster, MonoTime deadline) {
    const std::vector<std::string> no_topics;
    CO_RETURN_IF_ERROR(co_await cluster.refresh(no_topics, deadline));
    std::vector<NodeId> nodes;
    for (const auto& [id, node] : cluster.nodes())
        nodes.push_back(id);
    const wire::ListGroupsRequest request;
    std::vector<GroupListing> listings;
    Backoff backoff = cluster.new_backoff();
    for (std::size_t i = 0; i < nodes.size();) {
        const NodeId node = nodes[i];
        ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await cluster.node(node, deadline));
        ASSIGN_OR_CO_RETURN(const auto reply, co_await connection->call<wire::ListGroupsResponse>(
                                                  request, cluster.request_deadline(deadline)));
        Error error = to_error(reply.body.error_code, std::nullopt);
        if (is_passing(error.code)) {
            const bool again = co_await cluster.pause(backoff, deadline);
            if (again) continue;
        }
        if (error.code != ErrorCode::none) co_return std::unexpected(std::move(error));
        ++i;
        for (const auto& group : reply.body.groups)
            listings.push_back({std::string(group.group_id), std::string(group.protocol_type),
                                std::string(group.group_state), std::string(group.group_type),
                                node});
    }
    std::ranges::sort(listings, {}, &GroupListing::group);
    co_return listings;
}

Task<Result<GroupDescription>> describe_group(Cluster& cluster, std::string group,
                                              MonoTime deadline) {
    wire::DescribeGroupsRequest request;
    request.groups.emplace_back(group);
    const auto error_of = [](const wire::DescribeGroupsResponse& response) {
        return response.groups.empty() ? ErrorCode::none
                                       : error_code_from_wire(response.groups.front().error_code);
    };
    ASSIGN_OR_CO_RETURN(const auto reply, co_await call_coordinator<wire::DescribeGroupsResponse>(
                                              cluster, group, request, deadline,
                                              wire::DescribeGroupsRequest::kMaxVersion, error_of));
    if (reply.body.groups.size() != 1)
        co_return fail(
            ErrorCode::corrupt_message,
            "one group asked for, " + std::to_string(reply.body.groups.size()) + " came");
    const auto& described = reply.body.groups.front();
    GroupDescription description;
    description.group = group;
    Error error = to_error(described.error_code, described.error_message);
    // Before version 6 a group that does not exist is a dead one.
    if (error.code == ErrorCode::none && described.group_state == "Dead")
        error = {ErrorCode::group_id_not_found, "there is no such group"};
    if (error.code != ErrorCode::none) co_return std::unexpected(std::move(error));
    if (const NodeInfo* node = cluster.known_coordinator(group)) description.coordinator = node->id;
    description.state = std::string(described.group_state);
    description.protocol_type = std::string(described.protocol_type);
    description.protocol = std::string(described.protocol_data);
    for (const auto& member : described.members) {
        MemberDescription& out = description.members.emplace_back();
        out.member_id = std::string(member.member_id);
        if (member.group_instance_id) out.instance_id = std::string(*member.group_instance_id);
        out.client_id = std::string(member.client_id);
        out.client_host = std::string(member.client_host);
        if (description.protocol_type == "consumer")
            out.assignment = assigned_partitions(member.member_assignment);
    }
    std::ranges::sort(description.members, {}, &MemberDescription::member_id);
    co_return description;
}

Task<Result<std::map<TopicPartition, CommittedOffset>>> fetch_offsets(
    Cluster& cluster, std::string group, std::optional<std::vector<TopicPartition>> partitions,
    MonoTime deadline) {
    wire::OffsetFetchRequest request;
    // Later versions ask for several groups, and by topic id from 10 on.
    constexpr std::int16_t kSingleGroupVersion = 7;
    request.group_id = group;
    request.require_stable = true;
    if (partitions) {
        std::ranges::sort(*partitions);
        auto& topics = request.topics.emplace();
        for (const TopicPartition& tp : *partitions)
            topic_of(topics, tp.topic).partition_indexes.push_back(tp.partition);
    } else {
        request.topics.reset();  // Null: all of them.
    }
    const auto error_of = [](const wire::OffsetFetchResponse& response) {
        const ErrorCode whole = error_code_from_wire(response.error_code);
        return whole != ErrorCode::none ? whole : passing_error(response.topics);
    };
    ASSIGN_OR_CO_RETURN(const auto reply,
                        co_await call_coordinator<wire::OffsetFetchResponse>(
                            cluster, group, request, deadline, kSingleGroupVersion, error_of));
    Error error = to_error(reply.body.error_code, std::nullopt);
    if (error.code != ErrorCode::none) co_return std::unexpected(std::move(error));
    std::map<TopicPartition, CommittedOffset> offsets;
    for (const auto& topic : reply.body.topics) {
        for (const auto& partition : topic.partitions) {
            CommittedOffset& offset = offsets[{std::string(topic.name), partition.partition_index}];
            offset.error = to_error(partition.error_code, std::nullopt);
            offset.offset = partition.committed_offset;
            offset.leader_epoch = LeaderEpoch{partition.committed_leader_epoch};
            offset.metadata = std::string(partition.metadata.value_or(""));
        }
    }
    if (partitions)
        for (const TopicPartition& tp : *partitions)
            offsets.try_emplace(tp);
    co_return offsets;
}

Task<Result<std::vector<GroupOutcome>>> delete_groups(Cluster& cluster,
                                                      std::vector<std::string> groups,
                                                      MonoTime deadline) {
    std::vector<GroupOutcome> outcomes;
    const auto error_of = [](const wire::DeleteGroupsResponse& response) {
        return response.results.empty() ? ErrorCode::none
                                        : error_code_from_wire(response.results.front().error_code);
    };
    // One at a time: groups of different coordinators cannot be named together.
    for (const std::string& group : groups) {
        wire::DeleteGroupsRequest request;
        request.groups_names.emplace_back(group);
        auto reply = co_await call_coordinator<wire::DeleteGroupsResponse>(
            cluster, group, request, deadline, wire::DeleteGroupsRequest::kMaxVersion, error_of,
            Repeat::harmful);
        GroupOutcome& outcome = outcomes.emplace_back();
        outcome.group = group;
        if (!reply) {
            outcome.error = std::move(reply).error();
        } else if (reply->body.results.size() != 1) {
            outcome.error = {ErrorCode::corrupt_message,
                             "one group to delete, " + std::to_string(reply->body.results.size()) +
                                 " answers came"};
        } else {
            const auto& result = reply->body.results.front();
            outcome.error = to_error(result.error_code, result.error_message);
        }
    }
    co_return outcomes;
}

Task<Result<std::map<TopicPartition, Error>>> commit_offsets(
    Cluster& cluster, std::string group, std::map<TopicPartition, std::int64_t> offsets,
    MonoTime deadline) {
    wire::OffsetCommitRequest request;
    // Version 10 goes by topic id.
    constexpr std::int16_t kByNameVersion = 9;
    request.group_id = group;
    // Nobody's commit: the values that are there by default name no member and no generation.
    for (const auto& [tp, offset] : offsets) {
        auto& partition = topic_of(request.topics, tp.topic).partitions.emplace_back();
        partition.partition_index = tp.partition;
        partition.committed_offset = offset;
        partition.committed_metadata = std::string_view();
    }
    const auto error_of = [](const wire::OffsetCommitResponse& response) {
        return passing_error(response.topics);
    };
    ASSIGN_OR_CO_RETURN(const auto reply,
                        co_await call_coordinator<wire::OffsetCommitResponse>(
                            cluster, group, request, deadline, kByNameVersion, error_of));
    co_return partition_errors(std::views::keys(offsets), reply.body.topics);
}

Task<Result<std::map<TopicPartition, Error>>> delete_offsets(Cluster& cluster, std::string group,
                                                             std::vector<TopicPartition> partitions,
                                                             MonoTime deadline) {
    wire::OffsetDeleteRequest request;
    request.group_id = group;
    std::ranges::sort(partitions);
    for (const TopicPartition& tp : partitions)
        topic_of(request.topics, tp.topic).partitions.emplace_back().partition_index = tp.partition;
    const auto error_of = [](const wire::OffsetDeleteResponse& response) {
        return error_code_from_wire(response.error_code);
    };
    ASSIGN_OR_CO_RETURN(const auto reply, co_await call_coordinator<wire::OffsetDeleteResponse>(
                                              cluster, group, request, deadline,
                                              wire::OffsetDeleteRequest::kMaxVersion, error_of));
    Error error = to_error(reply.body.error_code, std::nullopt);
    if (error.code != ErrorCode::none) co_return std::unexpected(std::move(error));
    co_return partition_errors(partitions, reply.body.topics);
}

}  // namespace cauce::client
