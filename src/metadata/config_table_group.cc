// The keys of groups.
// Facts of Kafka 4.4's definitions (name, type, default, range, importance, update mode); the texts
// are ours. In the order of the names.
#include "metadata/config_table.h"

namespace cauce::metadata::config_table {
namespace {

// clang-format off
constexpr ConfigSynonym kConsumerAssignmentIntervalMs[] = {
    {"group.consumer.assignment.interval.ms"}};
constexpr ConfigSynonym kConsumerAssignorOffloadEnable[] = {
    {"group.consumer.assignor.offload.enable"}};
constexpr ConfigSynonym kConsumerHeartbeatIntervalMs[] = {{"group.consumer.heartbeat.interval.ms"}};
constexpr ConfigSynonym kConsumerSessionTimeoutMs[] = {{"group.consumer.session.timeout.ms"}};
constexpr ConfigSynonym kShareAssignmentIntervalMs[] = {{"group.share.assignment.interval.ms"}};
constexpr ConfigSynonym kShareAssignorOffloadEnable[] = {{"group.share.assignor.offload.enable"}};
constexpr ConfigSynonym kShareDeliveryCountLimit[] = {{"group.share.delivery.count.limit"}};
constexpr ConfigSynonym kShareHeartbeatIntervalMs[] = {{"group.share.heartbeat.interval.ms"}};
constexpr ConfigSynonym kSharePartitionMaxRecordLocks[] = {
    {"group.share.partition.max.record.locks"}};
constexpr ConfigSynonym kShareRecordLockDurationMs[] = {{"group.share.record.lock.duration.ms"}};
constexpr ConfigSynonym kShareSessionTimeoutMs[] = {{"group.share.session.timeout.ms"}};
constexpr ConfigSynonym kStreamsAcceptableRecoveryLag[] = {
    {"group.streams.acceptable.recovery.lag"}};
constexpr ConfigSynonym kStreamsAssignmentIntervalMs[] = {{"group.streams.assignment.interval.ms"}};
constexpr ConfigSynonym kStreamsAssignorName[] = {{"group.streams.assignors"}};
constexpr ConfigSynonym kStreamsAssignorOffloadEnable[] = {
    {"group.streams.assignor.offload.enable"}};
constexpr ConfigSynonym kStreamsHeartbeatIntervalMs[] = {{"group.streams.heartbeat.interval.ms"}};
constexpr ConfigSynonym kStreamsInitialRebalanceDelayMs[] = {
    {"group.streams.initial.rebalance.delay.ms"}};
constexpr ConfigSynonym kStreamsNumStandbyReplicas[] = {{"group.streams.num.standby.replicas"}};
constexpr ConfigSynonym kStreamsNumWarmupReplicas[] = {{"group.streams.num.warmup.replicas"}};
constexpr ConfigSynonym kStreamsRackAwareAssignmentTags[] = {
    {"group.streams.rack.aware.assignment.tags"}};
constexpr ConfigSynonym kStreamsSessionTimeoutMs[] = {{"group.streams.session.timeout.ms"}};
constexpr ConfigSynonym kStreamsTaskOffsetIntervalMs[] = {
    {"group.streams.task.offset.interval.ms"}};

constexpr ConfigKey kKeys[] = {
    {"consumer.assignment.interval.ms", Int, "1000", "[0,...]", medium, cluster_wide,
     "Least time between two assignments of the group.", kConsumerAssignmentIntervalMs},
    {"consumer.assignor.offload.enable", Bool, "true", "", medium, cluster_wide,
     "Compute the group's assignments beside the coordinator.",
     kConsumerAssignorOffloadEnable, kInternal},
    {"consumer.heartbeat.interval.ms", Int, "5000", "[1,...]", medium, cluster_wide,
     "How often members send heartbeats.", kConsumerHeartbeatIntervalMs},
    {"consumer.session.timeout.ms", Int, "45000", "[1,...]", medium, cluster_wide,
     "A member silent for so long is removed.", kConsumerSessionTimeoutMs},
    {"errors.deadletterqueue.copy.record.enable", Bool, "false", "", medium, cluster_wide,
     "Dead letters carry a copy of the record's key and value."},
    {"errors.deadletterqueue.topic.name", String, "", "", medium, cluster_wide,
     "Topic that takes records the group has given up; empty for none."},
    {"share.assignment.interval.ms", Int, "1000", "[0,...]", medium, cluster_wide,
     "Least time between two assignments of the group.", kShareAssignmentIntervalMs},
    {"share.assignor.offload.enable", Bool, "true", "", medium, cluster_wide,
     "Compute the group's assignments beside the coordinator.",
     kShareAssignorOffloadEnable, kInternal},
    {"share.auto.offset.reset", String,
     "latest", "[latest, earliest, by_duration:PnDTnHnMn.nS]", medium, cluster_wide,
     "Where the group starts in a partition: latest, earliest or by_duration:PT1H."},
    {"share.delivery.count.limit", Int, "5", "[2,...]", medium, cluster_wide,
     "How often a record is delivered before it is given up.", kShareDeliveryCountLimit},
    {"share.heartbeat.interval.ms", Int, "5000", "[1,...]", medium, cluster_wide,
     "How often members send heartbeats.", kShareHeartbeatIntervalMs},
    {"share.isolation.level", String,
     "read_uncommitted", "[read_committed, read_uncommitted]", medium, cluster_wide,
     "Whether the group sees records of open and aborted transactions."},
    {"share.partition.max.record.locks", Int, "2000", "[100,...]", medium, cluster_wide,
     "Most records of a partition that can be out for delivery at one time.",
     kSharePartitionMaxRecordLocks},
    {"share.record.lock.duration.ms", Int, "30000", "[1000,...]", medium, cluster_wide,
     "How long a delivered record is kept for its consumer.", kShareRecordLockDurationMs},
    {"share.renew.acknowledge.enable", Bool, "true", "", medium, cluster_wide,
     "Consumers may renew the lock of a record."},
    {"share.session.timeout.ms", Int, "45000", "[1,...]", medium, cluster_wide,
     "A member silent for so long is removed.", kShareSessionTimeoutMs},
    {"streams.acceptable.recovery.lag", Long, "10000", "[0,...]", medium, cluster_wide,
     "Lag at which a task counts as caught up.", kStreamsAcceptableRecoveryLag, kInternal},
    {"streams.assignment.interval.ms", Int, "1000", "[0,...]", medium, cluster_wide,
     "Least time between two assignments of the group.", kStreamsAssignmentIntervalMs},
    {"streams.assignor.name", String, kNull, "", medium, cluster_wide,
     "The assignor of the group.", kStreamsAssignorName},
    {"streams.assignor.offload.enable", Bool, "true", "", medium, cluster_wide,
     "Compute the group's assignments beside the coordinator.",
     kStreamsAssignorOffloadEnable, kInternal},
    {"streams.heartbeat.interval.ms", Int, "5000", "[1,...]", medium, cluster_wide,
     "How often members send heartbeats.", kStreamsHeartbeatIntervalMs},
    {"streams.initial.rebalance.delay.ms", Int, "3000", "[0,...]", medium, cluster_wide,
     "How long the first assignment of the empty group waits for more members.",
     kStreamsInitialRebalanceDelayMs},
    {"streams.num.standby.replicas", Int, "0", "[0,...]", medium, cluster_wide,
     "Standby copies of each stateful task.", kStreamsNumStandbyReplicas},
    {"streams.num.warmup.replicas", Int, "2", "[0,...]", medium, cluster_wide,
     "Most tasks that warm up on a new member at one time.", kStreamsNumWarmupReplicas, kInternal},
    {"streams.rack.aware.assignment.tags", List, "", "", low, cluster_wide,
     "Client tags over which standby tasks are spread.", kStreamsRackAwareAssignmentTags},
    {"streams.session.timeout.ms", Int, "45000", "[1,...]", medium, cluster_wide,
     "A member silent for so long is removed.", kStreamsSessionTimeoutMs},
    {"streams.task.offset.interval.ms", Int, "60000", "[1,...]", medium, cluster_wide,
     "How often members tell how far their tasks are.", kStreamsTaskOffsetIntervalMs, kInternal},
};
// clang-format on

}  // namespace

std::span<const ConfigKey> group() {
    return kKeys;
}

}  // namespace cauce::metadata::config_table
