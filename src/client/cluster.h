// Cluster: a client's view of a cluster: connections to its nodes, made when they are needed, and
// what Metadata says about topics and their leaders. Producer, consumer and admin calls share one.
//
// One shard. close() before destruction. Every call has a deadline and tries again until then when
// trying again can help: another address, a new connection, fresh metadata.
#pragma once

#include "base/error_code.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "client/backoff.h"
#include "client/connection.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "runtime/task_group.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cauce::client {

struct ClusterOptions {
    std::vector<runtime::Address> bootstrap;
    std::string client_id = "cauce";
    Duration connect_timeout = seconds(10);
    Duration request_timeout = seconds(30);
    // How long a cluster of which no node has answered yet is tried again; after that it is not
    // there.
    Duration bootstrap_patience = Duration::max();
    Duration retry_backoff = milliseconds(100);
    Duration retry_backoff_max = seconds(1);
    // Metadata older than this is asked for again before it is used.
    Duration metadata_age_max = seconds(300);
    // Whether asking about a topic may make it.
    bool allow_auto_create_topics = false;
};

struct PartitionInfo {
    std::int32_t partition = 0;
    ErrorCode error = ErrorCode::none;
    NodeId leader;  // -1: there is none
    LeaderEpoch leader_epoch;
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> isr;
    std::vector<std::int32_t> offline;
};

struct TopicInfo {
    std::string name;
    TopicId id;  // zero when the broker knows no ids
    bool is_internal = false;
    ErrorCode error = ErrorCode::none;
    std::vector<PartitionInfo> partitions;  // by number: partitions[i].partition == i

    const PartitionInfo* partition(std::int32_t number) const;
};

struct NodeInfo {
    NodeId id;
    runtime::Address address;
    std::optional<std::string> rack;
};

// What to do about a topic that the cluster does not know (yet).
enum class Unknown : std::uint8_t {
    fails,  // it is an error
    waits,  // it may come: ask again until the deadline
};

class Cluster {
public:
    // `net` and `shards` must outlive it.
    Cluster(runtime::Net& net, runtime::Shards& shards, ClusterOptions options, Logger log = {});
    ~Cluster();

    // Ends every connection and waits for what runs. Nothing may be asked afterwards.
    runtime::Task<void> close();
    // Without waiting: everything that is under way fails. close() is still needed.
    void abort();

    // --- connections

    // To any node: one that is open, else the first that answers of those known and the bootstrap
    // list.
    runtime::Task<Result<ConnectionPtr>> any(MonoTime deadline);
    // To a node of the cluster. broker_not_available when metadata does not know it.
    runtime::Task<Result<ConnectionPtr>> node(NodeId id, MonoTime deadline);
    // To the node that coordinates a group; it is asked for again after forget_coordinator(). The
    // connection is the group's own: a join may be held for minutes, and what stands behind it on a
    // connection waits.
    runtime::Task<Result<ConnectionPtr>> coordinator(std::string group, MonoTime deadline);
    void forget_coordinator(const std::string& group);
    // By the last answer; null when it is not known.
    const NodeInfo* known_coordinator(const std::string& group) const;

    // Asks any node; on a network error the next one, until the deadline. Only for requests that do
    // no harm when they are carried out twice.
    template <typename Response, typename Request>
    runtime::Task<Result<Reply<Response>>> call(const Request& request, MonoTime deadline,
                                                std::int16_t version_max = Request::kMaxVersion);

    // --- metadata

    // Fetches metadata of these topics, and of the nodes.
    runtime::Task<Result<void>> refresh(std::vector<std::string> topics, MonoTime deadline);
    // Fetches metadata of all topics.
    runtime::Task<Result<void>> refresh_all(MonoTime deadline);

    // What is known about a topic; null before it was asked for. Errors of the topic are in it.
    const TopicInfo* topic(const std::string& name) const;
    const std::map<std::string, TopicInfo>& topics() const { return topics_; }
    const std::map<NodeId, NodeInfo>& nodes() const { return nodes_; }
    const std::string& cluster_id() const { return cluster_id_; }
    NodeId controller() const { return controller_; }

    // The topic with all its partitions, from the cache when it is fresh; good until the next
    // suspension. With Unknown::waits also waits for a topic that is being created.
    runtime::Task<Result<const TopicInfo*>> find_topic(std::string name, Unknown unknown,
                                                       MonoTime deadline);
    // The leader of a partition; waits until there is one.
    runtime::Task<Result<NodeId>> leader(TopicPartition partition, Unknown unknown,
                                         MonoTime deadline);
    // The leader by what is known and fresh; nothing when leader() would have to ask.
    std::optional<NodeId> known_leader(const TopicPartition& partition) const;
    // A broker said that what is known about this topic is out of date: the next find asks again.
    void distrust(const std::string& topic);
    // A response carried a newer leader than metadata (KIP-951).
    void learn_leader(const TopicPartition& partition, NodeId leader, LeaderEpoch epoch);
    void learn_node(NodeInfo node);
    const std::string* topic_name(const TopicId& id) const;

    const ClusterOptions& options() const { return options_; }
    runtime::Shards& shards() { return shards_; }
    MonoTime now() const { return shards_.clock().now(); }
    // `deadline`, or one request timeout from now if that is sooner.
    MonoTime request_deadline(MonoTime deadline) const;
    // Sleeps for the next backoff. False when the deadline comes first or the cluster was aborted.
    runtime::Task<bool> pause(Backoff& backoff, MonoTime deadline);
    Backoff new_backoff() const { return {options_.retry_backoff, options_.retry_backoff_max}; }
    bool aborted() const { return stop_.requested(); }

private:
    // One attempt to open a connection; several callers that want the same address share it.
    struct Opening {
        runtime::Event done;
        Result<ConnectionPtr> result;
    };

    // A place for a connection: where to, and the group it is for (empty: for everything else).
    using Place = std::pair<runtime::Address, std::string>;

    runtime::Task<Result<ConnectionPtr>> open(Place place, MonoTime deadline);
    runtime::Task<void> run_opening(Place place, std::shared_ptr<Opening> opening,
                                    MonoTime deadline);
    runtime::Task<Result<void>> fetch_metadata(std::optional<std::vector<std::string>> names,
                                               MonoTime deadline);
    bool is_fresh(const std::string& topic) const;

    // Constant after construction.
    runtime::Net& net_;
    runtime::Shards& shards_;
    ClusterOptions options_;
    Logger log_;

    std::map<Place, ConnectionPtr> connections_;
    bool ever_connected_ = false;
    std::map<Place, std::shared_ptr<Opening>> openings_;
    std::map<std::string, NodeInfo> coordinators_;  // by group

    std::string cluster_id_;
    NodeId controller_;
    std::map<NodeId, NodeInfo> nodes_;
    std::map<std::string, TopicInfo> topics_;
    std::map<TopicId, std::string> topic_names_;
    std::map<std::string, MonoTime> fetched_;  // when each topic was last asked for

    runtime::Stop stop_;
    runtime::TaskGroup tasks_;
};

// True for errors that say "what you know about leaders is out of date".
bool is_stale_metadata(ErrorCode code);
// True for errors of the way to the broker rather than of the broker.
bool is_network_error(ErrorCode code);

template <typename Response, typename Request>
runtime::Task<Result<Reply<Response>>> Cluster::call(const Request& request, MonoTime deadline,
                                                     std::int16_t version_max) {
    Backoff backoff = new_backoff();
    for (;;) {
        Result<ConnectionPtr> connection = co_await any(deadline);
        if (!connection) co_return std::unexpected(connection.error());
        Result<Reply<Response>> reply =
            co_await (*connection)
                ->template call<Response>(request, request_deadline(deadline), version_max);
        if (reply || !is_network_error(reply.error().code)) co_return reply;
        const bool again = co_await pause(backoff, deadline);
        if (!again) co_return reply;
    }
}

}  // namespace cauce::client
