// A coordinator on the bench: Groups with time and a log that the test moves by hand.
#pragma once

#include "coordinator/group/groups.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/leave_group_request.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_delete_request.h"
#include "wire/messages/sync_group_request.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cauce::coordinator::group::testing {

inline Buffer bytes(std::string_view text) {
    return Buffer(text.begin(), text.end());
}
inline std::string text(const Buffer& buffer) {
    return std::string(as_text(buffer));
}

// The arguments of a JoinGroup, with a consumer's usual values.
struct Join {
    std::string_view group = "g";
    std::string_view member = {};
    std::optional<std::string_view> instance = {};
    std::string_view type = "consumer";
    std::vector<std::pair<std::string_view, std::string_view>> protocols = {{"range", "topics"}};
    std::int32_t session_ms = 10'000;
    std::int32_t rebalance_ms = 60'000;
    std::int16_t version = 9;
    std::string_view client = "client";
};

struct LogRecord {
    Buffer key;
    std::optional<Buffer> value;
};

class Bench {
public:
    explicit Bench(GroupConfig settings = {}) : config(settings), groups(config, Logger()) {}

    // New members' ids are counted; a bench that goes on where another stopped needs others.
    void number_ids_from(std::uint64_t first) { fresh_ = first; }

    // --- requests; replies stand in joins and syncs once they are given ---

    ReplyId join(const Join& j) {
        wire::JoinGroupRequest request;
        request.group_id = j.group;
        request.member_id = j.member;
        request.group_instance_id = j.instance;
        request.protocol_type = j.type;
        request.session_timeout_ms = j.session_ms;
        request.rebalance_timeout_ms = j.rebalance_ms;
        for (const auto& [name, metadata] : j.protocols) {
            auto& protocol = request.protocols.emplace_back();
            protocol.name = name;
            protocol.metadata = as_bytes(metadata);
        }
        const ReplyId id = next_id();
        const RequestInfo info{j.client, "/127.0.0.1", j.version};
        groups.join(request, info, Uuid{0x1111, ++fresh_}, id, now, effects);
        settle();
        return id;
    }

    ReplyId sync(std::string_view group, std::string_view member, std::int32_t generation,
                 const std::vector<std::pair<std::string, std::string>>& assignments = {},
                 std::optional<std::string_view> instance = {}, std::int16_t version = 4,
                 std::optional<std::string_view> type = {},
                 std::optional<std::string_view> name = {}) {
        wire::SyncGroupRequest request;
        request.group_id = group;
        request.member_id = member;
        request.generation_id = generation;
        request.group_instance_id = instance;
        request.protocol_type = type;
        request.protocol_name = name;
        for (const auto& [who, what] : assignments) {
            auto& assignment = request.assignments.emplace_back();
            assignment.member_id = who;
            assignment.assignment = as_bytes(what);
        }
        const ReplyId id = next_id();
        groups.sync(request, version, id, now, effects);
        settle();
        return id;
    }

    ErrorCode heartbeat(std::string_view group, std::string_view member, std::int32_t generation,
                        std::optional<std::string_view> instance = {}) {
        wire::HeartbeatRequest request;
        request.group_id = group;
        request.member_id = member;
        request.generation_id = generation;
        request.group_instance_id = instance;
        return groups.heartbeat(request, now).error;
    }

    LeaveGroupReply leave(
        std::string_view group,
        const std::vector<std::pair<std::string, std::optional<std::string_view>>>& who) {
        wire::LeaveGroupRequest request;
        request.group_id = group;
        for (const auto& [member, instance] : who) {
            auto& leaving = request.members.emplace_back();
            leaving.member_id = member;
            leaving.group_instance_id = instance;
        }
        LeaveGroupReply reply = groups.leave(request, 5, now, effects);
        settle();
        return reply;
    }

    struct Commit {
        std::string_view group = "g";
        std::string_view member = {};
        std::int32_t generation = -1;
        std::string_view topic = "t";
        std::int32_t partition = 0;
        std::int64_t offset = 0;
        std::string_view metadata = {};
        std::int16_t version = 9;
        std::int64_t retention_ms = -1;
        TopicId topic_id = {};
        std::optional<std::string_view> instance = {};
        bool queues = false;  // the records wait for finish_next()
    };
    // The error of the one partition; else the records are committed at once.
    ErrorCode commit(const Commit& c) {
        wire::OffsetCommitRequest request;
        request.group_id = c.group;
        request.member_id = c.member;
        request.group_instance_id = c.instance;
        request.generation_id_or_member_epoch = c.generation;
        request.retention_time_ms = c.retention_ms;
        auto& topic = request.topics.emplace_back();
        topic.name = c.topic;
        topic.topic_id = c.topic_id;
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = c.partition;
        partition.committed_offset = c.offset;
        partition.committed_leader_epoch = 7;
        if (!c.metadata.empty()) partition.committed_metadata = c.metadata;
        CommitPlan plan = groups.commit(request, c.version, now);
        if (!plan.records.empty()) {
            Append append{std::move(plan.records), true, {}};
            if (c.queues) {
                queue.push_back(std::move(append));
            } else {
                finish(append, ErrorCode::none);
            }
        }
        return plan.reply.topics.at(0).partitions.at(0).error;
    }
    std::int64_t committed(std::string_view group, std::string_view topic = "t",
                           std::int32_t partition = 0, TopicId id = {}) const {
        const std::int32_t partitions[] = {partition};
        OffsetFetchQuery query{group, std::vector{OffsetFetchQuery::Topic{topic, id, partitions}},
                               false};
        const OffsetFetchReply reply = groups.fetch(query);
        return reply.topics.at(0).partitions.at(0).committed.value;
    }

    // Deletes a group, the log willing.
    DeleteGroupReply delete_group(std::string_view group) {
        DeleteGroupReply reply = groups.delete_group(group, positions_queued(group), effects);
        settle();
        return reply;
    }
    OffsetDeleteReply delete_offsets(std::string_view group, std::string_view topic,
                                     const std::vector<std::int32_t>& partitions) {
        wire::OffsetDeleteRequest request;
        request.group_id = group;
        auto& asked = request.topics.emplace_back();
        asked.name = topic;
        for (const std::int32_t partition : partitions)
            asked.partitions.emplace_back().partition_index = partition;
        OffsetDeleteReply reply = groups.delete_offsets(request, positions_queued(group), effects);
        settle();
        return reply;
    }
    // The positions that go away are the ones due at this time; true when the group is gone.
    bool expire(std::string_view group = "g") {
        groups.expire(group, now, effects);
        settle();
        return groups.find(group) == nullptr;
    }

    // --- time and the log ---

    // Lets time pass, stopping wherever something falls due.
    void pass(milliseconds span) {
        const MonoTime end = now.mono + span;
        while (groups.next_deadline() && *groups.next_deadline() <= end) {
            advance_to(std::max(*groups.next_deadline(), now.mono));
            groups.tick(now, effects);
            ++ticks;
            settle();
        }
        advance_to(end);
    }

    // While held, appends queue up until finish_next().
    void hold_log() { held_ = true; }
    void release_log() {
        held_ = false;
        while (!queue.empty())
            finish_next();
    }
    void finish_next(ErrorCode error = ErrorCode::none) {
        ASSERT_FALSE(queue.empty());
        Append append = std::move(queue.front());
        queue.pop_front();
        finish(append, error);
        settle();
    }

    // Everything the log holds, read by a new coordinator.
    void replay_into(Groups& other) const {
        std::int64_t offset = 0;
        for (const LogRecord& record : log) {
            RecordView view{record.key, std::nullopt};
            if (record.value) view.value = *record.value;
            EXPECT_EQ(other.replay(view, Offset{offset++}), Groups::Replayed::applied);
        }
    }

    // The leadership is lost and comes back: who waits is told, what was not in the log yet is
    // gone.
    void restart() {
        groups.unload(ErrorCode::not_coordinator, effects);
        settle();
        queue.clear();
        std::destroy_at(&groups);
        std::construct_at(&groups, config, Logger());
        replay_into(groups);
        groups.loaded(now, effects);
        settle();
    }

    // --- replies ---

    bool answered(ReplyId id) const { return joins.contains(id) || syncs.contains(id); }
    const JoinGroupReply& joined(ReplyId id) const {
        static const JoinGroupReply none;
        EXPECT_TRUE(joins.contains(id)) << "not answered";
        return joins.contains(id) ? joins.at(id) : none;
    }
    const SyncGroupReply& synced(ReplyId id) const {
        static const SyncGroupReply none;
        EXPECT_TRUE(syncs.contains(id)) << "not answered";
        return syncs.contains(id) ? syncs.at(id) : none;
    }
    GroupState state(std::string_view group = "g") const {
        const ClassicGroup* found = groups.find(group);
        return found == nullptr ? GroupState::dead : found->state();
    }

    // --- a whole group at once ---

    // The id that a dynamic member gets with MEMBER_ID_REQUIRED.
    std::string new_id(Join j) {
        j.member = {};
        return joined(join(j)).member_id;
    }

    struct StableGroup {
        std::vector<std::string> members;  // the leader first
        std::int32_t generation = 0;
    };
    // `size` dynamic members in a stable group; each is assigned its own id.
    StableGroup stable(std::size_t size, Join j = {}) {
        std::vector<ReplyId> waiting;
        for (std::size_t i = 0; i < size; ++i) {
            const std::string id = new_id(j);
            Join known = j;
            known.member = id;
            waiting.push_back(join(known));
        }
        while (!answered(waiting[0]))
            pass(milliseconds(1));
        StableGroup made;
        made.generation = joined(waiting[0]).generation;
        const std::string leader = joined(waiting[0]).leader;
        made.members.push_back(leader);
        std::vector<std::pair<std::string, std::string>> assignments;
        for (const ReplyId id : waiting) {
            const std::string& member = joined(id).member_id;
            assignments.emplace_back(member, member);
            if (member != leader) made.members.push_back(member);
        }
        for (std::size_t i = made.members.size(); i-- > 0;) {
            sync(j.group, made.members[i], made.generation,
                 i == 0 ? assignments : std::vector<std::pair<std::string, std::string>>());
        }
        EXPECT_EQ(state(j.group), GroupState::stable);
        return made;
    }

    const GroupConfig config;
    Groups groups;
    Effects effects;
    Now now{MonoTime{seconds(1000)}, WallTime{1'700'000'000'000}};
    std::map<ReplyId, JoinGroupReply> joins;
    std::map<ReplyId, SyncGroupReply> syncs;
    std::deque<Append> queue;
    std::vector<LogRecord> log;
    int ticks = 0;

private:
    ReplyId next_id() { return ReplyId{++last_reply_}; }

    void advance_to(MonoTime to) {
        const auto span = std::chrono::duration_cast<milliseconds>(to - now.mono);
        now.wall = now.wall + span;
        now.mono = to;
    }

    // What waits in the held log, as the host would say it.
    std::vector<TopicPartition> positions_queued(std::string_view group) const {
        std::vector<TopicPartition> positions;
        for (const Append& append : queue)
            for (std::size_t i = 0; i < append.records.size(); ++i) {
                const auto subject = subject_of(append.records[i].key);
                if (subject && subject->topic && subject->group_id == group)
                    positions.push_back({std::string(*subject->topic), subject->partition});
            }
        return positions;
    }

    // Takes what a step left: replies are noted, records appended.
    void settle() {
        while (!effects.replies.empty() || !effects.appends.empty()) {
            Effects taken;
            std::swap(taken, effects);
            for (Effects::Reply& reply : taken.replies) {
                EXPECT_FALSE(answered(reply.id)) << "answered twice";
                if (auto* join = std::get_if<JoinGroupReply>(&reply.reply)) {
                    joins.emplace(reply.id, std::move(*join));
                } else {
                    syncs.emplace(reply.id, std::move(std::get<SyncGroupReply>(reply.reply)));
                }
            }
            for (Append& append : taken.appends) {
                if (held_) {
                    queue.push_back(std::move(append));
                } else {
                    finish(append, ErrorCode::none);
                }
            }
        }
        groups.check();
    }

    void finish(Append& append, ErrorCode error) {
        for (std::size_t i = 0; error == ErrorCode::none && i < append.records.size(); ++i) {
            const RecordView record = append.records[i];
            LogRecord& stored = log.emplace_back();
            stored.key.assign(record.key.begin(), record.key.end());
            if (record.value) stored.value.emplace(record.value->begin(), record.value->end());
            if (!append.replay) continue;
            const Offset offset{static_cast<std::int64_t>(log.size()) - 1};
            EXPECT_EQ(groups.replay(record, offset), Groups::Replayed::applied);
        }
        groups.appended(append.sequel, error, now, effects);
    }

    std::uint64_t last_reply_ = 0;
    std::uint64_t fresh_ = 0;
    bool held_ = false;
};

}  // namespace cauce::coordinator::group::testing
