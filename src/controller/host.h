// Host: the active controller of a node. Runs the pure state machine of controller/state in front
// of the quorum: a request becomes records, the records a proposal, and the reply waits until the
// proposal has committed. Requests that queue up while a flush runs go into the next one together.
//
// One per controller node, on shard 0; every call below is made there (shards.on(0, ...)). The
// requests borrow: what their views point into stays alive until the reply.
//
// Errors in the replies are Kafka's: not_controller while another node leads or before the log is
// replayed, request_timed_out when the deadline came before the commit (the change may still
// happen), kafka_storage_error when the metadata directory takes no more.
#pragma once

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "controller/reply.h"
#include "controller/state/directory_assignment.h"
#include "metadata/broker.h"
#include "metadata/effective_config.h"
#include "metadata/image.h"
#include "quorum/quorum.h"
#include "runtime/shards.h"
#include "runtime/task.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cauce::wire {
struct AllocateProducerIdsRequest;
struct AllocateProducerIdsResponse;
struct AlterConfigsRequest;
struct AlterConfigsResponse;
struct AlterPartitionReassignmentsRequest;
struct AlterPartitionReassignmentsResponse;
struct AlterPartitionRequest;
struct AlterPartitionResponse;
struct BrokerHeartbeatRequest;
struct BrokerHeartbeatResponse;
struct BrokerRegistrationRequest;
struct BrokerRegistrationResponse;
struct CreatePartitionsRequest;
struct CreatePartitionsResponse;
struct CreateTopicsRequest;
struct CreateTopicsResponse;
struct DeleteTopicsRequest;
struct DeleteTopicsResponse;
struct DescribeQuorumRequest;
struct DescribeQuorumResponse;
struct ElectLeadersRequest;
struct ElectLeadersResponse;
struct IncrementalAlterConfigsRequest;
struct IncrementalAlterConfigsResponse;
struct UpdateFeaturesRequest;
struct UpdateFeaturesResponse;
}  // namespace cauce::wire

namespace cauce::controller {

struct HostOptions {
    NodeId node;
    // Registrations must name it; empty: any.
    std::string cluster_id;
    // The file this controller started with: defaults for new topics, limits, when snapshots are
    // due.
    metadata::StaticConfig config;
    // How this controller registers itself (KIP-919); no endpoints: it does not.
    std::vector<metadata::Endpoint> controller_endpoints;
    // Asked when everything on the disk was replayed and nothing written yet; an error ends the
    // start, and the log stays as it is. Null: any image will do.
    std::function<Result<void>(const metadata::Image&)> accept = nullptr;
    // Broker session: fenced when it did not heartbeat for so long.
    milliseconds broker_session_timeout{9000};
};

// Told on shard 0 after every commit that changed something, in order. Must not block.
using ImageListener = std::function<void(metadata::ImagePointer)>;

class Host {
public:
    Host(HostOptions options, runtime::Shards& shards, quorum::Quorum& quorum, Logger log);
    ~Host();

    // Both before start().
    void on_image(ImageListener listener);
    // The metadata log failed on disk: the node has to stop.
    void on_failure(std::function<void(const IoError&)> listener);

    // Recovers and replays; ends when the newest committed image has been published. With one
    // voter this node then leads. The error text names file and place.
    runtime::Task<Result<void>> start();
    runtime::Task<void> stop();

    // Null before start().
    metadata::ImagePointer image() const;
    bool is_active() const;
    quorum::QuorumStatus quorum_status() const;

    // Each ends with the reply, at the latest at `deadline`.
    runtime::Task<Reply<wire::CreateTopicsResponse>> create_topics(
        const wire::CreateTopicsRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::DeleteTopicsResponse>> delete_topics(
        const wire::DeleteTopicsRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::CreatePartitionsResponse>> create_partitions(
        const wire::CreatePartitionsRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::AlterConfigsResponse>> alter_configs(
        const wire::AlterConfigsRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::IncrementalAlterConfigsResponse>> incremental_alter_configs(
        const wire::IncrementalAlterConfigsRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::ElectLeadersResponse>> elect_leaders(
        const wire::ElectLeadersRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::AlterPartitionReassignmentsResponse>> alter_partition_reassignments(
        const wire::AlterPartitionReassignmentsRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::UpdateFeaturesResponse>> update_features(
        const wire::UpdateFeaturesRequest& request, MonoTime deadline);
    // At once: it changes nothing.
    runtime::Task<Reply<wire::DescribeQuorumResponse>> describe_quorum(
        const wire::DescribeQuorumRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::AllocateProducerIdsResponse>> allocate_producer_ids(
        const wire::AllocateProducerIdsRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::AlterPartitionResponse>> alter_partition(
        const wire::AlterPartitionRequest& request, MonoTime deadline);
    runtime::Task<Reply<wire::BrokerRegistrationResponse>> register_broker(
        const wire::BrokerRegistrationRequest& request, MonoTime deadline);
    // Notes in which of its log directories a broker has replicas (AssignReplicasToDirs, which the
    // node's own broker has no need to encode).
    runtime::Task<Result<void>> assign_directories(
        NodeId broker, std::int64_t broker_epoch,
        std::vector<state::DirectoryAssignment> assignments, MonoTime deadline);
    // Keeps the broker's session alive; unfences it when it is caught up and wants to.
    runtime::Task<Reply<wire::BrokerHeartbeatResponse>> heartbeat(
        const wire::BrokerHeartbeatRequest& request, MonoTime deadline);

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace cauce::controller
