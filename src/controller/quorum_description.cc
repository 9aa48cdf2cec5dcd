#include "controller/quorum_description.h"

#include "base/error_code.h"
#include "controller/state/topic_name.h"
#include "wire/messages/describe_quorum_request.h"
#include "wire/messages/describe_quorum_response.h"

#include <string>

namespace cauce::controller {
namespace {

using Response = wire::DescribeQuorumResponse;

using state::kMetadataTopic;

bool asks_for_the_metadata_log(const wire::DescribeQuorumRequest& request) {
    return request.topics.size() == 1 && request.topics[0].topic_name == kMetadataTopic &&
           request.topics[0].partitions.size() == 1 &&
           request.topics[0].partitions[0].partition_index == 0;
}

void refuse(Response::PartitionData& partition, ErrorCode code, std::string_view text) {
    partition.error_code = to_wire(code);
    partition.error_message = text;
}

}  // namespace

Reply<wire::DescribeQuorumResponse> describe_quorum(const quorum::QuorumStatus& status,
                                                    WallTime now,
                                                    const wire::DescribeQuorumRequest& request) {
    Reply<Response> reply;
    Response& response = reply.response;
    response.error_message.reset();
    if (!asks_for_the_metadata_log(request)) {
        for (const auto& wanted : request.topics) {
            auto& topic = response.topics.emplace_back();
            topic.topic_name = wanted.topic_name;
            for (const auto& index : wanted.partitions) {
                auto& partition = topic.partitions.emplace_back();
                partition.partition_index = index.partition_index;
                refuse(partition, ErrorCode::unknown_topic_or_partition,
                       "This server does not host this topic-partition.");
            }
        }
        return reply;
    }
    auto& topic = response.topics.emplace_back();
    topic.topic_name = kMetadataTopic;
    auto& partition = topic.partitions.emplace_back();
    partition.error_message.reset();
    if (!status.is_leader) {
        refuse(partition, ErrorCode::not_leader_or_follower,
               "For requests intended only for the leader, this error indicates that the broker is "
               "not the current leader. For requests intended for any replica, this error "
               "indicates that the broker is not a replica of the topic partition.");
        return reply;
    }
    const std::int32_t leader = status.leader.leader ? status.leader.leader->value : -1;
    partition.leader_id = leader;
    partition.leader_epoch = status.leader.epoch.value;
    partition.high_watermark = status.high_watermark.value;
    for (const quorum::Voter& voter : status.voters) {
        auto& replica = partition.current_voters.emplace_back();
        replica.replica_id = voter.id.value;
        replica.replica_directory_id = voter.directory_id;
        replica.log_end_offset = -1;  // of the others nothing is known here yet
        if (voter.id.value == leader) {
            replica.log_end_offset = status.log_end.value;
            replica.last_fetch_timestamp = now.ms;
            replica.last_caught_up_timestamp = now.ms;
        }
        auto& node = response.nodes.emplace_back();
        node.node_id = voter.id.value;
        for (const quorum::VoterEndpoint& endpoint : voter.endpoints) {
            auto& listener = node.listeners.emplace_back();
            listener.name = reply.texts.keep(endpoint.listener);
            listener.host = reply.texts.keep(endpoint.host);
            listener.port = endpoint.port;
        }
    }
    return reply;
}

}  // namespace cauce::controller
