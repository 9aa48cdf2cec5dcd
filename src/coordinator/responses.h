// Between the coordinator's replies and wire messages. What is returned points into the reply (or
// the request) it was made from, which must outlive it.
#pragma once

#include "coordinator/group/replies.h"
#include "coordinator/host.h"

#include <cstdint>
#include <span>
#include <vector>

namespace cauce::wire {
struct DeleteGroupsResponse;
struct DescribeGroupsResponse;
struct HeartbeatResponse;
struct JoinGroupResponse;
struct LeaveGroupResponse;
struct ListGroupsResponse;
struct OffsetCommitResponse;
struct OffsetDeleteResponse;
struct OffsetFetchRequest;
struct OffsetFetchResponse;
struct SyncGroupResponse;
}  // namespace cauce::wire

namespace cauce::coordinator {

wire::JoinGroupResponse to_response(const JoinGroupReply& reply, std::int16_t version);
wire::SyncGroupResponse to_response(const SyncGroupReply& reply, std::int16_t version);
wire::HeartbeatResponse to_response(const HeartbeatReply& reply, std::int16_t version);
wire::LeaveGroupResponse to_response(const LeaveGroupReply& reply, std::int16_t version);
wire::OffsetCommitResponse to_response(const OffsetCommitReply& reply, std::int16_t version);
wire::OffsetDeleteResponse to_response(const OffsetDeleteReply& reply, std::int16_t version);
wire::ListGroupsResponse to_response(const ListGroupsReply& reply, std::int16_t version);

// One entry a group.
wire::DeleteGroupsResponse to_response(std::span<const DeleteGroupReply> replies,
                                       std::int16_t version);

// The answers of all groups that a request named, in its order; one before version 8.
wire::OffsetFetchResponse to_response(std::span<const OffsetFetchReply> replies,
                                      std::int16_t version);
// Without authorized operations; the caller sets them when they were asked for.
wire::DescribeGroupsResponse to_response(std::span<const DescribedGroup> replies,
                                         std::int16_t version);

// An answer that is an error: of the group, and of every partition asked for, as version 1 has no
// other place for it.
OffsetFetchReply failed_fetch(const OffsetFetchQuery& query, ErrorCode error);

// The groups a request asks for: one before version 8, any number from then on.
std::vector<OffsetFetchQuery> offset_fetch_queries(const wire::OffsetFetchRequest& request,
                                                   std::int16_t version);

}  // namespace cauce::coordinator
