#include "client/group_member.h"

#include "wire/messages/heartbeat_request.h"
#include "wire/messages/heartbeat_response.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/join_group_response.h"
#include "wire/messages/leave_group_request.h"
#include "wire/messages/leave_group_response.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_commit_response.h"
#include "wire/messages/sync_group_request.h"
#include "wire/messages/sync_group_response.h"

#include <algorithm>
#include <limits>

namespace cauce::client {
namespace {

using runtime::Task;

constexpr std::string_view kProtocolType = "consumer";
// Version 10 of OffsetCommit goes by topic id.
constexpr std::int16_t kLastCommitVersionByName = 9;
// From version 3 on LeaveGroup takes several members.
constexpr std::int16_t kFirstLeaveVersionOfMany = 3;

std::int32_t in_ms(Duration span) {
    const auto ms = std::chrono::duration_cast<milliseconds>(span).count();
    return static_cast<std::int32_t>(
        std::min<std::int64_t>(ms, std::numeric_limits<std::int32_t>::max()));
}

std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return std::string_view(*text);
}

}  // namespace

bool is_lost(ErrorCode code) {
    return code == ErrorCode::unknown_member_id || code == ErrorCode::illegal_generation;
}

bool GroupOptions::is_cooperative() const {
    return std::ranges::all_of(strategies,
                               [](Strategy s) { return s == Strategy::cooperative_sticky; });
}

GroupMember::GroupMember(Cluster& cluster, GroupOptions options)
    : cluster_(cluster), options_(std::move(options)) {}

void GroupMember::forget_identity() {
    member_id_.clear();
    generation_ = -1;
    leader_ = false;
}

void GroupMember::interrupt() {
    interrupted_ = true;
    if (in_use_) in_use_->close();
}

Task<Result<ConnectionPtr>> GroupMember::coordinator(MonoTime deadline) {
    Result<ConnectionPtr> connection = co_await cluster_.coordinator(options_.group, deadline);
    if (connection) in_use_ = *connection;
    co_return connection;
}

Error GroupMember::coordinator_error(ErrorCode code) {
    if (code == ErrorCode::not_coordinator || code == ErrorCode::coordinator_not_available ||
        is_network_error(code))
        cluster_.forget_coordinator(options_.group);
    return {code, "group " + options_.group + ": " + std::string(error_name(code))};
}

Task<Result<std::vector<TopicPartition>>> GroupMember::join(std::vector<std::string> topics,
                                                            std::vector<TopicPartition> owned) {
    ASSIGN_OR_CO_RETURN(Joined joined, co_await join_once(topics, owned));
    Assignment assignment;
    const std::string protocol = joined.protocol;
    if (leader_) {
        Result<Assignment> all = co_await assign_all(std::move(joined));
        if (!all) co_return std::unexpected(all.error());
        assignment = std::move(*all);
    }
    co_return co_await sync(protocol, std::move(assignment));
}

Task<Result<GroupMember::Joined>> GroupMember::join_once(std::vector<std::string> topics,
                                                         std::vector<TopicPartition> owned) {
    Subscription mine;
    mine.topics = std::move(topics);
    mine.owned = std::move(owned);
    mine.generation = generation_;
    const Buffer metadata = encode_subscription(mine);
    for (;;) {
        if (interrupted_) co_return fail(ErrorCode::network_exception, "interrupted");
        wire::JoinGroupRequest request;
        request.group_id = options_.group;
        request.session_timeout_ms = in_ms(options_.session_timeout);
        request.rebalance_timeout_ms = in_ms(options_.rebalance_timeout);
        request.member_id = member_id_;
        request.group_instance_id = view_of(options_.instance_id);
        request.protocol_type = kProtocolType;
        for (const Strategy strategy : options_.strategies) {
            auto& protocol = request.protocols.emplace_back();
            protocol.name = strategy_name(strategy);
            protocol.metadata = metadata;
        }
        // The broker answers when everybody has joined, or the slowest has run out of time.
        const MonoTime deadline =
            cluster_.now() + options_.rebalance_timeout + cluster_.options().request_timeout;
        ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await coordinator(deadline));
        const auto reply = co_await connection->call<wire::JoinGroupResponse>(request, deadline);
        if (!reply) {
            coordinator_error(reply.error().code);
            co_return std::unexpected(reply.error());
        }
        const wire::JoinGroupResponse& body = reply->body;
        const ErrorCode error = error_code_from_wire(body.error_code);
        if (error == ErrorCode::member_id_required) {  // KIP-394: once more, with this name.
            member_id_ = std::string(body.member_id);
            continue;
        }
        if (error != ErrorCode::none) {
            if (is_lost(error)) forget_identity();
            co_return std::unexpected(coordinator_error(error));
        }
        member_id_ = std::string(body.member_id);
        generation_ = body.generation_id;
        leader_ = body.leader == body.member_id && !body.skip_assignment;
        Joined joined;
        joined.protocol = std::string(body.protocol_name.value_or(""));
        for (const auto& member : body.members) {
            // What cannot be read reads nothing: one odd client must not stop the group.
            Subscription subscription =
                decode_subscription(member.metadata).value_or(Subscription());
            subscription.member_id = std::string(member.member_id);
            if (member.group_instance_id)
                subscription.instance_id = std::string(*member.group_instance_id);
            joined.members.push_back(std::move(subscription));
        }
        co_return joined;
    }
}

Task<Result<Assignment>> GroupMember::assign_all(Joined joined) {
    const auto strategy = strategy_from_name(joined.protocol);
    if (!strategy)
        co_return fail(
            ErrorCode::inconsistent_group_protocol,
            "group " + options_.group + " settled on the unknown assignor " + joined.protocol);
    std::vector<std::string> topics;
    for (const Subscription& member : joined.members)
        topics.insert(topics.end(), member.topics.begin(), member.topics.end());
    std::ranges::sort(topics);
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
    const MonoTime deadline = cluster_.now() + cluster_.options().request_timeout;
    CO_RETURN_IF_ERROR(co_await cluster_.refresh(topics, deadline));
    counts_.clear();
    for (const std::string& name : topics) {
        const TopicInfo* topic = cluster_.topic(name);
        if (topic && topic->error == ErrorCode::none)
            counts_[name] = static_cast<std::int32_t>(topic->partitions.size());
    }
    co_return assign(*strategy, std::move(joined.members), counts_);
}

Task<Result<std::vector<TopicPartition>>> GroupMember::sync(std::string protocol,
                                                            Assignment assignment) {
    wire::SyncGroupRequest request;
    request.group_id = options_.group;
    request.generation_id = generation_;
    request.member_id = member_id_;
    request.group_instance_id = view_of(options_.instance_id);
    request.protocol_type = kProtocolType;
    request.protocol_name = std::string_view(protocol);
    std::vector<Buffer> encoded;
    encoded.reserve(assignment.size());
    for (const auto& [member, partitions] : assignment) {
        encoded.push_back(encode_assignment(partitions));
        auto& share = request.assignments.emplace_back();
        share.member_id = member;
        share.assignment = encoded.back();
    }
    const MonoTime deadline =
        cluster_.now() + options_.rebalance_timeout + cluster_.options().request_timeout;
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await coordinator(deadline));
    const auto reply = co_await connection->call<wire::SyncGroupResponse>(request, deadline);
    if (!reply) {
        coordinator_error(reply.error().code);
        co_return std::unexpected(reply.error());
    }
    const ErrorCode error = error_code_from_wire(reply->body.error_code);
    if (error != ErrorCode::none) {
        if (is_lost(error)) forget_identity();
        co_return std::unexpected(coordinator_error(error));
    }
    co_return decode_assignment(reply->body.assignment);
}

Task<Result<void>> GroupMember::heartbeat() {
    wire::HeartbeatRequest request;
    request.group_id = options_.group;
    request.generation_id = generation_;
    request.member_id = member_id_;
    request.group_instance_id = view_of(options_.instance_id);
    const MonoTime deadline = cluster_.now() + cluster_.options().request_timeout;
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await coordinator(deadline));
    const auto reply = co_await connection->call<wire::HeartbeatResponse>(request, deadline);
    if (!reply) {
        coordinator_error(reply.error().code);
        co_return std::unexpected(reply.error());
    }
    const ErrorCode error = error_code_from_wire(reply->body.error_code);
    if (error == ErrorCode::none) co_return Result<void>();
    co_return std::unexpected(coordinator_error(error));
}

Task<Result<void>> GroupMember::commit(std::map<TopicPartition, Position> positions,
                                       MonoTime deadline) {
    if (positions.empty()) co_return Result<void>();
    Backoff backoff = cluster_.new_backoff();
    for (;;) {
        wire::OffsetCommitRequest request;
        request.group_id = options_.group;
        request.generation_id_or_member_epoch = generation_;
        request.member_id = member_id_;
        request.group_instance_id = view_of(options_.instance_id);
        for (const auto& [tp, position] : positions) {
            if (request.topics.empty() || request.topics.back().name != tp.topic)
                request.topics.emplace_back().name = tp.topic;
            auto& partition = request.topics.back().partitions.emplace_back();
            partition.partition_index = tp.partition;
            partition.committed_offset = position.next.value;
            partition.committed_leader_epoch = position.leader_epoch.value;
            partition.committed_metadata = std::string_view();
        }
        ASSIGN_OR_CO_RETURN(const ConnectionPtr connection,
                            co_await cluster_.coordinator(options_.group, deadline));
        const auto reply = co_await connection->call<wire::OffsetCommitResponse>(
            request, cluster_.request_deadline(deadline), kLastCommitVersionByName);
        Error failed{ErrorCode::none, {}};
        if (!reply) {
            failed = reply.error();
            coordinator_error(failed.code);
        } else {
            for (const auto& topic : reply->body.topics) {
                for (const auto& partition : topic.partitions) {
                    const ErrorCode error = error_code_from_wire(partition.error_code);
                    if (error != ErrorCode::none && failed.code == ErrorCode::none)
                        failed = coordinator_error(error);
                }
            }
        }
        if (failed.code == ErrorCode::none) co_return Result<void>();
        const bool may_pass = is_retriable(failed.code) || is_network_error(failed.code);
        const bool again = may_pass && co_await cluster_.pause(backoff, deadline);
        if (!again) co_return std::unexpected(std::move(failed));
    }
}

Task<void> GroupMember::leave(MonoTime deadline) {
    if (member_id_.empty() || options_.instance_id) co_return;
    const auto connection = co_await cluster_.coordinator(options_.group, deadline);
    if (!connection) co_return;
    const auto version = (*connection)->version<wire::LeaveGroupRequest>();
    if (!version) co_return;
    wire::LeaveGroupRequest request;
    request.group_id = options_.group;
    if (*version >= kFirstLeaveVersionOfMany) {
        auto& member = request.members.emplace_back();
        member.member_id = member_id_;
    } else {
        request.member_id = member_id_;
    }
    // Whatever comes back: the session runs out by itself.
    const auto ignored =
        co_await (*connection)->call<wire::LeaveGroupResponse>(request, deadline, *version);
    (void)ignored;
    forget_identity();
}

}  // namespace cauce::client
