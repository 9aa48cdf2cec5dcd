// Life in a group: SyncGroup, Heartbeat, LeaveGroup, sessions, and static members.
#include "coordinator/group/testing/bench.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cauce::coordinator::group {
namespace {

using testing::Bench;
using testing::Join;
using testing::text;

constexpr milliseconds kDelay = kInitialRebalanceDelay;

// Two members that have joined and owe a sync; the leader first.
struct Joined {
    explicit Joined(Bench& bench) {
        a = bench.new_id({});
        b = bench.new_id({});
        bench.join({.member = a});
        bench.join({.member = b});
        bench.pass(kDelay * 2);
        EXPECT_EQ(bench.state(), GroupState::completing_rebalance);
    }
    std::string a, b;
};

// --- SyncGroup ---

TEST(SyncGroup, HandsOutWhatTheLeaderDecidedOnceItIsCommitted) {
    Bench bench;
    const Joined m(bench);
    bench.hold_log();
    const ReplyId early = bench.sync("g", m.b, 1);
    const ReplyId leader = bench.sync("g", m.a, 1, {{m.a, "p0"}, {m.b, "p1"}, {"who", "p2"}});
    EXPECT_FALSE(bench.answered(early));
    EXPECT_FALSE(bench.answered(leader));
    EXPECT_EQ(bench.state(), GroupState::completing_rebalance);
    bench.finish_next();
    EXPECT_EQ(bench.state(), GroupState::stable);
    EXPECT_EQ(text(bench.synced(leader).assignment), "p0");
    EXPECT_EQ(text(bench.synced(early).assignment), "p1");
    EXPECT_EQ(bench.synced(early).protocol_type, "consumer");
    EXPECT_EQ(bench.synced(early).protocol_name, "range");
    const ReplyId again = bench.sync("g", m.b, 1);
    EXPECT_EQ(text(bench.synced(again).assignment), "p1");
}

TEST(SyncGroup, AMemberTheLeaderForgetsGetsNothing) {
    Bench bench;
    const Joined m(bench);
    bench.sync("g", m.a, 1, {{m.a, "all"}});
    const ReplyId b = bench.sync("g", m.b, 1);
    EXPECT_EQ(bench.synced(b).error, ErrorCode::none);
    EXPECT_EQ(text(bench.synced(b).assignment), "");
}

TEST(SyncGroup, AnAssignmentThatCannotBeStoredStartsAnew) {
    struct Case {
        ErrorCode append;
        ErrorCode client;
    };
    const Case cases[] = {
        {ErrorCode::not_enough_replicas, ErrorCode::coordinator_not_available},
        {ErrorCode::request_timed_out, ErrorCode::coordinator_not_available},
        {ErrorCode::not_leader_or_follower, ErrorCode::not_coordinator},
        {ErrorCode::kafka_storage_error, ErrorCode::not_coordinator},
        {ErrorCode::message_too_large, ErrorCode::unknown_server_error},
    };
    for (const Case& c : cases) {
        Bench bench;
        const Joined m(bench);
        bench.hold_log();
        const ReplyId b = bench.sync("g", m.b, 1);
        const ReplyId a = bench.sync("g", m.a, 1, {{m.a, "p0"}, {m.b, "p1"}});
        bench.finish_next(c.append);
        EXPECT_EQ(bench.synced(a).error, c.client);
        EXPECT_EQ(bench.synced(b).error, c.client);
        EXPECT_EQ(text(bench.synced(b).assignment), "");
        EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    }
}

TEST(SyncGroup, ALateAssignmentOfAnEarlierGenerationIsIgnored) {
    Bench bench;
    const Joined m(bench);
    bench.hold_log();
    const ReplyId a = bench.sync("g", m.a, 1, {{m.a, "p0"}});
    bench.join({.member = m.b, .protocols = {{"range", "new"}}});
    EXPECT_EQ(bench.synced(a).error, ErrorCode::rebalance_in_progress);
    bench.finish_next();
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    bench.join({.member = m.a});
    EXPECT_EQ(bench.state(), GroupState::completing_rebalance);
    EXPECT_EQ(bench.groups.find("g")->generation(), 2);
}

TEST(SyncGroup, ChecksWhoAsks) {
    Bench bench;
    const auto group = bench.stable(1);
    const std::string& m = group.members[0];
    const auto error = [&](ReplyId id) { return bench.synced(id).error; };
    EXPECT_EQ(error(bench.sync("", m, 1)), ErrorCode::invalid_group_id);
    EXPECT_EQ(error(bench.sync("other", m, 1)), ErrorCode::unknown_member_id);
    EXPECT_EQ(error(bench.sync("g", "who", 1)), ErrorCode::unknown_member_id);
    EXPECT_EQ(error(bench.sync("g", m, 0)), ErrorCode::illegal_generation);
    EXPECT_EQ(error(bench.sync("g", m, 1, {}, "instance")), ErrorCode::unknown_member_id);
    EXPECT_EQ(error(bench.sync("g", m, 1, {}, {}, 5)), ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(error(bench.sync("g", m, 1, {}, {}, 5, "consumer")),
              ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(error(bench.sync("g", m, 1, {}, {}, 5, "consumer", "sticky")),
              ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(error(bench.sync("g", m, 1, {}, {}, 5, "connect", "range")),
              ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(error(bench.sync("g", m, 1, {}, {}, 5, "consumer", "range")), ErrorCode::none);
    bench.join({.member = m});
    EXPECT_EQ(bench.state(), GroupState::completing_rebalance);
    const std::string other = bench.new_id({});
    bench.join({.member = other});
    EXPECT_EQ(error(bench.sync("g", m, 2)), ErrorCode::rebalance_in_progress);
}

TEST(SyncGroup, SentTwiceAnswersTheLastAndReleasesTheFirst) {
    Bench bench;
    const Joined m(bench);
    const ReplyId first = bench.sync("g", m.b, 1);
    const ReplyId again = bench.sync("g", m.b, 1);
    EXPECT_EQ(bench.synced(first).error, ErrorCode::rebalance_in_progress);
    bench.sync("g", m.a, 1, {{m.b, "p1"}});
    EXPECT_EQ(text(bench.synced(again).assignment), "p1");
}

TEST(SyncGroup, WhoDoesNotCollectInTimeIsOut) {
    Bench bench;
    const std::string a = bench.new_id({.rebalance_ms = 5'000});
    const std::string b = bench.new_id({.rebalance_ms = 5'000});
    bench.join({.member = a, .rebalance_ms = 5'000});
    const ReplyId join_b = bench.join({.member = b, .rebalance_ms = 5'000});
    while (!bench.answered(join_b))
        bench.pass(milliseconds(1));
    bench.sync("g", a, 1, {{a, "all"}});
    EXPECT_EQ(bench.state(), GroupState::stable);
    bench.pass(milliseconds(4'999));
    EXPECT_EQ(bench.heartbeat("g", b, 1), ErrorCode::none);
    bench.pass(milliseconds(1));
    EXPECT_EQ(bench.heartbeat("g", b, 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.heartbeat("g", a, 1), ErrorCode::rebalance_in_progress);
}

TEST(SyncGroup, ALeaderThatNeverAssignsLosesItsPlace) {
    Bench bench;
    const Joined m(bench);
    const ReplyId waiting = bench.sync("g", m.b, 1);
    for (int i = 0; i < 12; ++i) {
        EXPECT_FALSE(bench.answered(waiting));
        bench.heartbeat("g", m.a, 1);
        bench.pass(milliseconds(5'000));
    }
    EXPECT_EQ(bench.synced(waiting).error, ErrorCode::rebalance_in_progress);
    EXPECT_EQ(bench.heartbeat("g", m.a, 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.groups.find("g")->leader(), m.b);
}

// --- Heartbeat and sessions ---

TEST(Heartbeat, ChecksWhoAsks) {
    Bench bench;
    const auto group = bench.stable(1);
    const std::string& m = group.members[0];
    EXPECT_EQ(bench.heartbeat("", m, 1), ErrorCode::invalid_group_id);
    EXPECT_EQ(bench.heartbeat("other", m, 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.heartbeat("g", "who", 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.heartbeat("g", m, 2), ErrorCode::illegal_generation);
    EXPECT_EQ(bench.heartbeat("g", m, 1, "instance"), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.heartbeat("g", m, 1), ErrorCode::none);
}

TEST(Heartbeat, KeepsASessionAliveAndSilenceEndsIt) {
    Bench bench;
    const auto group = bench.stable(2);
    for (int i = 0; i < 5; ++i) {
        bench.pass(milliseconds(i == 0 ? 9'999 : 9'000));
        EXPECT_EQ(bench.heartbeat("g", group.members[0], 1),
                  i == 0 ? ErrorCode::none : ErrorCode::rebalance_in_progress);
        if (i == 0) bench.pass(milliseconds(2));
        EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    }
    EXPECT_EQ(bench.heartbeat("g", group.members[1], 1), ErrorCode::unknown_member_id);
}

TEST(Heartbeat, IsTakenWhileTheAssignmentIsOutstanding) {
    Bench bench;
    const Joined m(bench);
    bench.pass(milliseconds(9'000));
    EXPECT_EQ(bench.heartbeat("g", m.a, 1), ErrorCode::none);
    bench.pass(milliseconds(9'000));
    // b is gone, a has kept itself.
    EXPECT_EQ(bench.heartbeat("g", m.b, 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.heartbeat("g", m.a, 1), ErrorCode::rebalance_in_progress);
}

TEST(Heartbeat, WhoWaitsForUsNeedsNone) {
    Bench bench;
    const auto group = bench.stable(2);
    const ReplyId waiting = bench.join({.member = group.members[0]});
    for (int i = 0; i < 5; ++i) {
        bench.pass(milliseconds(9'000));
        EXPECT_EQ(bench.heartbeat("g", group.members[1], 1), ErrorCode::rebalance_in_progress);
    }
    EXPECT_FALSE(bench.answered(waiting));
    bench.pass(milliseconds(10'000));  // The other's session ends, and with it the wait.
    EXPECT_EQ(bench.joined(waiting).members.size(), 1u);
    // Its session counts again from the answer.
    bench.pass(milliseconds(9'999));
    EXPECT_EQ(bench.heartbeat("g", group.members[0], 2), ErrorCode::none);
}

TEST(Heartbeat, MovesNoTimer) {
    Bench bench;
    const auto group = bench.stable(1);
    const auto before = bench.groups.next_deadline();
    for (int i = 0; i < 5; ++i) {
        bench.now.mono = bench.now.mono + milliseconds(1'000);
        bench.heartbeat("g", group.members[0], 1);
    }
    EXPECT_EQ(bench.groups.next_deadline(), before);
    bench.pass(milliseconds(9'999));
    EXPECT_EQ(bench.state(), GroupState::stable);
    bench.pass(milliseconds(1));
    EXPECT_EQ(bench.state(), GroupState::empty);
    EXPECT_EQ(bench.groups.next_deadline(), std::nullopt);
}

TEST(Sessions, EndInTheOrderInWhichTheyFellDueThoughLookedAtLate) {
    // The session ends at 10 s, the join phase at 60 s. Looked at only after both, the static
    // member is out, as if time had been watched all along.
    Bench bench;
    const Join fixed{.instance = "one"};
    const ReplyId one = bench.join(fixed);
    bench.pass(kDelay);
    bench.sync("g", bench.joined(one).member_id, 1);
    const std::string other = bench.new_id({});
    const ReplyId two = bench.join({.member = other});
    bench.now.mono = bench.now.mono + milliseconds(100'000);
    bench.pass(milliseconds(0));
    EXPECT_EQ(bench.joined(two).generation, 2);
    EXPECT_EQ(bench.joined(two).members.size(), 1u);
}

TEST(Sessions, TheLastOneLeavesAnEmptyGroupOnRecord) {
    Bench bench;
    bench.stable(1);
    const std::size_t before = bench.log.size();
    bench.pass(milliseconds(10'000));
    EXPECT_EQ(bench.state(), GroupState::empty);
    EXPECT_EQ(bench.groups.find("g")->generation(), 2);
    EXPECT_EQ(bench.log.size(), before + 1);
}

// --- LeaveGroup ---

TEST(LeaveGroup, AnswersForEachMember) {
    Bench bench;
    const auto group = bench.stable(3);
    const std::string pending = bench.new_id({});
    const LeaveGroupReply reply = bench.leave("g", {{group.members[0], std::nullopt},
                                                    {"who", std::nullopt},
                                                    {"", "no such instance"},
                                                    {"", std::nullopt},
                                                    {pending, std::nullopt},
                                                    {group.members[1], "no such instance"}});
    EXPECT_EQ(reply.error, ErrorCode::none);
    ASSERT_EQ(reply.members.size(), 6u);
    const ErrorCode errors[] = {ErrorCode::none,
                                ErrorCode::unknown_member_id,
                                ErrorCode::unknown_member_id,
                                ErrorCode::unknown_member_id,
                                ErrorCode::none,
                                ErrorCode::unknown_member_id};
    for (std::size_t i = 0; i < 6; ++i)
        EXPECT_EQ(reply.members[i].error, errors[i]) << i;
    EXPECT_EQ(reply.members[2].group_instance_id, "no such instance");
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    EXPECT_EQ(bench.groups.find("g")->members().size(), 2u);
}

TEST(LeaveGroup, AnUnknownGroupKnowsNobody) {
    Bench bench;
    const LeaveGroupReply reply = bench.leave("g", {{"m", std::nullopt}, {"", "one"}});
    EXPECT_EQ(reply.error, ErrorCode::none);
    for (const auto& member : reply.members)
        EXPECT_EQ(member.error, ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.leave("", {{"m", std::nullopt}}).error, ErrorCode::invalid_group_id);
}

TEST(LeaveGroup, BeforeVersion3ItIsOneMember) {
    Bench bench;
    const auto group = bench.stable(1);
    wire::LeaveGroupRequest request;
    request.group_id = "g";
    request.member_id = group.members[0];
    const LeaveGroupReply reply = bench.groups.leave(request, 2, bench.now, bench.effects);
    ASSERT_EQ(reply.members.size(), 1u);
    EXPECT_EQ(reply.members[0].error, ErrorCode::none);
    EXPECT_EQ(bench.state(), GroupState::empty);
}

TEST(LeaveGroup, ReleasesWhatTheMemberWaitedFor) {
    Bench bench;
    const auto group = bench.stable(2);
    const ReplyId joining = bench.join({.member = group.members[0]});
    bench.leave("g", {{group.members[0], std::nullopt}});
    EXPECT_EQ(bench.joined(joining).error, ErrorCode::unknown_member_id);
    Bench other;
    const Joined m(other);
    const ReplyId syncing = other.sync("g", m.b, 1);
    other.leave("g", {{m.b, std::nullopt}});
    EXPECT_EQ(other.synced(syncing).error, ErrorCode::unknown_member_id);
}

TEST(LeaveGroup, TheLastToBeWaitedForEndsTheJoinPhase) {
    Bench bench;
    const auto group = bench.stable(2);
    const ReplyId waiting = bench.join({.member = group.members[0]});
    bench.leave("g", {{group.members[1], std::nullopt}});
    EXPECT_EQ(bench.joined(waiting).generation, 2);
}

TEST(LeaveGroup, DuringTheFirstDelayLeavesTheDelayAlone) {
    Bench bench;
    const std::string a = bench.new_id({});
    const std::string b = bench.new_id({});
    const ReplyId join_a = bench.join({.member = a});
    bench.join({.member = b});
    bench.leave("g", {{b, std::nullopt}});
    EXPECT_FALSE(bench.answered(join_a));
    bench.leave("g", {{a, std::nullopt}});
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    bench.pass(kDelay * 2);
    EXPECT_EQ(bench.state(), GroupState::empty);
    EXPECT_EQ(bench.groups.find("g")->generation(), 1);
}

// --- static members (KIP-345) ---

// Two static members "one" (leader) and "two" in generation 1.
struct Fixed {
    explicit Fixed(Bench& bench) {
        const ReplyId join_one = bench.join(one);
        const ReplyId join_two = bench.join(two);
        bench.pass(kDelay * 2);
        a = bench.joined(join_one).member_id;
        b = bench.joined(join_two).member_id;
        leader = bench.joined(join_one).leader;
        const std::string& first = leader;
        const std::string& second = leader == a ? b : a;
        bench.sync("g", second, 1);
        bench.sync("g", first, 1, {{a, "p-one"}, {b, "p-two"}});
        EXPECT_EQ(bench.state(), GroupState::stable);
        EXPECT_EQ(leader, a);
    }
    Join one{.instance = "one"};
    Join two{.instance = "two"};
    std::string a, b, leader;
};

TEST(StaticMember, ComesBackToItsAssignmentWithoutARebalance) {
    Bench bench;
    const Fixed m(bench);
    const ReplyId back = bench.join(m.two);
    const std::string id = bench.joined(back).member_id;
    EXPECT_NE(id, m.b);
    EXPECT_EQ(bench.joined(back).error, ErrorCode::none);
    EXPECT_EQ(bench.joined(back).generation, 1);
    EXPECT_EQ(bench.joined(back).leader, m.a);
    EXPECT_FALSE(bench.joined(back).skip_assignment);
    EXPECT_EQ(bench.state(), GroupState::stable);
    EXPECT_EQ(text(bench.synced(bench.sync("g", id, 1, {}, "two")).assignment), "p-two");
    // The one it was is fenced.
    EXPECT_EQ(bench.heartbeat("g", m.b, 1, "two"), ErrorCode::fenced_instance_id);
    EXPECT_EQ(bench.heartbeat("g", m.b, 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.synced(bench.sync("g", m.b, 1, {}, "two")).error,
              ErrorCode::fenced_instance_id);
    EXPECT_EQ(bench.leave("g", {{m.b, "two"}}).members[0].error, ErrorCode::fenced_instance_id);
    EXPECT_EQ(bench.joined(bench.join({.member = m.b, .instance = "two"})).error,
              ErrorCode::fenced_instance_id);
    EXPECT_EQ(bench.joined(bench.join({.member = m.b, .instance = "two"})).protocol_name,
              std::nullopt);
    EXPECT_EQ(bench.commit({.member = m.b, .generation = 1, .instance = "two"}),
              ErrorCode::fenced_instance_id);
}

TEST(StaticMember, ALeaderThatComesBackLeadsWithoutAssigning) {
    Bench bench;
    Fixed m(bench);
    const ReplyId v9 = bench.join(m.one);
    const std::string id = bench.joined(v9).member_id;
    EXPECT_TRUE(bench.joined(v9).skip_assignment);
    EXPECT_EQ(bench.joined(v9).leader, id);
    EXPECT_EQ(bench.joined(v9).members.size(), 2u);
    // Before version 9 it is shown its old id as the leader, so that it takes itself for a
    // follower.
    m.one.version = 8;
    const ReplyId v8 = bench.join(m.one);
    EXPECT_FALSE(bench.joined(v8).skip_assignment);
    EXPECT_EQ(bench.joined(v8).leader, id);
    EXPECT_NE(bench.joined(v8).member_id, id);
    EXPECT_TRUE(bench.joined(v8).members.empty());
    EXPECT_EQ(bench.groups.find("g")->leader(), bench.joined(v8).member_id);
    EXPECT_EQ(bench.state(), GroupState::stable);
}

TEST(StaticMember, ItsNewIdHoldsOnceItIsCommitted) {
    Bench bench;
    const Fixed m(bench);
    bench.hold_log();
    const ReplyId back = bench.join(m.two);
    EXPECT_FALSE(bench.answered(back));
    bench.finish_next();
    EXPECT_EQ(bench.joined(back).error, ErrorCode::none);
}

TEST(StaticMember, KeepsItsOldIdWhenTheNewOneCannotBeStored) {
    Bench bench;
    Fixed m(bench);
    bench.hold_log();
    m.two.protocols = {{"range", "new topics"}};
    const ReplyId back = bench.join(m.two);
    bench.finish_next(ErrorCode::not_enough_replicas);
    EXPECT_EQ(bench.joined(back).error, ErrorCode::coordinator_not_available);
    EXPECT_EQ(bench.joined(back).member_id, "");
    EXPECT_EQ(bench.heartbeat("g", m.b, 1, "two"), ErrorCode::none);
    EXPECT_EQ(text(*bench.groups.find("g")->members().at(m.b).metadata("range")), "topics");
}

TEST(StaticMember, AnIdThatIsTakenBackIsTakenBackInTheLogToo) {
    Bench bench;
    const Fixed m(bench);
    bench.hold_log();
    bench.join(m.one);
    bench.join(m.two);  // Its record holds the new ids of both.
    bench.finish_next(ErrorCode::not_enough_replicas);
    bench.finish_next();
    bench.finish_next();
    EXPECT_TRUE(bench.queue.empty());
    Bench after;
    bench.replay_into(after.groups);
    EXPECT_EQ(after.groups.describe("g", 6), bench.groups.describe("g", 6));
    EXPECT_EQ(after.groups.find("g")->members().count(m.a), 1u);
}

TEST(StaticMember, ARebalanceMeanwhileTakesItsJoinAlong) {
    Bench bench;
    const Fixed m(bench);
    bench.hold_log();
    const ReplyId back = bench.join(m.two);
    const ReplyId leader = bench.join({.member = m.a, .instance = "one"});
    EXPECT_EQ(bench.joined(back).generation, 2);
    EXPECT_EQ(bench.joined(leader).generation, 2);
    bench.finish_next(ErrorCode::not_enough_replicas);  // The first record, of no matter now.
    EXPECT_EQ(bench.groups.find("g")->members().count(bench.joined(back).member_id), 1u);
}

TEST(StaticMember, AChangeOfTheGroupsProtocolMakesARebalance) {
    Bench bench;
    Fixed m(bench);
    bench.leave("g", {{"", "two"}});
    const std::string before = bench.joined(bench.join({.member = m.a, .instance = "one"})).leader;
    bench.sync("g", before, 2, {{before, "all"}});
    ASSERT_EQ(bench.state(), GroupState::stable);
    m.one.protocols = {{"sticky", "s"}};
    EXPECT_EQ(bench.joined(bench.join(m.one)).error, ErrorCode::inconsistent_group_protocol);
    m.one.protocols = {{"range", "r"}, {"sticky", "s"}};
    EXPECT_EQ(bench.joined(bench.join(m.one)).generation, 2);
    m.one.protocols = {{"sticky", "s"}, {"range", "r"}};
    EXPECT_EQ(bench.joined(bench.join(m.one)).generation, 3);
    EXPECT_EQ(bench.groups.find("g")->protocol_name(), "sticky");
}

TEST(StaticMember, DuringTheSyncPhaseEveryoneStartsAnew) {
    Bench bench;
    const ReplyId join_one = bench.join({.instance = "one"});
    bench.join({.instance = "two"});
    bench.pass(kDelay * 2);
    ASSERT_EQ(bench.state(), GroupState::completing_rebalance);
    const ReplyId waiting = bench.sync("g", bench.joined(join_one).member_id, 1, {}, "one");
    EXPECT_TRUE(bench.answered(waiting));  // One leads: that made the group stable.
    Bench other;
    const ReplyId first = other.join({.instance = "one"});
    const ReplyId second = other.join({.instance = "two"});
    other.pass(kDelay * 2);
    const std::string two = other.joined(second).member_id;
    ASSERT_EQ(other.joined(first).leader, other.joined(first).member_id);
    const ReplyId syncing = other.sync("g", two, 1, {}, "two");
    const ReplyId again = other.join({.instance = "two"});
    EXPECT_EQ(other.synced(syncing).error, ErrorCode::fenced_instance_id);
    EXPECT_EQ(other.state(), GroupState::preparing_rebalance);
    const ReplyId one = other.join({.member = other.joined(first).member_id, .instance = "one"});
    EXPECT_EQ(other.joined(one).generation, 2);
    EXPECT_EQ(other.joined(again).generation, 2);
}

TEST(StaticMember, TwoUnderOneNameFenceEachOther) {
    Bench bench;
    const ReplyId first = bench.join({.instance = "one"});
    const ReplyId second = bench.join({.instance = "one"});
    EXPECT_EQ(bench.joined(first).error, ErrorCode::fenced_instance_id);
    EXPECT_EQ(bench.joined(first).protocol_name, std::nullopt);
    bench.pass(kDelay);
    EXPECT_EQ(bench.joined(second).error, ErrorCode::none);
    EXPECT_EQ(bench.groups.find("g")->members().size(), 1u);
}

TEST(StaticMember, KeepsItsPlaceThroughARebalanceItDoesNotJoin) {
    Bench bench;
    const Fixed m(bench);
    bench.join({.member = m.a, .instance = "one"});
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(bench.heartbeat("g", m.b, 1, "two"), ErrorCode::rebalance_in_progress);
        bench.pass(milliseconds(5'000));
    }
    EXPECT_EQ(bench.groups.find("g")->generation(), 2);
    EXPECT_EQ(bench.groups.find("g")->members().count(m.b), 1u);
    EXPECT_EQ(bench.heartbeat("g", m.b, 1, "two"), ErrorCode::illegal_generation);
}

TEST(StaticMember, IsRemovedByItsName) {
    Bench bench;
    const Fixed m(bench);
    const LeaveGroupReply reply = bench.leave("g", {{"", "two"}, {m.a, "one"}});
    EXPECT_EQ(reply.members[0].error, ErrorCode::none);
    EXPECT_EQ(reply.members[0].member_id, "");
    EXPECT_EQ(reply.members[1].error, ErrorCode::none);
    EXPECT_EQ(bench.state(), GroupState::empty);
}

// --- DescribeGroups, ListGroups ---

TEST(DescribeGroups, ShowsStateAndMembers) {
    Bench bench;
    const auto group = bench.stable(2);
    DescribedGroup described = bench.groups.describe("g", 6);
    EXPECT_EQ(described.error, ErrorCode::none);
    EXPECT_EQ(described.group_id, "g");
    EXPECT_EQ(described.state, "Stable");
    EXPECT_EQ(described.protocol_type, "consumer");
    EXPECT_EQ(described.protocol_data, "range");
    ASSERT_EQ(described.members.size(), 2u);
    EXPECT_EQ(described.members[0].client_id, "client");
    EXPECT_EQ(described.members[0].client_host, "/127.0.0.1");
    EXPECT_EQ(text(described.members[0].metadata), "topics");
    EXPECT_EQ(text(described.members[0].assignment), described.members[0].member_id);
    bench.join({.member = group.members[0]});
    described = bench.groups.describe("g", 6);
    EXPECT_EQ(described.state, "PreparingRebalance");
    EXPECT_EQ(described.protocol_data, "");
    EXPECT_EQ(text(described.members[0].metadata), "");
}

TEST(DescribeGroups, AnUnknownGroupIsDeadAndFromVersion6OnAnError) {
    Bench bench;
    EXPECT_EQ(bench.groups.describe("g", 5).error, ErrorCode::none);
    EXPECT_EQ(bench.groups.describe("g", 5).state, "Dead");
    EXPECT_EQ(bench.groups.describe("g", 5).error_message, std::nullopt);
    EXPECT_EQ(bench.groups.describe("g", 6).error, ErrorCode::group_id_not_found);
    EXPECT_EQ(bench.groups.describe("g", 6).state, "Dead");
    EXPECT_EQ(bench.groups.describe("g", 6).error_message, "Group g not found.");
}

TEST(ListGroups, FiltersByStateAndType) {
    Bench bench;
    bench.stable(1, {.group = "stable"});
    bench.commit({.group = "simple", .offset = 1});
    bench.join({.group = "waiting", .instance = "one"});
    const auto listed = [&](std::vector<std::string_view> states,
                            std::vector<std::string_view> types) {
        wire::ListGroupsRequest request;
        request.states_filter = std::move(states);
        request.types_filter = std::move(types);
        std::vector<ListGroupsReply::Group> found;
        bench.groups.list(request, found);
        std::vector<std::string> ids;
        for (const auto& one : found)
            ids.push_back(one.group_id + "/" + one.protocol_type + "/" + one.state + "/" +
                          one.type);
        std::ranges::sort(ids);
        return ids;
    };
    using Ids = std::vector<std::string>;
    EXPECT_EQ(listed({}, {}), (Ids{"simple//Empty/classic", "stable/consumer/Stable/classic",
                                   "waiting/consumer/PreparingRebalance/classic"}));
    EXPECT_EQ(listed({"STABLE"}, {}), (Ids{"stable/consumer/Stable/classic"}));
    EXPECT_EQ(listed({" empty ", "Stable"}, {"Classic"}),
              (Ids{"simple//Empty/classic", "stable/consumer/Stable/classic"}));
    EXPECT_EQ(listed({}, {"consumer"}), Ids{});
    EXPECT_EQ(listed({"nonsense"}, {}), Ids{});
}

}  // namespace
}  // namespace cauce::coordinator::group
