#include "sim/workloads/group_member.h"

#include "wire/messages/consumer_protocol_assignment.h"
#include "wire/messages/consumer_protocol_subscription.h"
#include "wire/messages/find_coordinator_request.h"
#include "wire/messages/find_coordinator_response.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/heartbeat_response.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/join_group_response.h"
#include "wire/messages/leave_group_request.h"
#include "wire/messages/leave_group_response.h"
#include "wire/messages/sync_group_request.h"
#include "wire/messages/sync_group_response.h"

#include <algorithm>

namespace cauce::sim {

using runtime::Task;

namespace {

constexpr std::string_view kProtocolType = "consumer";
constexpr std::string_view kProtocol = "range";
constexpr std::int16_t kFirstJoinWithInstance = 5;
constexpr std::int16_t kFirstSyncWithInstance = 3;
constexpr std::int16_t kFirstSyncWithProtocol = 5;
constexpr std::int16_t kFirstHeartbeatWithInstance = 3;
constexpr std::int16_t kFirstLeaveOfSeveral = 3;
constexpr std::int16_t kFirstCoordinators = 4;
constexpr std::int16_t kFirstKeyType = 1;

// The consumer protocol's messages stand behind their version.
template <typename Message>
std::string encoded(const Message& message) {
    wire::Writer writer;
    writer.int16(0);
    message.encode(writer, 0);
    return std::string(as_text(writer.written()));
}

}  // namespace

GroupMember::GroupMember(NodeSeams& seams, Load& load, GroupMemberOptions options)
    : seams_(seams),
      load_(load),
      partitions_(std::move(options.partitions)),
      pause_(options.pause),
      session_timeout_(options.session_timeout),
      instance_(std::move(options.instance)),
      progress_(load.take_part("member")) {
    identity_.group = std::move(options.group);
}

Task<void> GroupMember::run() {
    while (!load_.over() && !load_.draining) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams_, load_.broker, load_.findings);
        Next next = Next::reconnect;
        if (client) {
            const bool found = co_await find_coordinator(*client);
            if (found) next = Next::join;
        }
        while (next == Next::join && !load_.over() && !load_.draining) {
            next = co_await join(*client);
            if (next == Next::go_on) next = co_await take_part(*client);
        }
        if (client && load_.draining) co_await leave(*client);
        ++load_.lost_connections;
        Duration away = milliseconds(20);
        if (next == Next::stay_away) away = session_timeout_ * 2;
        co_await pause(seams_, away);
    }
}

Task<bool> GroupMember::find_coordinator(BrokerClient& client) {
    const std::int16_t version = client.version<wire::FindCoordinatorRequest>();
    wire::FindCoordinatorRequest request;
    if (version >= kFirstCoordinators) {
        request.coordinator_keys.push_back(identity_.group);
    } else {
        request.key = identity_.group;
    }
    if (version >= kFirstKeyType) request.key_type = 0;
    const auto answer = co_await client.ask<wire::FindCoordinatorResponse>(request, version);
    if (!answer) co_return false;
    ErrorCode error = error_code_from_wire(answer->body.error_code);
    if (version >= kFirstCoordinators) {
        if (answer->body.coordinators.size() != 1) {
            load_.findings.add("FindCoordinator of one group was answered for " +
                               std::to_string(answer->body.coordinators.size()));
            co_return false;
        }
        error = error_code_from_wire(answer->body.coordinators[0].error_code);
    }
    co_return after(error, "FindCoordinator") == Next::go_on;
}

// What an error of the coordinator asks a member to do.
GroupMember::Next GroupMember::after(ErrorCode error, const char* request) {
    switch (error) {
        case ErrorCode::none:
            return Next::go_on;
        case ErrorCode::rebalance_in_progress:
            return Next::join;
        case ErrorCode::illegal_generation:
            identity_.generation = -1;
            return Next::join;
        case ErrorCode::unknown_member_id:
        case ErrorCode::fenced_instance_id:
            identity_.generation = -1;
            identity_.member.clear();
            return Next::join;
        default:
            break;
    }
    ++load_.retries;
    if (!load_.may_come_again(error)) {
        load_.findings.add(std::string(request) + " in group " + identity_.group + ": " +
                           std::string(error_name(error)));
    }
    return Next::reconnect;
}

// The group knows an instance only by a JoinGroup that can name it. As the other of the two it is
// another member.
void GroupMember::become(const std::optional<std::string>& instance) {
    if (identity_.instance == instance) return;
    identity_.instance = instance;
    identity_.member.clear();
    identity_.generation = -1;
}

Task<GroupMember::Next> GroupMember::join(BrokerClient& client) {
    const std::int16_t version = client.version<wire::JoinGroupRequest>();
    wire::ConsumerProtocolSubscription subscription;
    for (const TopicPartition& name : partitions_)
        if (subscription.topics.empty() || subscription.topics.back() != name.topic) {
            subscription.topics.push_back(name.topic);
        }
    const std::string metadata = encoded(subscription);
    wire::JoinGroupRequest request;
    request.group_id = identity_.group;
    request.session_timeout_ms = static_cast<std::int32_t>(session_timeout_.count());
    become(version >= kFirstJoinWithInstance ? instance_ : std::nullopt);
    if (version >= 1) request.rebalance_timeout_ms = 1000;
    request.member_id = identity_.member;
    const std::string member = identity_.member;
    if (identity_.instance) request.group_instance_id = *identity_.instance;
    request.protocol_type = kProtocolType;
    request.protocols.push_back({.name = kProtocol, .metadata = wire::Bytes(as_bytes(metadata))});
    const auto answer = co_await client.ask<wire::JoinGroupResponse>(request, version);
    if (!answer) co_return Next::reconnect;
    const wire::JoinGroupResponse& joined = answer->body;
    if (error_code_from_wire(joined.error_code) == ErrorCode::member_id_required) {
        identity_.member = joined.member_id;
        co_return Next::join;
    }
    const Next next = after(error_code_from_wire(joined.error_code), "JoinGroup");
    if (next != Next::go_on) {
        co_await pause(seams_, milliseconds(100));
        co_return next;
    }
    identity_.member = joined.member_id;
    identity_.generation = joined.generation_id;
    leads_ = joined.leader == joined.member_id;
    std::vector<std::string> members;
    for (const auto& other : joined.members)
        members.emplace_back(other.member_id);
    const bool listed = std::ranges::find(members, identity_.member) != members.end();
    if (leads_ && !listed && !joined.skip_assignment) {
        load_.findings.add("JoinGroup made a leader that is no member");
        co_return Next::reconnect;
    }
    if (joined.skip_assignment) members.clear();
    co_return co_await sync(client, std::move(members));
}

// Partitions go round among the members.
std::string GroupMember::assignment_of(std::size_t member, std::size_t members) const {
    wire::ConsumerProtocolAssignment assignment;
    for (std::size_t i = member; i < partitions_.size(); i += members)
        assignment.assigned_partitions.push_back(
            {.topic = partitions_[i].topic, .partitions = {partitions_[i].partition}});
    return encoded(assignment);
}

std::vector<TopicPartition> GroupMember::parse_assignment(BytesView bytes) {
    std::vector<TopicPartition> partitions;
    if (bytes.empty()) return partitions;
    wire::Reader reader(bytes);
    reader.int16();
    wire::ConsumerProtocolAssignment assignment;
    assignment.decode(reader, 0);
    if (!reader.ok() || reader.remaining() > 0) {
        load_.findings.add("SyncGroup gave an assignment that the leader did not make");
    }
    for (const auto& topic : assignment.assigned_partitions)
        for (const std::int32_t partition : topic.partitions)
            partitions.push_back({std::string(topic.topic), partition});
    return partitions;
}

Task<GroupMember::Next> GroupMember::sync(BrokerClient& client, std::vector<std::string> members) {
    const std::int16_t version = client.version<wire::SyncGroupRequest>();
    wire::SyncGroupRequest request;
    request.group_id = identity_.group;
    request.generation_id = identity_.generation;
    request.member_id = identity_.member;
    if (version >= kFirstSyncWithInstance && identity_.instance) {
        request.group_instance_id = *identity_.instance;
    }
    if (version >= kFirstSyncWithProtocol) {
        request.protocol_type = kProtocolType;
        request.protocol_name = kProtocol;
    }
    std::vector<std::string> assignments;
    if (leads_) {
        for (std::size_t i = 0; i < members.size(); ++i)
            assignments.push_back(assignment_of(i, members.size()));
        for (std::size_t i = 0; i < members.size(); ++i)
            request.assignments.push_back(
                {.member_id = members[i], .assignment = wire::Bytes(as_bytes(assignments[i]))});
    }
    const auto answer = co_await client.ask<wire::SyncGroupResponse>(request, version);
    if (!answer) co_return Next::reconnect;
    const Next next = after(error_code_from_wire(answer->body.error_code), "SyncGroup");
    if (next != Next::go_on) co_return next;
    const std::vector<TopicPartition> assigned = parse_assignment(answer->body.assignment);
    // A static member's part is its instance's: the next one that joins by that name takes it over
    // in the same generation, under a member id of its own (KIP-345).
    const std::string& owner = identity_.instance ? *identity_.instance : identity_.member;
    load_.groups.assigned(identity_.group, identity_.generation, owner, assigned);
    positions_.clear();
    for (const TopicPartition& name : assigned)
        positions_[name] = Offset{-1};
    co_return co_await read_positions(client);
}

Task<GroupMember::Next> GroupMember::read_positions(BrokerClient& client) {
    if (positions_.empty()) co_return Next::go_on;
    std::vector<TopicPartition> assigned;
    for (const auto& [name, offset] : positions_)
        assigned.push_back(name);
    const auto told = co_await fetch_offsets(client, load_, identity_.group, std::move(assigned));
    if (!told) co_return Next::reconnect;
    if (!*told) co_return after(told->error(), "OffsetFetch");
    positions_ = **told;
    co_return Next::go_on;
}

Task<GroupMember::Next> GroupMember::take_part(BrokerClient& client) {
    runtime::Random& random = seams_.shards.random();
    while (!load_.over() && !load_.draining) {
        // Heartbeats keep it a member.
        co_await rest(seams_, load_, pause_, session_timeout_ / 3);
        if (random.one_in(100)) co_return Next::stay_away;
        if (random.one_in(100)) {
            co_await leave(client);
            co_return Next::reconnect;
        }
        Next next = co_await heartbeat(client);
        if (next == Next::go_on && random.one_in(2)) next = co_await commit(client);
        if (next != Next::go_on) co_return next;
    }
    co_return Next::reconnect;
}

Task<GroupMember::Next> GroupMember::heartbeat(BrokerClient& client) {
    const std::int16_t version = client.version<wire::HeartbeatRequest>();
    wire::HeartbeatRequest request;
    request.group_id = identity_.group;
    request.generation_id = identity_.generation;
    request.member_id = identity_.member;
    if (version >= kFirstHeartbeatWithInstance && identity_.instance) {
        request.group_instance_id = *identity_.instance;
    }
    const auto answer = co_await client.ask<wire::HeartbeatResponse>(request, version);
    if (!answer) co_return Next::reconnect;
    const Next next = after(error_code_from_wire(answer->body.error_code), "Heartbeat");
    if (next == Next::go_on) ++progress_;
    co_return next;
}

Task<GroupMember::Next> GroupMember::commit(BrokerClient& client) {
    runtime::Random& random = seams_.shards.random();
    Offsets higher;
    for (auto& [name, position] : positions_) {
        if (random.one_in(3)) continue;
        position = std::max(position, Offset{0}) + random.between(0, 10);
        higher[name] = position;
    }
    if (higher.empty()) co_return Next::go_on;
    const auto error = co_await commit_offsets(client, load_, identity_, std::move(higher));
    if (!error) co_return Next::reconnect;
    co_return after(*error, "OffsetCommit");
}

Task<void> GroupMember::leave(BrokerClient& client) {
    if (identity_.member.empty() || client.unanswered() > 0) co_return;
    const std::int16_t version = client.version<wire::LeaveGroupRequest>();
    wire::LeaveGroupRequest request;
    request.group_id = identity_.group;
    if (version >= kFirstLeaveOfSeveral) {
        auto& member = request.members.emplace_back();
        member.member_id = identity_.member;
        if (identity_.instance) member.group_instance_id = *identity_.instance;
    } else {
        request.member_id = identity_.member;
    }
    const auto answer = co_await client.ask<wire::LeaveGroupResponse>(request, version);
    if (answer && answer->body.error_code == 0) {
        identity_.member.clear();
        identity_.generation = -1;
    }
}

}  // namespace cauce::sim
