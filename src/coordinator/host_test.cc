// The host driven by hand: one shard, a clock that moves when told, a log in memory.
#include "coordinator/host.h"

#include "coordinator/group/committed_offsets.h"
#include "coordinator/group/records.h"
#include "coordinator/testing/one_shard.h"
#include "wire/control_batch.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/leave_group_request.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_commit_value.h"
#include "wire/messages/offset_delete_request.h"
#include "wire/messages/sync_group_request.h"
#include "wire/record_frame.h"
#include "wire/testing/old_message.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::coordinator {
namespace {

using runtime::Task;
using testing::MemoryLog;
using testing::OneShard;

template <typename Reply>
using Answer = std::optional<Reply>;

template <typename Reply>
Task<void> into(Task<Reply> task, Answer<Reply>& answer) {
    answer = co_await std::move(task);
}

// A host that leads one partition, the one all groups are in.
class HostTest : public ::testing::Test {
protected:
    void SetUp() override { start({}); }

    void start(GroupConfig config) {
        config.offsets_topic_partitions = 1;
        host = std::make_unique<Host>(shard, config, Logger());
    }
    void lead() {
        host->become_leader(0, LeaderEpoch{1}, log);
        shard.drain();
    }
    // Ends the leadership, takes it up again and loads.
    void restart() {
        log.lose_leadership();
        bool resigned = false;
        spawn_resign(resigned);
        EXPECT_TRUE(resigned);
        log.lost = false;
        log.hold_appends = false;
        lead();
    }
    void spawn_resign(bool& done) {
        shard.calls().spawn(resign(*host, done));
        shard.drain();
    }
    static Task<void> resign(Host& host, bool& done) {
        co_await host.resign(0);
        done = true;
    }
    static Task<void> close(Host& host, bool& done) {
        co_await host.close();
        done = true;
    }

    template <typename Reply>
    void ask(Task<Reply> task, Answer<Reply>& answer) {
        answer.reset();
        shard.calls().spawn(into(std::move(task), answer));
        shard.drain();
    }
    template <typename Reply>
    Reply now(Task<Reply> task) {
        Answer<Reply> answer;
        ask(std::move(task), answer);
        EXPECT_TRUE(answer.has_value()) << "not answered at once";
        return answer.value_or(Reply());
    }

    static RequestInfo info(std::int16_t version = 9) { return {"client", "/127.0.0.1", version}; }

    static wire::JoinGroupRequest join_request(std::string_view member,
                                               std::string_view group = "g") {
        wire::JoinGroupRequest request;
        request.group_id = group;
        request.member_id = member;
        request.protocol_type = "consumer";
        request.session_timeout_ms = 10'000;
        request.rebalance_timeout_ms = 60'000;
        auto& protocol = request.protocols.emplace_back();
        protocol.name = "range";
        return request;
    }
    static wire::OffsetCommitRequest commit_request(std::int64_t offset,
                                                    std::string_view group = "g",
                                                    std::int32_t partition = 0) {
        wire::OffsetCommitRequest request;
        request.group_id = group;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        auto& one = topic.partitions.emplace_back();
        one.partition_index = partition;
        one.committed_offset = offset;
        return request;
    }
    static ErrorCode error_of(const OffsetCommitReply& reply) {
        return reply.topics.at(0).partitions.at(0).error;
    }

    ErrorCode commit(std::int64_t offset) {
        const auto request = commit_request(offset);
        return error_of(now(host->commit_offsets(request, info())));
    }
    OffsetFetchReply fetch(bool stable = false) {
        OffsetFetchQuery query{"g", std::nullopt, stable};
        return now(host->fetch_offsets(query));
    }
    std::int64_t committed() {
        const OffsetFetchReply reply = fetch();
        EXPECT_EQ(reply.error, ErrorCode::none);
        if (reply.topics.empty()) return -1;
        return reply.topics[0].partitions[0].committed.value;
    }

    // A member alone in a stable group of generation 1.
    std::string stable_member() {
        const auto first = join_request("");
        const std::string id = now(host->join_group(first, info())).member_id;
        const auto second = join_request(id);
        Answer<JoinGroupReply> joined;
        ask(host->join_group(second, info()), joined);
        shard.pass(milliseconds(3'000));
        EXPECT_TRUE(joined && joined->generation == 1);
        wire::SyncGroupRequest sync;
        sync.group_id = "g";
        sync.member_id = id;
        sync.generation_id = 1;
        EXPECT_EQ(now(host->sync_group(sync, info(4))).error, ErrorCode::none);
        return id;
    }
    ErrorCode heartbeat(std::string_view member, std::int32_t generation) {
        wire::HeartbeatRequest request;
        request.group_id = "g";
        request.member_id = member;
        request.generation_id = generation;
        return now(host->heartbeat(request, info(4))).error;
    }

    OneShard shard;
    MemoryLog log{shard};
    std::unique_ptr<Host> host;
};

TEST_F(HostTest, AGroupFromJoinToCommitAndBackFromTheLog) {
    lead();
    const std::string member = stable_member();
    auto request = commit_request(42);
    request.member_id = member;
    request.generation_id_or_member_epoch = 1;
    EXPECT_EQ(error_of(now(host->commit_offsets(request, info()))), ErrorCode::none);
    EXPECT_EQ(committed(), 42);
    EXPECT_EQ(log.records(), 3u);
    restart();
    EXPECT_EQ(committed(), 42);
    EXPECT_EQ(heartbeat(member, 1), ErrorCode::none);
    shard.pass(milliseconds(10'000));
    EXPECT_EQ(heartbeat(member, 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(now(host->describe_group("g", info(6))).state, "Empty");
}

TEST_F(HostTest, WhoeverDoesNotLeadSaysSo) {
    const auto join = join_request("");
    EXPECT_EQ(now(host->join_group(join, info())).error, ErrorCode::not_coordinator);
    EXPECT_EQ(heartbeat("m", 1), ErrorCode::not_coordinator);
    EXPECT_EQ(commit(1), ErrorCode::not_coordinator);
    EXPECT_EQ(fetch().error, ErrorCode::not_coordinator);
    EXPECT_EQ(now(host->describe_group("g", info(6))).error, ErrorCode::not_coordinator);
    wire::SyncGroupRequest sync;
    sync.group_id = "g";
    EXPECT_EQ(now(host->sync_group(sync, info(4))).error, ErrorCode::not_coordinator);
    wire::LeaveGroupRequest leave;
    leave.group_id = "g";
    EXPECT_EQ(now(host->leave_group(leave, info(5))).error, ErrorCode::not_coordinator);
    // Nothing to list is no error.
    EXPECT_EQ(now(host->list_groups({})), ListGroupsReply());
}

TEST_F(HostTest, WhatIsWrongWhateverTheGroupIsSaidByAnyone) {
    auto join = join_request("m", "");
    EXPECT_EQ(now(host->join_group(join, info())).error, ErrorCode::invalid_group_id);
    EXPECT_EQ(now(host->join_group(join, info())).member_id, "m");
    join = join_request("m");
    join.session_timeout_ms = 1;
    EXPECT_EQ(now(host->join_group(join, info())).error, ErrorCode::invalid_session_timeout);
    wire::SyncGroupRequest sync;
    EXPECT_EQ(now(host->sync_group(sync, info(4))).error, ErrorCode::invalid_group_id);
    EXPECT_EQ(now(host->sync_group(sync, info(5))).error, ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(now(host->heartbeat({}, info(4))).error, ErrorCode::invalid_group_id);
    EXPECT_EQ(now(host->leave_group({}, info(5))).error, ErrorCode::invalid_group_id);
}

TEST_F(HostTest, WhileItLoadsItAsksForPatience) {
    log.hold_reads = true;
    lead();
    const auto join = join_request("");
    EXPECT_EQ(now(host->join_group(join, info())).error, ErrorCode::coordinator_load_in_progress);
    EXPECT_EQ(heartbeat("m", 1), ErrorCode::none);
    EXPECT_EQ(commit(1), ErrorCode::coordinator_load_in_progress);
    EXPECT_EQ(fetch().error, ErrorCode::coordinator_load_in_progress);
    EXPECT_EQ(now(host->list_groups({})).error, ErrorCode::coordinator_load_in_progress);
    log.hold_reads = false;
    log.moved();
    EXPECT_EQ(commit(1), ErrorCode::none);
}

TEST_F(HostTest, ALogThatCannotBeReadIsNotServed) {
    log.read_error = ErrorCode::kafka_storage_error;
    lead();
    EXPECT_EQ(commit(1), ErrorCode::not_coordinator);
    EXPECT_EQ(now(host->list_groups({})), ListGroupsReply());
    bool resigned = false;
    spawn_resign(resigned);
    EXPECT_TRUE(resigned);
    log.read_error.reset();
    log.batches.push_back(Buffer(100, 0));
    lead();
    EXPECT_EQ(commit(1), ErrorCode::not_coordinator);
}

TEST_F(HostTest, ACommitIsAnsweredAndSeenOnceItIsCommitted) {
    lead();
    log.hold_appends = true;
    const auto request = commit_request(5);
    Answer<OffsetCommitReply> answer;
    ask(host->commit_offsets(request, info()), answer);
    EXPECT_FALSE(answer.has_value());
    EXPECT_EQ(committed(), -1);
    // A fetch that wants stable positions waits for it.
    OffsetFetchQuery query{"g", std::nullopt, true};
    Answer<OffsetFetchReply> fetched;
    ask(host->fetch_offsets(query), fetched);
    EXPECT_FALSE(fetched.has_value());
    log.hold_appends = false;
    log.moved();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(error_of(*answer), ErrorCode::none);
    ASSERT_TRUE(fetched.has_value());
    EXPECT_EQ(fetched->topics.at(0).partitions.at(0).committed, Offset{5});
}

TEST_F(HostTest, CommitsOfATurnShareABatchAndThoseThatComeMeanwhileTheNext) {
    lead();
    log.hold_appends = true;
    std::vector<wire::OffsetCommitRequest> requests;
    for (std::int32_t i = 0; i < 30; ++i)
        requests.push_back(commit_request(i, "g", i));
    std::vector<Answer<OffsetCommitReply>> answers(30);
    for (std::size_t i = 0; i < 10; ++i)
        shard.calls().spawn(into(host->commit_offsets(requests[i], info()), answers[i]));
    shard.drain();
    EXPECT_EQ(log.appends, 1);
    for (std::size_t i = 10; i < 30; ++i)
        ask(host->commit_offsets(requests[i], info()), answers[i]);
    EXPECT_EQ(log.appends, 1);
    log.hold_appends = false;
    log.moved();
    EXPECT_EQ(log.appends, 2);
    EXPECT_EQ(wire::parse_batch(log.batches.at(0))->count(), 10);
    EXPECT_EQ(wire::parse_batch(log.batches.at(1))->count(), 20);
    for (const auto& answer : answers)
        EXPECT_TRUE(answer && error_of(*answer) == ErrorCode::none);
    EXPECT_EQ(fetch().topics.at(0).partitions.size(), 30u);
}

TEST_F(HostTest, BatchesKeepToTheSizeThatTheLogTakes) {
    start({.batch_bytes_max = 1'000});
    lead();
    log.hold_appends = true;
    std::vector<wire::OffsetCommitRequest> requests;
    const std::string metadata(300, 'x');
    for (std::int32_t i = 0; i < 5; ++i) {
        requests.push_back(commit_request(i, "g", i));
        requests.back().topics[0].partitions[0].committed_metadata = metadata;
    }
    // The third is larger than any batch.
    const std::string huge(2'000, 'x');
    requests[2].topics[0].partitions[0].committed_metadata = huge;
    std::vector<Answer<OffsetCommitReply>> answers(5);
    for (std::size_t i = 0; i < 5; ++i)
        shard.calls().spawn(into(host->commit_offsets(requests[i], info()), answers[i]));
    shard.drain();
    log.hold_appends = false;
    log.moved();
    EXPECT_EQ(log.batches.size(), 2u);
    for (const Buffer& batch : log.batches)
        EXPECT_LE(batch.size(), 1'000u);
    for (std::size_t i = 0; i < 5; ++i) {
        ASSERT_TRUE(answers[i].has_value());
        EXPECT_EQ(error_of(*answers[i]),
                  i == 2 ? ErrorCode::unknown_server_error : ErrorCode::none);
    }
}

TEST_F(HostTest, AFailedAppendIsToldAsClientsKnowIt) {
    lead();
    struct Case {
        ErrorCode log;
        ErrorCode client;
    };
    const Case cases[] = {
        {ErrorCode::not_enough_replicas, ErrorCode::coordinator_not_available},
        {ErrorCode::not_leader_or_follower, ErrorCode::not_coordinator},
        {ErrorCode::kafka_storage_error, ErrorCode::not_coordinator},
        {ErrorCode::message_too_large, ErrorCode::unknown_server_error},
    };
    for (const Case& c : cases) {
        log.append_error = c.log;
        EXPECT_EQ(commit(7), c.client);
    }
    log.append_error.reset();
    EXPECT_EQ(committed(), -1);
    EXPECT_EQ(commit(8), ErrorCode::none);
    EXPECT_EQ(committed(), 8);
}

TEST_F(HostTest, NobodyWaitsForTheLogLongerThanTheCommitTimeout) {
    lead();
    log.hold_appends = true;
    const auto first = commit_request(5, "g", 0);
    const auto second = commit_request(6, "g", 1);
    Answer<OffsetCommitReply> in_flight, queued;
    ask(host->commit_offsets(first, info()), in_flight);
    shard.pass(milliseconds(1'000));
    ask(host->commit_offsets(second, info()), queued);
    Answer<OffsetFetchReply> stable;
    OffsetFetchQuery query{"g", std::nullopt, true};
    ask(host->fetch_offsets(query), stable);
    shard.pass(milliseconds(3'999));
    EXPECT_FALSE(in_flight.has_value());
    shard.pass(milliseconds(1));
    ASSERT_TRUE(in_flight.has_value());
    EXPECT_EQ(error_of(*in_flight), ErrorCode::coordinator_not_available);
    EXPECT_FALSE(queued.has_value());
    shard.pass(milliseconds(1'000));
    ASSERT_TRUE(queued.has_value());
    EXPECT_EQ(error_of(*queued), ErrorCode::coordinator_not_available);
    ASSERT_TRUE(stable.has_value());
    EXPECT_EQ(stable->error, ErrorCode::not_coordinator);
    // What was under way is committed after all, and counts; what had not begun never happened.
    log.hold_appends = false;
    log.moved();
    const OffsetFetchReply reply = fetch();
    ASSERT_EQ(reply.topics.at(0).partitions.size(), 1u);
    EXPECT_EQ(reply.topics[0].partitions[0].committed, Offset{5});
    EXPECT_EQ(commit(9), ErrorCode::none);
}

TEST_F(HostTest, ResigningTellsEveryoneAtOnceAndEndsWhenTheLogIsLetGo) {
    lead();
    const std::string member = stable_member();
    // One waits to join, one for a commit, one in the queue behind it.
    const auto other = join_request("");
    const std::string id = now(host->join_group(other, info())).member_id;
    const auto joining = join_request(id);
    Answer<JoinGroupReply> joined;
    ask(host->join_group(joining, info()), joined);
    log.hold_appends = true;
    const auto first = commit_request(5, "h");
    Answer<OffsetCommitReply> a, b;
    ask(host->commit_offsets(first, info()), a);
    ask(host->commit_offsets(first, info()), b);
    bool resigned = false;
    spawn_resign(resigned);
    EXPECT_FALSE(resigned);
    ASSERT_TRUE(joined && a && b);
    EXPECT_EQ(joined->error, ErrorCode::not_coordinator);
    EXPECT_EQ(error_of(*a), ErrorCode::not_coordinator);
    EXPECT_EQ(error_of(*b), ErrorCode::not_coordinator);
    EXPECT_EQ(heartbeat(member, 1), ErrorCode::not_coordinator);
    log.lose_leadership();
    EXPECT_TRUE(resigned);
    EXPECT_EQ(log.appends, 3);  // b's was never tried
}

TEST_F(HostTest, ResigningWhileLoadingEndsTheLoad) {
    log.hold_reads = true;
    lead();
    bool resigned = false;
    spawn_resign(resigned);
    EXPECT_FALSE(resigned);
    log.lose_leadership();
    EXPECT_TRUE(resigned);
    spawn_resign(resigned);  // Not led: nothing happens.
    EXPECT_TRUE(resigned);
}

TEST_F(HostTest, ClosingDoesNotWaitForeverForWhatCannotBeCommitted) {
    lead();
    log.hold_appends = true;
    const auto request = commit_request(5);
    Answer<OffsetCommitReply> answer;
    ask(host->commit_offsets(request, info()), answer);
    bool closed = false;
    shard.calls().spawn(close(*host, closed));
    shard.drain();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(error_of(*answer), ErrorCode::not_coordinator);
    EXPECT_FALSE(closed);
    shard.pass(milliseconds(5'000));
    EXPECT_TRUE(closed);
    EXPECT_EQ(commit(6), ErrorCode::coordinator_not_available);
    host->become_leader(1, LeaderEpoch{2}, log);  // Too late: nothing happens.
    EXPECT_EQ(shard.timers().next_deadline(), std::nullopt);
    host.reset();
    log.lose_leadership();
}

TEST_F(HostTest, AHostThatVanishesLeavesNothingBehind) {
    lead();
    const auto other = join_request("");
    const std::string id = now(host->join_group(other, info())).member_id;
    const auto joining = join_request(id);
    Answer<JoinGroupReply> joined;
    ask(host->join_group(joining, info()), joined);
    log.hold_appends = true;
    const auto request = commit_request(5, "h");
    Answer<OffsetCommitReply> answer;
    ask(host->commit_offsets(request, info()), answer);
    host.reset();  // With both still waiting: a crash in the simulation.
    log.moved();
    shard.pass(milliseconds(60'000));
    EXPECT_FALSE(joined.has_value());
    EXPECT_FALSE(answer.has_value());
    EXPECT_EQ(shard.timers().next_deadline(), std::nullopt);
}

TEST_F(HostTest, ARequestThatVanishesWhileItWaitsHarmsNobody) {
    lead();
    const auto other = join_request("");
    const std::string id = now(host->join_group(other, info())).member_id;
    const auto joining = join_request(id);
    log.hold_appends = true;
    const auto request = commit_request(5, "h");
    {
        runtime::TaskGroup doomed(shard.ready());
        Answer<JoinGroupReply> joined;
        Answer<OffsetCommitReply> in_flight, queued;
        doomed.spawn(into(host->join_group(joining, info()), joined));
        doomed.spawn(into(host->commit_offsets(request, info()), in_flight));
        shard.drain();
        doomed.spawn(into(host->commit_offsets(request, info()), queued));
        shard.drain();
    }
    log.hold_appends = false;
    log.moved();
    shard.pass(milliseconds(3'000));
    EXPECT_EQ(now(host->describe_group("g", info(6))).state, "CompletingRebalance");
    OffsetFetchQuery query{"h", std::nullopt, false};
    EXPECT_EQ(now(host->fetch_offsets(query)).topics.size(), 1u);
}

TEST_F(HostTest, LeavingWaitsForTheRecordOfTheEmptyGroup) {
    lead();
    const std::string member = stable_member();
    log.hold_appends = true;
    wire::LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.members.emplace_back().member_id = member;
    Answer<LeaveGroupReply> left;
    ask(host->leave_group(leave, info(5)), left);
    EXPECT_FALSE(left.has_value());
    log.hold_appends = false;
    log.moved();
    ASSERT_TRUE(left.has_value());
    EXPECT_EQ(left->error, ErrorCode::none);
    EXPECT_EQ(left->members.at(0).error, ErrorCode::none);
    EXPECT_EQ(now(host->describe_group("g", info(6))).state, "Empty");
}

TEST_F(HostTest, IdleCostsNothingAndHeartbeatsMoveNoTimer) {
    lead();
    shard.pass(milliseconds(10'000));
    EXPECT_EQ(shard.alarms, 0);
    const std::string member = stable_member();
    const int before = shard.alarms;
    for (int i = 0; i < 300; ++i) {
        shard.pass(milliseconds(3'000));
        EXPECT_EQ(heartbeat(member, 1), ErrorCode::none);
    }
    // 900 s: one look at the session every 7 s or more, and one at the retention of offsets.
    EXPECT_LE(shard.alarms - before, 900 / 7 + 2);
}

TEST_F(HostTest, ASignOfLifeFromOneWhoWaitsSetsTheClockAgain) {
    // The session of one runs out while it waits for two, which counts for nothing; then it sends a
    // heartbeat, and from there on silence would count again.
    lead();
    auto one = join_request("");
    one.group_instance_id = "one";
    auto two = join_request("");
    two.group_instance_id = "two";
    two.session_timeout_ms = 1'800'000;
    Answer<JoinGroupReply> joined_one, joined_two;
    ask(host->join_group(one, info()), joined_one);
    ask(host->join_group(two, info()), joined_two);
    shard.pass(milliseconds(6'000));
    ASSERT_TRUE(joined_one && joined_two);
    const std::string id = joined_one->member_id;
    for (const std::string& member : {joined_two->member_id, id}) {
        wire::SyncGroupRequest sync;
        sync.group_id = "g";
        sync.member_id = member;
        sync.generation_id = 1;
        Answer<SyncGroupReply> synced;
        ask(host->sync_group(sync, info(4)), synced);
    }
    one.member_id = id;
    one.protocols[0].metadata = as_bytes("new topics");
    Answer<JoinGroupReply> waiting;
    ask(host->join_group(one, info()), waiting);
    shard.pass(milliseconds(11'000));
    EXPECT_FALSE(waiting.has_value());
    EXPECT_GT(*shard.timers().next_deadline(), shard.now() + milliseconds(40'000));
    EXPECT_EQ(heartbeat(id, 1), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(*shard.timers().next_deadline(), shard.now() + milliseconds(10'000));
}

TEST_F(HostTest, OffsetsThatNobodyRenewsExpire) {
    lead();
    EXPECT_EQ(commit(5), ErrorCode::none);
    shard.pass(group::kOffsetsRetention - milliseconds(1'000));
    EXPECT_EQ(committed(), 5);
    shard.pass(group::kOffsetsRetentionCheckInterval + milliseconds(1'000));
    EXPECT_EQ(committed(), -1);
    EXPECT_TRUE(now(host->list_groups({})).groups.empty());
    EXPECT_EQ(log.records(), 3u);  // the commit, its tombstone, the group's
    restart();
    EXPECT_TRUE(now(host->list_groups({})).groups.empty());
}

TEST_F(HostTest, ACommitUnderWayIsNotExpiredByWhatWasBeforeIt) {
    lead();
    EXPECT_EQ(commit(5), ErrorCode::none);
    shard.pass(group::kOffsetsRetention - milliseconds(4'000));
    log.hold_appends = true;
    const auto renewed = commit_request(6);
    Answer<OffsetCommitReply> in_flight;
    ask(host->commit_offsets(renewed, info()), in_flight);
    shard.pass(milliseconds(4'000));  // The check comes due while the commit is under way.
    log.hold_appends = false;
    log.moved();
    ASSERT_TRUE(in_flight && error_of(*in_flight) == ErrorCode::none);
    EXPECT_EQ(committed(), 6);
    restart();
    EXPECT_EQ(committed(), 6);
}

// Tombstones of expiry go in front of the queue; a record of the group that waits there would bring
// it back.
TEST_F(HostTest, AGroupWithRecordsInTheQueueExpiresNextTime) {
    lead();
    shard.pass(group::kOffsetsRetentionCheckInterval - milliseconds(10'000));
    const std::string member = stable_member();
    shard.pass(milliseconds(4'000));
    log.hold_appends = true;
    const auto other = commit_request(1, "h");
    Answer<OffsetCommitReply> in_flight;
    ask(host->commit_offsets(other, info()), in_flight);
    wire::LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.members.emplace_back().member_id = member;
    Answer<LeaveGroupReply> left;
    ask(host->leave_group(leave, info(5)), left);
    shard.pass(milliseconds(4'000));  // The check comes due: nothing keeps the group but the queue.
    log.hold_appends = false;
    log.moved();
    ASSERT_TRUE(in_flight && left);
    EXPECT_EQ(left->error, ErrorCode::none);
    EXPECT_EQ(now(host->describe_group("g", info(6))).state, "Empty");
    shard.pass(group::kOffsetsRetentionCheckInterval);
    EXPECT_EQ(now(host->describe_group("g", info(6))).state, "Dead");
    restart();
    EXPECT_EQ(now(host->describe_group("g", info(6))).state, "Dead");
    EXPECT_EQ(now(host->describe_group("h", info(6))).state, "Empty");
}

TEST_F(HostTest, AGroupWhoseTombstoneIsRefusedExpiresNextTime) {
    lead();
    EXPECT_EQ(commit(5), ErrorCode::none);
    shard.pass(group::kOffsetsRetention - milliseconds(1'000));
    log.append_error = ErrorCode::not_enough_replicas;
    shard.pass(group::kOffsetsRetentionCheckInterval);
    EXPECT_EQ(committed(), 5);
    EXPECT_EQ(now(host->list_groups({})).groups.size(), 1u);
    log.append_error.reset();
    shard.pass(group::kOffsetsRetentionCheckInterval);
    EXPECT_EQ(committed(), -1);
    restart();
    EXPECT_TRUE(now(host->list_groups({})).groups.empty());
}

TEST_F(HostTest, DeletesGroupsAndEachHasItsAnswer) {
    lead();
    const std::string member = stable_member();
    for (const char* name : {"a", "b"}) {
        const auto request = commit_request(1, name);
        EXPECT_EQ(error_of(now(host->commit_offsets(request, info()))), ErrorCode::none);
    }
    const int appends = log.appends;
    const std::vector<std::string_view> names{"a", "g", "none", "b"};
    const std::vector<DeleteGroupReply> replies = now(host->delete_groups(names));
    EXPECT_EQ(replies,
              (std::vector<DeleteGroupReply>{{"a", ErrorCode::none, std::nullopt},
                                             {"g", ErrorCode::non_empty_group, std::nullopt},
                                             {"none", ErrorCode::group_id_not_found, std::nullopt},
                                             {"b", ErrorCode::none, std::nullopt}}));
    EXPECT_EQ(log.appends, appends + 1);  // all in one batch
    EXPECT_EQ(now(host->list_groups({})).groups.size(), 1u);
    EXPECT_EQ(heartbeat(member, 1), ErrorCode::none);
    restart();
    EXPECT_EQ(now(host->list_groups({})).groups.size(), 1u);
}

TEST_F(HostTest, ADeletionIsAnsweredOnceItIsCommitted) {
    lead();
    EXPECT_EQ(commit(5), ErrorCode::none);
    log.hold_appends = true;
    // A commit that is under way goes too: it stands in front.
    const auto late = commit_request(6, "g", 1);
    Answer<OffsetCommitReply> committing;
    ask(host->commit_offsets(late, info()), committing);
    Answer<std::vector<DeleteGroupReply>> deleted;
    ask(host->delete_groups({"g"}), deleted);
    EXPECT_FALSE(deleted.has_value());
    log.hold_appends = false;
    log.moved();
    ASSERT_TRUE(committing && deleted);
    EXPECT_EQ(error_of(*committing), ErrorCode::none);
    EXPECT_EQ(deleted->at(0).error, ErrorCode::none);
    EXPECT_TRUE(now(host->list_groups({})).groups.empty());
    restart();
    EXPECT_TRUE(now(host->list_groups({})).groups.empty());
    EXPECT_TRUE(fetch().topics.empty());
}

TEST_F(HostTest, ADeletionThatIsNotCommittedDidNotHappen) {
    lead();
    EXPECT_EQ(commit(5), ErrorCode::none);
    log.append_error = ErrorCode::not_enough_replicas;
    EXPECT_EQ(now(host->delete_groups({"g"})).at(0).error, ErrorCode::coordinator_not_available);
    EXPECT_EQ(committed(), 5);
    log.append_error.reset();
    // Late is not never: what comes to stand in the log after all, counts.
    log.hold_appends = true;
    Answer<std::vector<DeleteGroupReply>> deleted;
    ask(host->delete_groups({"g"}), deleted);
    shard.pass(milliseconds(5'000));
    ASSERT_TRUE(deleted.has_value());
    EXPECT_EQ(deleted->at(0).error, ErrorCode::coordinator_not_available);
    EXPECT_EQ(committed(), 5);
    log.hold_appends = false;
    log.moved();
    EXPECT_EQ(committed(), -1);
    EXPECT_EQ(now(host->delete_groups({"g"})).at(0).error, ErrorCode::none);
    EXPECT_TRUE(now(host->list_groups({})).groups.empty());
    restart();
    EXPECT_TRUE(now(host->list_groups({})).groups.empty());
}

TEST_F(HostTest, WhoeverDoesNotLeadDeletesNothing) {
    wire::OffsetDeleteRequest request;
    EXPECT_EQ(now(host->delete_offsets(request, info(0))).error, ErrorCode::invalid_group_id);
    request.group_id = "g";
    EXPECT_EQ(now(host->delete_groups({"g"})).at(0).error, ErrorCode::not_coordinator);
    EXPECT_EQ(now(host->delete_offsets(request, info(0))).error, ErrorCode::not_coordinator);
    log.hold_reads = true;
    lead();
    EXPECT_EQ(now(host->delete_groups({"g"})).at(0).error, ErrorCode::coordinator_load_in_progress);
    EXPECT_EQ(now(host->delete_offsets(request, info(0))).error,
              ErrorCode::coordinator_load_in_progress);
    log.hold_reads = false;
    log.moved();
    EXPECT_EQ(now(host->delete_offsets(request, info(0))).error, ErrorCode::group_id_not_found);
    bool closed = false;
    shard.calls().spawn(close(*host, closed));
    shard.drain();
    EXPECT_EQ(now(host->delete_groups({"g"})).at(0).error, ErrorCode::coordinator_not_available);
    EXPECT_EQ(now(host->delete_offsets(request, info(0))).error,
              ErrorCode::coordinator_not_available);
}

TEST_F(HostTest, DeletesPositionsAndSaysSoOnceItIsCommitted) {
    lead();
    EXPECT_EQ(commit(5), ErrorCode::none);
    wire::OffsetDeleteRequest request;
    request.group_id = "g";
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().partition_index = 0;
    log.append_error = ErrorCode::not_enough_replicas;
    EXPECT_EQ(now(host->delete_offsets(request, info(0))),
              (OffsetDeleteReply{ErrorCode::coordinator_not_available, {}}));
    EXPECT_EQ(committed(), 5);
    log.append_error.reset();
    log.hold_appends = true;
    Answer<OffsetDeleteReply> answer;
    ask(host->delete_offsets(request, info(0)), answer);
    EXPECT_FALSE(answer.has_value());
    EXPECT_EQ(committed(), 5);
    log.hold_appends = false;
    log.moved();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(*answer, (OffsetDeleteReply{ErrorCode::none, {{"t", {{0, ErrorCode::none}}}}}));
    EXPECT_EQ(committed(), -1);
    restart();
    EXPECT_EQ(committed(), -1);
}

TEST_F(HostTest, PositionsInDeletedTopicsAreForgotten) {
    lead();
    EXPECT_EQ(commit(5), ErrorCode::none);
    const TopicPartition gone[] = {{"t", 0}};
    host->partitions_deleted(gone);
    shard.drain();
    EXPECT_EQ(committed(), -1);
    restart();
    EXPECT_EQ(committed(), -1);
}

TEST_F(HostTest, ReadsALogThatApacheKafkaWroteWithTransactions) {
    const auto batch = [&](wire::BatchOptions options, std::int32_t partition,
                           std::int64_t offset) {
        group::RecordList records;
        group::CommittedOffset committed;
        committed.committed = Offset{offset};
        records.offset_commit("g", "t", partition, committed);
        options.base_offset = Offset{static_cast<std::int64_t>(log.records())};
        wire::BatchBuilder builder(options);
        builder.append(1, wire::Bytes(records[0].key), wire::Bytes(*records[0].value));
        log.batches.push_back(*builder.build());
    };
    const auto marker = [&](std::int64_t producer, bool commit) {
        wire::BatchOptions options;
        options.base_offset = Offset{static_cast<std::int64_t>(log.records())};
        options.producer_id = ProducerId{producer};
        options.producer_epoch = 0;
        options.transactional = true;
        log.batches.push_back(wire::end_transaction_batch(options, 1, commit, 0));
    };
    const auto in_transaction = [](std::int64_t producer) {
        wire::BatchOptions options;
        options.producer_id = ProducerId{producer};
        options.producer_epoch = 0;
        options.transactional = true;
        options.codec = wire::Codec::lz4;
        return options;
    };
    batch({}, 0, 1);
    batch(in_transaction(7), 1, 2);
    batch(in_transaction(8), 2, 3);
    marker(7, true);
    marker(8, false);
    batch(in_transaction(9), 3, 4);
    lead();
    const OffsetFetchReply reply = fetch();
    ASSERT_EQ(reply.topics.at(0).partitions.size(), 2u);
    EXPECT_EQ(reply.topics[0].partitions[0].committed, Offset{1});
    EXPECT_EQ(reply.topics[0].partitions[1].committed, Offset{2});
    const std::int32_t open[] = {3};
    OffsetFetchQuery query{"g", std::vector{OffsetFetchQuery::Topic{"t", {}, open}}, true};
    EXPECT_EQ(now(host->fetch_offsets(query)).topics.at(0).partitions.at(0).error,
              ErrorCode::unstable_offset_commit);
}

TEST_F(HostTest, ReadsALogThatBrokersOfBefore011Wrote) {
    const auto commit_of = [](std::int32_t partition, std::int64_t offset,
                              wire::testing::OldMessage message) {
        group::RecordList records;
        group::CommittedOffset committed;
        committed.committed = Offset{offset};
        records.offset_commit("g", "t", partition, committed);
        message.key.emplace(records[0].key.begin(), records[0].key.end());
        message.value.emplace(records[0].value->begin(), records[0].value->end());
        return encode(message);
    };
    log.batches.push_back(commit_of(0, 1, {.offset = 0, .magic = 0}));
    log.batches.push_back(commit_of(1, 2, {.offset = 1}));
    // Two in a wrapper.
    Buffer inside = commit_of(0, 3, {.offset = 0});
    const Buffer second = commit_of(2, 4, {.offset = 1});
    inside.insert(inside.end(), second.begin(), second.end());
    const Buffer packed = wire::compress(wire::Codec::gzip, inside).value();
    constexpr std::uint8_t kGzip = 1;
    log.batches.push_back(
        wire::testing::encode({.offset = 3, .attributes = kGzip, .value = packed}));
    lead();
    const OffsetFetchReply reply = fetch();
    ASSERT_EQ(reply.topics.at(0).partitions.size(), 3u);
    EXPECT_EQ(reply.topics[0].partitions[0].committed, Offset{3});
    EXPECT_EQ(reply.topics[0].partitions[1].committed, Offset{2});
    EXPECT_EQ(reply.topics[0].partitions[2].committed, Offset{4});
}

TEST_F(HostTest, ALogWithADamagedOldMessageIsNotServed) {
    log.batches.push_back(wire::testing::encode({.attributes = 1}));  // compressed, it says
    lead();
    EXPECT_EQ(commit(1), ErrorCode::not_coordinator);
}

TEST_F(HostTest, MembersAreShownWithWhatTheyAreToRead) {
    lead();
    int seen = 0;
    bool known = false;
    const Host::VisitMember visit = [&](std::string_view group_id, std::string_view client_id,
                                        std::string_view client_host,
                                        const std::vector<TopicPartition>* assigned) {
        ++seen;
        EXPECT_EQ(group_id, "g");
        EXPECT_EQ(client_id, "client");
        EXPECT_EQ(client_host, "/127.0.0.1");
        known = assigned != nullptr;
        if (known) EXPECT_TRUE(assigned->empty());  // it left itself out
    };
    const std::string member = stable_member();
    host->for_each_member(visit);
    EXPECT_EQ(seen, 1);
    EXPECT_TRUE(known);
    // A rebalance begins.
    const auto request = join_request("");
    const std::string other = now(host->join_group(request, info())).member_id;
    const auto known_request = join_request(other);
    Answer<JoinGroupReply> joining;
    ask(host->join_group(known_request, info()), joining);
    host->for_each_member(visit);
    EXPECT_EQ(seen, 3);
    EXPECT_FALSE(known);
    EXPECT_EQ(heartbeat(member, 1), ErrorCode::rebalance_in_progress);
}

TEST_F(HostTest, ServesTheGroupsOfItsPartitionsOnly) {
    host->set_partition_count(50);
    host->become_leader(host->partition_for("g"), LeaderEpoch{1}, log);
    shard.drain();
    EXPECT_EQ(host->partition_for("my-group"), 12);
    EXPECT_EQ(commit(1), ErrorCode::none);
    const auto other = commit_request(1, "my-group");
    EXPECT_EQ(error_of(now(host->commit_offsets(other, info()))), ErrorCode::not_coordinator);
    int seen = 0;
    host->for_each_committed([&](std::string_view group_id, std::string_view topic,
                                 std::int32_t partition, Offset offset) {
        ++seen;
        EXPECT_EQ(group_id, "g");
        EXPECT_EQ(topic, "t");
        EXPECT_EQ(partition, 0);
        EXPECT_EQ(offset, Offset{1});
    });
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace cauce::coordinator
