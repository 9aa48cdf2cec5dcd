#include "coordinator/responses.h"

#include "base/check.h"
#include "wire/messages/delete_groups_response.h"
#include "wire/messages/describe_groups_response.h"
#include "wire/messages/heartbeat_response.h"
#include "wire/messages/join_group_response.h"
#include "wire/messages/leave_group_response.h"
#include "wire/messages/list_groups_response.h"
#include "wire/messages/offset_commit_response.h"
#include "wire/messages/offset_delete_response.h"
#include "wire/messages/offset_fetch_request.h"
#include "wire/messages/offset_fetch_response.h"
#include "wire/messages/sync_group_response.h"

namespace cauce::coordinator {
namespace {

constexpr std::int16_t kJoinGroupNullableProtocol = 7;
constexpr std::int16_t kLeaveGroupSeveralMembers = 3;
constexpr std::int16_t kOffsetFetchTopLevelError = 2;
constexpr std::int16_t kOffsetFetchSeveralGroups = 8;

// Topics and partitions of one group, whichever of the two struct families holds them.
template <typename Topic>
void put_topics(const OffsetFetchReply& reply, std::int16_t version, std::vector<Topic>& out) {
    // An error of the group stands alone, where there is a place for it.
    if (reply.error != ErrorCode::none && version >= kOffsetFetchTopLevelError) return;
    out.reserve(reply.topics.size());
    for (const OffsetFetchReply::Topic& topic : reply.topics) {
        Topic& put = out.emplace_back();
        put.name = topic.name;
        if constexpr (requires { put.topic_id; }) put.topic_id = topic.topic_id;
        put.partitions.reserve(topic.partitions.size());
        for (const OffsetFetchReply::Partition& partition : topic.partitions) {
            auto& one = put.partitions.emplace_back();
            one.partition_index = partition.partition;
            one.committed_offset = partition.committed.value;
            one.committed_leader_epoch = partition.leader_epoch.value;
            one.metadata = partition.metadata;
            one.error_code = to_wire(partition.error);
        }
    }
}

}  // namespace

wire::JoinGroupResponse to_response(const JoinGroupReply& reply, std::int16_t version) {
    wire::JoinGroupResponse response;
    response.error_code = to_wire(reply.error);
    response.generation_id = reply.generation;
    response.protocol_type = reply.protocol_type;
    response.protocol_name = reply.protocol_name;
    if (version < kJoinGroupNullableProtocol && !response.protocol_name) {
        response.protocol_name.emplace();
    }
    response.leader = reply.leader;
    response.skip_assignment = reply.skip_assignment;
    response.member_id = reply.member_id;
    response.members.reserve(reply.members.size());
    for (const JoinGroupReply::Member& member : reply.members) {
        auto& put = response.members.emplace_back();
        put.member_id = member.member_id;
        put.group_instance_id = member.group_instance_id;
        put.metadata = BytesView(member.metadata);
    }
    return response;
}

wire::SyncGroupResponse to_response(const SyncGroupReply& reply, std::int16_t) {
    wire::SyncGroupResponse response;
    response.error_code = to_wire(reply.error);
    response.protocol_type = reply.protocol_type;
    response.protocol_name = reply.protocol_name;
    response.assignment = BytesView(reply.assignment);
    return response;
}

wire::HeartbeatResponse to_response(const HeartbeatReply& reply, std::int16_t) {
    wire::HeartbeatResponse response;
    response.error_code = to_wire(reply.error);
    return response;
}

wire::LeaveGroupResponse to_response(const LeaveGroupReply& reply, std::int16_t version) {
    wire::LeaveGroupResponse response;
    response.error_code = to_wire(reply.error);
    if (version < kLeaveGroupSeveralMembers) {
        // The one member's error is the error.
        if (reply.error == ErrorCode::none && !reply.members.empty()) {
            response.error_code = to_wire(reply.members.front().error);
        }
        return response;
    }
    response.members.reserve(reply.members.size());
    for (const LeaveGroupReply::Member& member : reply.members) {
        auto& put = response.members.emplace_back();
        put.member_id = member.member_id;
        put.group_instance_id = member.group_instance_id;
        put.error_code = to_wire(member.error);
    }
    return response;
}

wire::OffsetCommitResponse to_response(const OffsetCommitReply& reply, std::int16_t) {
    wire::OffsetCommitResponse response;
    response.topics.reserve(reply.topics.size());
    for (const OffsetCommitReply::Topic& topic : reply.topics) {
        auto& put = response.topics.emplace_back();
        put.name = topic.name;
        put.topic_id = topic.topic_id;
        put.partitions.reserve(topic.partitions.size());
        for (const OffsetCommitReply::Partition& partition : topic.partitions) {
            auto& one = put.partitions.emplace_back();
            one.partition_index = partition.partition;
            one.error_code = to_wire(partition.error);
        }
    }
    return response;
}

wire::OffsetDeleteResponse to_response(const OffsetDeleteReply& reply, std::int16_t) {
    wire::OffsetDeleteResponse response;
    response.error_code = to_wire(reply.error);
    response.topics.reserve(reply.topics.size());
    for (const OffsetDeleteReply::Topic& topic : reply.topics) {
        auto& put = response.topics.emplace_back();
        put.name = topic.name;
        put.partitions.reserve(topic.partitions.size());
        for (const OffsetDeleteReply::Partition& partition : topic.partitions) {
            auto& one = put.partitions.emplace_back();
            one.partition_index = partition.partition;
            one.error_code = to_wire(partition.error);
        }
    }
    return response;
}

wire::DeleteGroupsResponse to_response(std::span<const DeleteGroupReply> replies, std::int16_t) {
    wire::DeleteGroupsResponse response;
    response.results.reserve(replies.size());
    for (const DeleteGroupReply& group : replies) {
        auto& put = response.results.emplace_back();
        put.group_id = group.group_id;
        put.error_code = to_wire(group.error);
        put.error_message = group.error_message;
    }
    return response;
}

wire::ListGroupsResponse to_response(const ListGroupsReply& reply, std::int16_t) {
    wire::ListGroupsResponse response;
    response.error_code = to_wire(reply.error);
    response.groups.reserve(reply.groups.size());
    for (const ListGroupsReply::Group& group : reply.groups) {
        auto& put = response.groups.emplace_back();
        put.group_id = group.group_id;
        put.protocol_type = group.protocol_type;
        put.group_state = group.state;
        put.group_type = group.type;
    }
    return response;
}

OffsetFetchReply failed_fetch(const OffsetFetchQuery& query, ErrorCode error) {
    OffsetFetchReply reply;
    reply.group_id = query.group_id;
    reply.error = error;
    if (!query.topics) return reply;
    for (const OffsetFetchQuery::Topic& asked : *query.topics) {
        auto& topic = reply.topics.emplace_back();
        topic.name = asked.name;
        topic.topic_id = asked.topic_id;
        for (const std::int32_t partition : asked.partitions) {
            auto& failed = topic.partitions.emplace_back();
            failed.partition = partition;
            failed.error = error;
        }
    }
    return reply;
}

wire::OffsetFetchResponse to_response(std::span<const OffsetFetchReply> replies,
                                      std::int16_t version) {
    wire::OffsetFetchResponse response;
    if (version < kOffsetFetchSeveralGroups) {
        CHECK(replies.size() == 1, replies.size());
        if (version >= kOffsetFetchTopLevelError) {
            response.error_code = to_wire(replies.front().error);
        }
        put_topics(replies.front(), version, response.topics);
        return response;
    }
    response.groups.reserve(replies.size());
    for (const OffsetFetchReply& reply : replies) {
        auto& group = response.groups.emplace_back();
        group.group_id = reply.group_id;
        group.error_code = to_wire(reply.error);
        put_topics(reply, version, group.topics);
    }
    return response;
}

wire::DescribeGroupsResponse to_response(std::span<const DescribedGroup> replies, std::int16_t) {
    wire::DescribeGroupsResponse response;
    response.groups.reserve(replies.size());
    for (const DescribedGroup& group : replies) {
        auto& put = response.groups.emplace_back();
        put.error_code = to_wire(group.error);
        put.error_message = group.error_message;
        put.group_id = group.group_id;
        put.group_state = group.state;
        put.protocol_type = group.protocol_type;
        put.protocol_data = group.protocol_data;
        put.members.reserve(group.members.size());
        for (const DescribedGroup::Member& member : group.members) {
            auto& one = put.members.emplace_back();
            one.member_id = member.member_id;
            one.group_instance_id = member.group_instance_id;
            one.client_id = member.client_id;
            one.client_host = member.client_host;
            one.member_metadata = BytesView(member.metadata);
            one.member_assignment = BytesView(member.assignment);
        }
    }
    return response;
}

std::vector<OffsetFetchQuery> offset_fetch_queries(const wire::OffsetFetchRequest& request,
                                                   std::int16_t version) {
    std::vector<OffsetFetchQuery> queries;
    const auto add = [&](std::string_view group_id, const auto& topics) {
        OffsetFetchQuery& query = queries.emplace_back();
        query.group_id = group_id;
        query.require_stable = request.require_stable;
        if (!topics) return;
        query.topics.emplace();
        query.topics->reserve(topics->size());
        for (const auto& topic : *topics) {
            OffsetFetchQuery::Topic& asked = query.topics->emplace_back();
            asked.name = topic.name;
            if constexpr (requires { topic.topic_id; }) asked.topic_id = topic.topic_id;
            asked.partitions = topic.partition_indexes;
        }
    };
    if (version < kOffsetFetchSeveralGroups) {
        add(request.group_id, request.topics);
        return queries;
    }
    queries.reserve(request.groups.size());
    for (const auto& group : request.groups)
        add(group.group_id, group.topics);
    return queries;
}

}  // namespace cauce::coordinator
