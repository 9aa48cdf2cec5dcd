#include "client/cluster.h"

#include "wire/messages/find_coordinator_request.h"
#include "wire/messages/find_coordinator_response.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/metadata_response.h"

#include <algorithm>
#include <limits>

namespace cauce::client {
namespace {

constexpr std::int8_t kGroupCoordinator = 0;
constexpr std::size_t kBootstrapErrorsShown = 3;

bool has_port(std::int32_t port) {
    return port > 0 && port <= std::numeric_limits<std::uint16_t>::max();
}

NodeInfo to_node(std::int32_t id, std::string_view host, std::int32_t port,
                 std::optional<std::string_view> rack) {
    NodeInfo node{NodeId{id}, {std::string(host), static_cast<std::uint16_t>(port)}, {}};
    if (rack) node.rack = std::string(*rack);
    return node;
}

}  // namespace

bool is_stale_metadata(ErrorCode code) {
    switch (code) {
        case ErrorCode::unknown_topic_or_partition:
        case ErrorCode::leader_not_available:
        case ErrorCode::not_leader_or_follower:
        case ErrorCode::replica_not_available:
        case ErrorCode::fenced_leader_epoch:
        case ErrorCode::unknown_leader_epoch:
        case ErrorCode::unknown_topic_id:
        case ErrorCode::inconsistent_topic_id:
        case ErrorCode::kafka_storage_error:
        case ErrorCode::listener_not_found:
        case ErrorCode::offset_not_available:
            return true;
        default:
            return false;
    }
}

bool is_network_error(ErrorCode code) {
    return code == ErrorCode::network_exception || code == ErrorCode::request_timed_out;
}

const PartitionInfo* TopicInfo::partition(std::int32_t number) const {
    const auto index = static_cast<std::size_t>(number);
    return number >= 0 && index < partitions.size() ? &partitions[index] : nullptr;
}

Cluster::Cluster(runtime::Net& net, runtime::Shards& shards, ClusterOptions options, Logger log)
    : net_(net),
      shards_(shards),
      options_(std::move(options)),
      log_(std::move(log)),
      tasks_(shards.ready()) {}

Cluster::~Cluster() = default;

void Cluster::abort() {
    stop_.request();
    for (const auto& [place, connection] : connections_)
        connection->close();
}

runtime::Task<void> Cluster::close() {
    abort();
    co_await tasks_.join();
    connections_.clear();
}

MonoTime Cluster::request_deadline(MonoTime deadline) const {
    return std::min(deadline, now() + options_.request_timeout);
}

runtime::Task<bool> Cluster::pause(Backoff& backoff, MonoTime deadline) {
    const MonoTime until = now() + backoff.next(shards_.random());
    if (until >= deadline || aborted()) co_return false;
    co_return co_await shards_.sleep_until(until, stop_);
}

// --- connections

runtime::Task<void> Cluster::run_opening(Place place, std::shared_ptr<Opening> opening,
                                         MonoTime deadline) {
    ConnectionOptions options;
    options.client_id = options_.client_id;
    opening->result =
        co_await Connection::open(net_, shards_, tasks_, place.first, std::move(options), deadline);
    openings_.erase(place);
    if (opening->result) {
        const ConnectionPtr& connection = *opening->result;
        if (aborted()) connection->close();
        connections_[place] = connection;
        ever_connected_ = true;
        if (log_.enabled(LogLevel::debug)) log_.debug("connected to " + place.first.to_string());
    } else if (log_.enabled(LogLevel::debug)) {
        log_.debug("no connection to " + place.first.to_string() + ": " +
                   opening->result.error().message);
    }
    opening->done.set();
}

runtime::Task<Result<ConnectionPtr>> Cluster::open(Place place, MonoTime deadline) {
    if (aborted()) co_return fail(ErrorCode::network_exception, "interrupted");
    const auto found = connections_.find(place);
    if (found != connections_.end()) {
        if (found->second->is_open()) co_return found->second;
        connections_.erase(found);
    }
    std::shared_ptr<Opening>& under_way = openings_[place];
    if (!under_way) {
        under_way = std::make_shared<Opening>();
        const MonoTime until = std::min(deadline, now() + options_.connect_timeout);
        tasks_.spawn(run_opening(place, under_way, until));
    }
    const std::shared_ptr<Opening> opening = under_way;
    // The attempt goes on when this caller gives up: the next one finds it.
    const runtime::Stop::Callback on_stop(stop_, [opening] { opening->done.set(); });
    const bool done = co_await opening->done.wait_until(shards_.timers(), deadline);
    if (aborted()) co_return fail(ErrorCode::network_exception, "interrupted");
    if (!done)
        co_return fail(ErrorCode::request_timed_out,
                       "no connection to " + place.first.to_string() + " in time");
    co_return opening->result;
}

runtime::Task<Result<ConnectionPtr>> Cluster::any(MonoTime deadline) {
    for (const auto& [place, connection] : connections_)
        if (place.second.empty() && connection->is_open()) co_return connection;
    Backoff backoff = new_backoff();
    const MonoTime since = now();
    for (;;) {
        // The bootstrap list first: it is what the user named, and what stays right after a restart
        // of everything.
        std::vector<runtime::Address> candidates = options_.bootstrap;
        for (const auto& [id, info] : nodes_)
            if (std::ranges::find(candidates, info.address) == candidates.end())
                candidates.push_back(info.address);
        std::string errors;
        std::size_t shown = 0;
        for (const auto& address : candidates) {
            Place place(address, std::string());
            Result<ConnectionPtr> connection = co_await open(std::move(place), deadline);
            if (connection) co_return connection;
            if (aborted()) co_return connection;
            // What speaks, but not this protocol or not to us, will not change its mind.
            if (!is_network_error(connection.error().code)) co_return connection;
            if (shown++ < kBootstrapErrorsShown)
                errors += (errors.empty() ? "" : "; ") + connection.error().message;
        }
        const bool patient = ever_connected_ || now() - since < options_.bootstrap_patience;
        const bool again = patient && co_await pause(backoff, deadline);
        if (!again) co_return fail(ErrorCode::broker_not_available, errors);
    }
}

runtime::Task<Result<ConnectionPtr>> Cluster::node(NodeId id, MonoTime deadline) {
    auto found = nodes_.find(id);
    if (found == nodes_.end()) {
        const std::vector<std::string> no_topics;
        CO_RETURN_IF_ERROR(co_await refresh(no_topics, deadline));
        found = nodes_.find(id);
    }
    if (found == nodes_.end())
        co_return fail(ErrorCode::broker_not_available,
                       "node " + std::to_string(id.value) + " is not among the cluster's nodes");
    Place place(found->second.address, std::string());
    co_return co_await open(std::move(place), deadline);
}

runtime::Task<Result<ConnectionPtr>> Cluster::coordinator(std::string key, MonoTime deadline) {
    Backoff backoff = new_backoff();
    for (;;) {
        const auto known = coordinators_.find(key);
        if (known != coordinators_.end()) {
            Place place(known->second.address, key);
            Result<ConnectionPtr> connection = co_await open(std::move(place), deadline);
            if (connection) co_return connection;
            coordinators_.erase(key);
            const bool again = co_await pause(backoff, deadline);
            if (!again) co_return connection;
            continue;
        }
        wire::FindCoordinatorRequest request;
        // Versions 4 and later ask for several keys; 3 says the same for one.
        constexpr std::int16_t kSingleKeyVersion = 3;
        request.key = key;
        request.key_type = kGroupCoordinator;
        auto reply =
            co_await call<wire::FindCoordinatorResponse>(request, deadline, kSingleKeyVersion);
        if (!reply) co_return std::unexpected(reply.error());
        const auto& body = reply->body;
        const ErrorCode error = error_code_from_wire(body.error_code);
        if (error == ErrorCode::none && has_port(body.port)) {
            coordinators_[key] = to_node(body.node_id, body.host, body.port, std::nullopt);
            continue;
        }
        const std::string text(body.error_message.value_or(error_name(error)));
        const bool again = is_retriable(error) && co_await pause(backoff, deadline);
        if (!again)
            co_return fail(error == ErrorCode::none ? ErrorCode::coordinator_not_available : error,
                           "group " + key + " has no coordinator: " + text);
    }
}

void Cluster::forget_coordinator(const std::string& group) {
    coordinators_.erase(group);
}

const NodeInfo* Cluster::known_coordinator(const std::string& group) const {
    const auto found = coordinators_.find(group);
    return found == coordinators_.end() ? nullptr : &found->second;
}

// --- metadata

runtime::Task<Result<void>> Cluster::refresh(std::vector<std::string> topics, MonoTime deadline) {
    co_return co_await fetch_metadata(std::move(topics), deadline);
}

runtime::Task<Result<void>> Cluster::refresh_all(MonoTime deadline) {
    co_return co_await fetch_metadata(std::nullopt, deadline);
}

runtime::Task<Result<void>> Cluster::fetch_metadata(std::optional<std::vector<std::string>> names,
                                                    MonoTime deadline) {
    wire::MetadataRequest request;
    request.topics.reset();  // Null: all of them.
    if (names) {
        auto& topics = request.topics.emplace();
        for (const std::string& name : *names)
            topics.emplace_back().name = std::string_view(name);
    }
    request.allow_auto_topic_creation = options_.allow_auto_create_topics;
    auto reply = co_await call<wire::MetadataResponse>(request, deadline);
    if (!reply) co_return std::unexpected(reply.error());
    const wire::MetadataResponse& body = reply->body;
    const ErrorCode error = error_code_from_wire(body.error_code);
    if (error != ErrorCode::none)
        co_return fail(error, "metadata was refused: " + std::string(error_name(error)));

    if (body.cluster_id) cluster_id_ = *body.cluster_id;
    controller_ = NodeId{body.controller_id};
    nodes_.clear();
    for (const auto& broker : body.brokers)
        if (has_port(broker.port))
            nodes_[NodeId{broker.node_id}] =
                to_node(broker.node_id, broker.host, broker.port, broker.rack);
    if (!names) topics_.clear();
    for (const auto& received : body.topics) {
        if (!received.name) continue;
        TopicInfo topic;
        topic.name = std::string(*received.name);
        topic.id = received.topic_id;
        topic.is_internal = received.is_internal;
        topic.error = error_code_from_wire(received.error_code);
        const auto old = topics_.find(topic.name);
        const TopicInfo* known =
            old != topics_.end() && old->second.id == topic.id ? &old->second : nullptr;
        std::vector<PartitionInfo> partitions;
        for (const auto& p : received.partitions) {
            PartitionInfo partition{p.partition_index,   error_code_from_wire(p.error_code),
                                    NodeId{p.leader_id}, LeaderEpoch{p.leader_epoch},
                                    p.replica_nodes,     p.isr_nodes,
                                    p.offline_replicas};
            // A node may answer with older metadata than we had from another.
            const PartitionInfo* before = known ? known->partition(p.partition_index) : nullptr;
            if (before && p.leader_epoch >= 0 && before->leader_epoch > partition.leader_epoch) {
                partition.leader = before->leader;
                partition.leader_epoch = before->leader_epoch;
            }
            partitions.push_back(std::move(partition));
        }
        std::ranges::sort(partitions, {}, &PartitionInfo::partition);
        for (std::size_t i = 0; i < partitions.size(); ++i)
            if (partitions[i].partition != static_cast<std::int32_t>(i))
                co_return fail(ErrorCode::corrupt_message,
                               "metadata of " + topic.name + " has holes in its partitions");
        topic.partitions = std::move(partitions);
        if (!topic.id.is_zero()) topic_names_[topic.id] = topic.name;
        fetched_[topic.name] = now();
        topics_[topic.name] = std::move(topic);
    }
    co_return Result<void>();
}

bool Cluster::is_fresh(const std::string& topic) const {
    const auto found = fetched_.find(topic);
    return found != fetched_.end() && now() - found->second < options_.metadata_age_max;
}

const TopicInfo* Cluster::topic(const std::string& name) const {
    const auto found = topics_.find(name);
    return found == topics_.end() ? nullptr : &found->second;
}

const std::string* Cluster::topic_name(const TopicId& id) const {
    const auto found = topic_names_.find(id);
    return found == topic_names_.end() ? nullptr : &found->second;
}

std::optional<NodeId> Cluster::known_leader(const TopicPartition& partition) const {
    if (!is_fresh(partition.topic)) return std::nullopt;
    const TopicInfo* found = topic(partition.topic);
    const PartitionInfo* info = found ? found->partition(partition.partition) : nullptr;
    if (!info || info->leader.value < 0) return std::nullopt;
    return info->leader;
}

void Cluster::distrust(const std::string& topic) {
    fetched_.erase(topic);
}

void Cluster::learn_node(NodeInfo node) {
    const NodeId id = node.id;
    nodes_[id] = std::move(node);
}

void Cluster::learn_leader(const TopicPartition& partition, NodeId leader, LeaderEpoch epoch) {
    const auto found = topics_.find(partition.topic);
    if (found == topics_.end() || !found->second.partition(partition.partition)) return;
    PartitionInfo& info = found->second.partitions[static_cast<std::size_t>(partition.partition)];
    if (epoch > info.leader_epoch) {
        info.leader = leader;
        info.leader_epoch = epoch;
    }
}

runtime::Task<Result<const TopicInfo*>> Cluster::find_topic(std::string name, Unknown unknown,
                                                            MonoTime deadline) {
    Backoff backoff = new_backoff();
    for (;;) {
        if (!is_fresh(name)) {
            std::vector<std::string> names{name};
            CO_RETURN_IF_ERROR(co_await refresh(std::move(names), deadline));
        }
        const TopicInfo* found = topic(name);
        const ErrorCode error = found ? found->error : ErrorCode::unknown_topic_or_partition;
        if (error == ErrorCode::none && !found->partitions.empty()) co_return found;
        distrust(name);
        const bool may_come = error == ErrorCode::unknown_topic_or_partition
                                  ? unknown == Unknown::waits
                                  : is_retriable(error) || error == ErrorCode::none;
        const bool again = may_come && co_await pause(backoff, deadline);
        if (!again)
            co_return fail(error == ErrorCode::none ? ErrorCode::leader_not_available : error,
                           "topic " + name + ": " + std::string(error_name(error)));
    }
}

runtime::Task<Result<NodeId>> Cluster::leader(TopicPartition partition, Unknown unknown,
                                              MonoTime deadline) {
    Backoff backoff = new_backoff();
    for (;;) {
        ASSIGN_OR_CO_RETURN(const TopicInfo* found,
                            co_await find_topic(partition.topic, unknown, deadline));
        const PartitionInfo* info = found->partition(partition.partition);
        if (!info)
            co_return fail(ErrorCode::unknown_topic_or_partition,
                           "topic " + partition.topic + " has " +
                               std::to_string(found->partitions.size()) +
                               " partitions, numbered from 0; there is no partition " +
                               std::to_string(partition.partition));
        if (info->leader.value >= 0) co_return info->leader;
        distrust(partition.topic);
        const bool again = co_await pause(backoff, deadline);
        if (!again)
            co_return fail(ErrorCode::leader_not_available,
                           "partition " + partition.to_string() + " has no leader");
    }
}

}  // namespace cauce::client
