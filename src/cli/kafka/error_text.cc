#include "cli/kafka/error_text.h"

#include "base/error_code.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace cauce::cli::kafka {
namespace {

using enum ErrorCode;

struct Row {
    ErrorCode code;
    std::string_view exception;  // of org.apache.kafka.common.errors
    std::string_view text;
};

// Those that the tools meet.
// clang-format off
constexpr std::array kRows = std::to_array<Row>({
    {unknown_server_error, "UnknownServerException",
     "The server experienced an unexpected error when processing the request."},
    {offset_out_of_range, "OffsetOutOfRangeException",
     "The requested offset is not within the range of offsets maintained by the server."},
    {corrupt_message, "CorruptRecordException",
     "This message has failed its CRC checksum, exceeds the valid size, has a null key for a compacted topic, or is otherwise corrupt."},
    {unknown_topic_or_partition, "UnknownTopicOrPartitionException",
     "This server does not host this topic-partition."},
    {leader_not_available, "LeaderNotAvailableException",
     "There is no leader for this topic-partition as we are in the middle of a leadership election."},
    {request_timed_out, "TimeoutException",
     "The request timed out."},
    {broker_not_available, "BrokerNotAvailableException",
     "The broker is not available."},
    {message_too_large, "RecordTooLargeException",
     "The request included a message larger than the max message size the server will accept."},
    {offset_metadata_too_large, "OffsetMetadataTooLarge",
     "The metadata field of the offset request was too large."},
    {network_exception, "NetworkException",
     "The server disconnected before a response was received."},
    {coordinator_load_in_progress, "CoordinatorLoadInProgressException",
     "The coordinator is loading and hence can't process requests."},
    {coordinator_not_available, "CoordinatorNotAvailableException",
     "The coordinator is not available."},
    {not_coordinator, "NotCoordinatorException",
     "This is not the correct coordinator."},
    {invalid_topic_exception, "InvalidTopicException",
     "The request attempted to perform an operation on an invalid topic."},
    {not_enough_replicas, "NotEnoughReplicasException",
     "Messages are rejected since there are fewer in-sync replicas than required."},
    {invalid_group_id, "InvalidGroupIdException",
     "The group id is invalid."},
    {unknown_member_id, "UnknownMemberIdException",
     "The coordinator is not aware of this member."},
    {rebalance_in_progress, "RebalanceInProgressException",
     "The group is rebalancing, so a rejoin is needed."},
    {topic_authorization_failed, "TopicAuthorizationException",
     "Topic authorization failed."},
    {group_authorization_failed, "GroupAuthorizationException",
     "Group authorization failed."},
    {cluster_authorization_failed, "ClusterAuthorizationException",
     "Cluster authorization failed."},
    {unsupported_version, "UnsupportedVersionException",
     "The version of API is not supported."},
    {topic_already_exists, "TopicExistsException",
     "Topic with this name already exists."},
    {invalid_partitions, "InvalidPartitionsException",
     "Number of partitions is below 1."},
    {invalid_replication_factor, "InvalidReplicationFactorException",
     "Replication factor is below 1 or larger than the number of available brokers."},
    {invalid_replica_assignment, "InvalidReplicaAssignmentException",
     "Replica assignment is invalid."},
    {invalid_config, "InvalidConfigurationException",
     "Configuration is invalid."},
    {not_controller, "NotControllerException",
     "This is not the correct controller for this cluster."},
    {policy_violation, "PolicyViolationException",
     "Request parameters do not satisfy the configured policy."},
    {kafka_storage_error, "KafkaStorageException",
     "Disk error when trying to access log file on the disk."},
    {non_empty_group, "GroupNotEmptyException",
     "The group is not empty."},
    {group_id_not_found, "GroupIdNotFoundException",
     "The group id does not exist."},
    {topic_deletion_disabled, "TopicDeletionDisabledException",
     "Topic deletion is disabled."},
    {group_subscribed_to_topic, "GroupSubscribedToTopicException",
     "Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it."},
    {unstable_offset_commit, "UnstableOffsetCommitException",
     "There are unstable offsets that need to be cleared."},
    {resource_not_found, "ResourceNotFoundException",
     "A request illegally referred to a resource that does not exist."},
    {unknown_topic_id, "UnknownTopicIdException",
     "This server does not host this topic ID."},
});
// clang-format on

const Row* find(ErrorCode code) {
    const auto* found = std::ranges::find(kRows, code, &Row::code);
    return found == kRows.end() ? nullptr : found;
}

}  // namespace

std::string error_text(const Error& error) {
    const std::string_view name = error_name(error.code);
    // "topic x: NAME" is what our client says when the broker said no more than the code.
    if (!error.message.empty() && !error.message.ends_with(name)) return error.message;
    const Row* row = find(error.code);
    return std::string(row ? row->text : name);
}

std::string exception_text(const Error& error) {
    const Row* row = find(error.code);
    return "org.apache.kafka.common.errors." +
           std::string(row ? row->exception : "UnknownServerException") + ": " + error_text(error);
}

}  // namespace cauce::cli::kafka
