// The ends of groups and positions that someone asks for.
#include "coordinator/group/committed_offsets.h"
#include "coordinator/group/subscribed_topics.h"
#include "coordinator/group/testing/bench.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::coordinator::group {
namespace {

using testing::Bench;
using Partitions = std::vector<OffsetDeleteReply::Partition>;

// A subscription of version 0: version, topics, no user data.
std::string subscription(const std::vector<std::string>& topics) {
    std::string text("\0\0\0\0\0", 5);
    text += static_cast<char>(topics.size());
    for (const std::string& topic : topics) {
        text += '\0';
        text += static_cast<char>(topic.size());
        text += topic;
    }
    return text + "\xff\xff\xff\xff";
}

// What the log says of groups and positions, as a coordinator that reads it anew sees it.
struct FromLog {
    explicit FromLog(const Bench& bench) { bench.replay_into(read.groups); }
    bool has_group(std::string_view group = "g") const {
        return read.groups.find(group) != nullptr;
    }
    std::int64_t committed(std::int32_t partition = 0) const {
        return read.committed("g", "t", partition);
    }
    Bench read;
};

// --- DeleteGroups

TEST(DeleteGroup, AnEmptyGroupGoesWithItsPositions) {
    Bench bench;
    const auto group = bench.stable(1);
    const std::string& member = group.members[0];
    bench.commit({.member = member, .generation = 1, .topic = "t", .partition = 0, .offset = 4});
    bench.commit({.member = member, .generation = 1, .topic = "u", .partition = 2, .offset = 5});
    bench.leave("g", {{member, std::nullopt}});
    const std::size_t before = bench.log.size();
    EXPECT_EQ(bench.delete_group("g"), (DeleteGroupReply{"g", ErrorCode::none, std::nullopt}));
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(bench.groups.next_deadline(), std::nullopt);
    // A tombstone each for the positions, and the group's last.
    ASSERT_EQ(bench.log.size(), before + 3);
    for (std::size_t i = before; i < bench.log.size(); ++i)
        EXPECT_EQ(bench.log[i].value, std::nullopt);
    const auto last = subject_of(bench.log.back().key);
    ASSERT_TRUE(last.has_value());
    EXPECT_EQ(last->group_id, "g");
    EXPECT_EQ(last->topic, std::nullopt);
    const FromLog log(bench);
    EXPECT_EQ(log.read.groups.size(), 0u);
}

TEST(DeleteGroup, OneThatOnlyCommittedGoesToo) {
    Bench bench;
    bench.commit({.offset = 4});
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(bench.committed("g"), -1);
}

TEST(DeleteGroup, WhatIsNotThereIsNotFound) {
    Bench bench;
    EXPECT_EQ(bench.delete_group("g"),
              (DeleteGroupReply{"g", ErrorCode::group_id_not_found, std::nullopt}));
    EXPECT_EQ(bench.delete_group("").error, ErrorCode::group_id_not_found);
    EXPECT_TRUE(bench.log.empty());
}

TEST(DeleteGroup, SomeoneInItKeepsIt) {
    Bench bench;
    const std::string member = bench.new_id({});
    bench.join({.member = member});
    ASSERT_EQ(bench.state(), GroupState::preparing_rebalance);
    EXPECT_EQ(bench.delete_group("g"),
              (DeleteGroupReply{"g", ErrorCode::non_empty_group, std::nullopt}));
    bench.pass(kInitialRebalanceDelay);
    ASSERT_EQ(bench.state(), GroupState::completing_rebalance);
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::non_empty_group);
    bench.sync("g", member, 1, {{member, "all"}});
    ASSERT_EQ(bench.state(), GroupState::stable);
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::non_empty_group);
    EXPECT_EQ(bench.heartbeat("g", member, 1), ErrorCode::none);
}

TEST(DeleteGroup, SomeoneOnTheWayBeginsAnew) {
    Bench bench;
    const std::string member = bench.new_id({});
    ASSERT_EQ(bench.state(), GroupState::empty);
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(bench.joined(bench.join({.member = member})).error, ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.stable(1).generation, 1);
}

TEST(DeleteGroup, AGroupOfAnotherProtocolIsNotOursToDelete) {
    Bench bench;
    // The key of a ConsumerGroupMetadata record, type 3, of group "g".
    const Buffer key = testing::bytes(std::string_view("\0\3\0\1g", 5));
    const Buffer value(6, 0);
    ASSERT_EQ(bench.groups.replay({key, BytesView(value)}, Offset{0}), Groups::Replayed::applied);
    const DeleteGroupReply reply = bench.delete_group("g");
    EXPECT_EQ(reply.error, ErrorCode::non_empty_group);
    EXPECT_TRUE(reply.error_message.has_value());
    EXPECT_EQ(bench.delete_offsets("g", "t", {0}).error, ErrorCode::non_empty_group);
    EXPECT_TRUE(bench.log.empty());
}

TEST(DeleteGroup, ACommitUnderWayStandsInFrontAndGoesToo) {
    Bench bench;
    bench.commit({.partition = 0, .offset = 4});
    bench.hold_log();
    bench.commit({.partition = 1, .offset = 5, .queues = true});
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
    ASSERT_EQ(bench.queue.size(), 3u);
    EXPECT_EQ(bench.queue[1].records.size(), 2u);
    bench.finish_next();
    // The group is not made again by what stands in front of its tombstone.
    EXPECT_EQ(bench.groups.find("g"), nullptr);
    EXPECT_EQ(bench.committed("g", "t", 1), -1);
    bench.release_log();
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(FromLog(bench).read.groups.size(), 0u);
}

TEST(DeleteGroup, ACommitThatComesBehindMakesTheGroupAnew) {
    Bench bench;
    bench.commit({.partition = 0, .offset = 4});
    bench.hold_log();
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
    EXPECT_EQ(bench.commit({.partition = 1, .offset = 5, .queues = true}), ErrorCode::none);
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::group_id_not_found);
    bench.release_log();
    ASSERT_NE(bench.groups.find("g"), nullptr);
    EXPECT_EQ(bench.committed("g", "t", 0), -1);
    EXPECT_EQ(bench.committed("g", "t", 1), 5);
    const FromLog log(bench);
    EXPECT_TRUE(log.has_group());
    EXPECT_EQ(log.committed(0), -1);
    EXPECT_EQ(log.committed(1), 5);
}

TEST(DeleteGroup, WhoJoinsBeforeItIsCommittedMakesANewGroup) {
    Bench bench;
    bench.commit({.offset = 4});
    bench.hold_log();
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
    const std::string member = bench.new_id({});
    const ReplyId waiting = bench.join({.member = member});
    bench.release_log();
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    bench.pass(kInitialRebalanceDelay);
    EXPECT_EQ(bench.joined(waiting).generation, 1);
    EXPECT_EQ(bench.committed("g"), -1);
}

// Whatever the log does with the tombstones, memory says what the log says.
TEST(DeleteGroup, WhatTheLogRefusesDidNotHappen) {
    struct Case {
        const char* name;
        ErrorCode positions;
        ErrorCode group;
        bool remains;
        std::int64_t committed;
        ErrorCode again;  // of the next attempt
    };
    const Case cases[] = {
        {"all", ErrorCode::none, ErrorCode::none, false, -1, ErrorCode::group_id_not_found},
        {"nothing", ErrorCode::not_enough_replicas, ErrorCode::not_enough_replicas, true, 4,
         ErrorCode::none},
        {"not in time", ErrorCode::request_timed_out, ErrorCode::request_timed_out, true, 4,
         ErrorCode::none},
        {"the group's alone", ErrorCode::not_enough_replicas, ErrorCode::none, false, -1,
         ErrorCode::none},
        {"the position's alone", ErrorCode::none, ErrorCode::not_enough_replicas, true, -1,
         ErrorCode::none},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        Bench bench;
        const auto group = bench.stable(1);
        bench.commit({.member = group.members[0], .generation = 1, .offset = 4});
        bench.leave("g", {{group.members[0], std::nullopt}});
        bench.hold_log();
        EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
        EXPECT_EQ(bench.state(), GroupState::dead);
        bench.finish_next(c.positions);
        bench.finish_next(c.group);
        EXPECT_EQ(bench.groups.find("g") != nullptr, c.remains);
        EXPECT_EQ(bench.committed("g"), c.committed);
        const FromLog log(bench);
        EXPECT_EQ(log.has_group(), c.remains);
        EXPECT_EQ(log.committed(), c.committed);
        // It can be deleted again, what was left of it too, and a new one knows no old position.
        bench.release_log();
        EXPECT_EQ(bench.delete_group("g").error, c.again);
        EXPECT_EQ(bench.groups.size(), 0u);
        bench.stable(1);
        EXPECT_EQ(bench.committed("g"), -1);
    }
}

TEST(DeleteGroup, ARefusedTombstoneDoesNotBringBackAnOldGroupOverANewOne) {
    Bench bench;
    bench.stable(1);
    bench.pass(milliseconds(10'000));
    ASSERT_EQ(bench.state(), GroupState::empty);
    bench.hold_log();
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
    const std::string member = bench.new_id({});
    bench.join({.member = member});
    bench.finish_next(ErrorCode::not_enough_replicas);
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    EXPECT_EQ(bench.groups.find("g")->generation(), 0);
}

TEST(DeleteGroup, DeletedTwiceWhileTheFirstTombstoneIsUnderWay) {
    Bench bench;
    bench.commit({.partition = 0, .offset = 4});
    bench.hold_log();
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
    bench.new_id({});  // makes it anew, and nobody stays
    EXPECT_EQ(bench.delete_group("g").error, ErrorCode::none);
    bench.release_log();
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(FromLog(bench).read.groups.size(), 0u);
}

TEST(DeleteGroup, PositionsOfOpenTransactionsGoToo) {
    Bench bench;
    RecordList records;
    CommittedOffset committed;
    committed.committed = Offset{7};
    records.offset_commit("g", "t", 3, committed);
    bench.groups.replay(records[0], Offset{0}, ProducerId{1});
    ASSERT_EQ(bench.delete_group("g").error, ErrorCode::none);
    ASSERT_EQ(bench.log.size(), 2u);
    EXPECT_EQ(subject_of(bench.log[0].key)->partition, 3);
    // The end of the transaction brings nothing back.
    bench.groups.replay_transaction_end(ProducerId{1}, true);
    EXPECT_EQ(bench.groups.size(), 0u);
}

TEST(DeleteGroup, ManyTombstonesOfLongNamesStayBelowTheSizeOfABatch) {
    const std::string group(30'000, 'g');
    Bench bench;
    for (std::int32_t p = 0; p < 100; ++p)
        bench.commit({.group = group, .partition = p});
    bench.groups.delete_group(group, {}, bench.effects);
    ASSERT_GT(bench.effects.appends.size(), 2u);
    std::size_t records = 0;
    for (const Append& append : bench.effects.appends) {
        EXPECT_LT(append.records.bytes(), 300'000u);
        records += append.records.size();
    }
    EXPECT_EQ(records, 101u);
}

// --- OffsetDelete

TEST(OffsetDelete, OfAnEmptyGroupTakesAnyPosition) {
    Bench bench;
    bench.commit({.partition = 0, .offset = 4});
    bench.commit({.partition = 1, .offset = 5});
    const OffsetDeleteReply reply = bench.delete_offsets("g", "t", {0, 7});
    EXPECT_EQ(reply.error, ErrorCode::none);
    ASSERT_EQ(reply.topics.size(), 1u);
    EXPECT_EQ(reply.topics[0].name, "t");
    // What was never committed is gone as well.
    EXPECT_EQ(reply.topics[0].partitions, (Partitions{{0, ErrorCode::none}, {7, ErrorCode::none}}));
    EXPECT_EQ(bench.log.size(), 3u);  // two commits, one tombstone
    EXPECT_EQ(bench.committed("g", "t", 0), -1);
    EXPECT_EQ(bench.committed("g", "t", 1), 5);
    EXPECT_EQ(FromLog(bench).committed(0), -1);
    // The group remains, even without a position.
    bench.delete_offsets("g", "t", {1});
    EXPECT_EQ(bench.state(), GroupState::empty);
}

TEST(OffsetDelete, OfAGroupInUseOnlyWhatItDoesNotRead) {
    Bench bench;
    const std::string both = subscription({"t", "v"});
    const auto group = bench.stable(2, {.protocols = {{"range", both}}});
    const std::string& member = group.members[0];
    bench.commit({.member = member, .generation = group.generation, .topic = "t", .offset = 4});
    bench.commit({.member = member, .generation = group.generation, .topic = "u", .offset = 5});
    EXPECT_EQ(bench.delete_offsets("g", "t", {0, 1}).topics.at(0).partitions,
              (Partitions{{0, ErrorCode::group_subscribed_to_topic},
                          {1, ErrorCode::group_subscribed_to_topic}}));
    EXPECT_EQ(bench.committed("g", "t"), 4);
    EXPECT_EQ(bench.delete_offsets("g", "u", {0}).topics.at(0).partitions,
              (Partitions{{0, ErrorCode::none}}));
    EXPECT_EQ(bench.committed("g", "u"), -1);
    EXPECT_EQ(bench.heartbeat("g", member, group.generation), ErrorCode::none);
}

TEST(OffsetDelete, WhoseSubscriptionsAreNotKnownMayReadAnything) {
    Bench bench;
    const std::string member = bench.new_id({});
    bench.join({.member = member});  // No protocol is agreed on yet.
    EXPECT_EQ(bench.delete_offsets("g", "t", {0}).topics.at(0).partitions,
              (Partitions{{0, ErrorCode::group_subscribed_to_topic}}));
    Bench garbled;
    garbled.stable(1, {.protocols = {{"range", "\1"}}});
    EXPECT_EQ(garbled.delete_offsets("g", "t", {0}).topics.at(0).partitions,
              (Partitions{{0, ErrorCode::group_subscribed_to_topic}}));
}

TEST(OffsetDelete, OfAGroupThatIsNotOfConsumersOnlyWhenEmpty) {
    Bench bench;
    const auto group = bench.stable(1, {.type = "connect"});
    EXPECT_EQ(bench.delete_offsets("g", "t", {0}),
              (OffsetDeleteReply{ErrorCode::non_empty_group, {}}));
    bench.leave("g", {{group.members[0], std::nullopt}});
    EXPECT_EQ(bench.delete_offsets("g", "t", {0}).error, ErrorCode::none);
}

TEST(OffsetDelete, OfNoGroupIsNotFound) {
    Bench bench;
    EXPECT_EQ(bench.delete_offsets("g", "t", {0}),
              (OffsetDeleteReply{ErrorCode::group_id_not_found, {}}));
    bench.commit({.offset = 1});
    bench.delete_group("g");
    EXPECT_EQ(bench.delete_offsets("g", "t", {0}).error, ErrorCode::group_id_not_found);
}

TEST(OffsetDelete, ACommitUnderWayStandsInFrontAndGoesToo) {
    Bench bench;
    bench.commit({.partition = 0, .offset = 4});
    bench.hold_log();
    bench.commit({.partition = 1, .offset = 5, .queues = true});
    EXPECT_EQ(bench.delete_offsets("g", "t", {1}).topics.at(0).partitions,
              (Partitions{{1, ErrorCode::none}}));
    bench.release_log();
    EXPECT_EQ(bench.committed("g", "t", 0), 4);
    EXPECT_EQ(bench.committed("g", "t", 1), -1);
}

// --- expiry, when the log refuses

TEST(Expiry, ARefusedTombstoneLeavesTheGroupForTheNextTime) {
    Bench bench;
    bench.commit({.offset = 4});
    bench.pass(kOffsetsRetention);
    bench.hold_log();
    EXPECT_TRUE(bench.expire());
    bench.finish_next(ErrorCode::not_enough_replicas);
    bench.finish_next(ErrorCode::not_enough_replicas);
    EXPECT_EQ(bench.state(), GroupState::empty);
    EXPECT_EQ(bench.committed("g"), 4);
    bench.release_log();
    EXPECT_TRUE(bench.expire());
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(FromLog(bench).read.groups.size(), 0u);
}

// --- what a group reads

TEST(SubscribedTopics, AreThoseOfAllMembers) {
    Bench bench;
    const std::string one = subscription({"a", "b"});
    const std::string two = subscription({"b", "c"});
    const std::string first = bench.new_id({});
    const std::string second = bench.new_id({});
    bench.join({.member = first, .protocols = {{"range", one}}});
    bench.join({.member = second, .protocols = {{"range", two}}});
    bench.pass(2 * kInitialRebalanceDelay);
    ASSERT_EQ(bench.state(), GroupState::completing_rebalance);
    EXPECT_EQ(subscribed_topics(*bench.groups.find("g")), (TopicSet{"a", "b", "c"}));
}

TEST(SubscribedTopics, AreNoneOfAnEmptyGroupAndUnknownOfOthers) {
    Bench bench;
    bench.stable(1);
    EXPECT_EQ(subscribed_topics(*bench.groups.find("g")), std::nullopt);  // garbled
    bench.pass(milliseconds(10'000));
    ASSERT_EQ(bench.state(), GroupState::empty);
    EXPECT_EQ(subscribed_topics(*bench.groups.find("g")), TopicSet());
    bench.commit({.group = "simple", .offset = 1});
    EXPECT_EQ(subscribed_topics(*bench.groups.find("simple")), std::nullopt);
}

}  // namespace
}  // namespace cauce::coordinator::group
