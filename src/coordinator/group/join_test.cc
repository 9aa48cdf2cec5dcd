// Becoming a member: JoinGroup and the join phase of a rebalance.
#include "coordinator/group/testing/bench.h"

#include <gtest/gtest.h>

#include <set>

namespace cauce::coordinator::group {
namespace {

using testing::Bench;
using testing::Join;
using testing::text;

constexpr milliseconds kDelay = kInitialRebalanceDelay;

TEST(JoinGroup, RefusesWhatNoGroupCanTake) {
    struct Case {
        const char* what;
        Join join;
        ErrorCode error;
        std::string member_id;
    };
    const Case cases[] = {
        {"no group id", {.group = ""}, ErrorCode::invalid_group_id, ""},
        {"session too short", {.session_ms = 5'999}, ErrorCode::invalid_session_timeout, ""},
        {"session too long", {.session_ms = 1'800'001}, ErrorCode::invalid_session_timeout, ""},
        {"unknown group", {.member = "m"}, ErrorCode::unknown_member_id, "m"},
        {"no protocol type", {.type = ""}, ErrorCode::inconsistent_group_protocol, ""},
        {"no protocols", {.protocols = {}}, ErrorCode::inconsistent_group_protocol, ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        Bench bench;
        const ReplyId id = bench.join(c.join);
        EXPECT_EQ(bench.joined(id).error, c.error);
        EXPECT_EQ(bench.joined(id).member_id, c.member_id);
        EXPECT_EQ(bench.joined(id).generation, -1);
        EXPECT_EQ(bench.groups.size(), 0u);
        EXPECT_TRUE(bench.log.empty());
    }
}

TEST(JoinGroup, TakesTheSessionTimeoutsAtTheLimits) {
    for (const std::int32_t session : {6'000, 1'800'000}) {
        Bench bench;
        EXPECT_EQ(bench.joined(bench.join({.session_ms = session})).error,
                  ErrorCode::member_id_required);
    }
}

TEST(JoinGroup, GivesANewMemberItsIdFirstFromVersion4On) {
    Bench bench;
    const ReplyId first = bench.join({.client = "app"});
    EXPECT_EQ(bench.joined(first).error, ErrorCode::member_id_required);
    EXPECT_EQ(bench.joined(first).member_id, "app-00000000-0000-1111-0000-000000000001");
    EXPECT_EQ(bench.state(), GroupState::empty);
    const ReplyId second = bench.join({.member = bench.joined(first).member_id});
    EXPECT_FALSE(bench.answered(second));
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    bench.pass(kDelay);
    EXPECT_EQ(bench.joined(second).error, ErrorCode::none);
    EXPECT_EQ(bench.joined(second).generation, 1);
    EXPECT_EQ(bench.joined(second).protocol_name, "range");
    EXPECT_EQ(bench.joined(second).protocol_type, "consumer");
    EXPECT_EQ(bench.joined(second).leader, bench.joined(second).member_id);
}

TEST(JoinGroup, TakesOldClientsAndStaticMembersAtOnce) {
    Bench old;
    const ReplyId v3 = old.join({.version = 3, .client = "c"});
    old.pass(kDelay);
    EXPECT_EQ(old.joined(v3).error, ErrorCode::none);
    EXPECT_EQ(old.joined(v3).member_id.substr(0, 2), "c-");
    Bench fixed;
    const ReplyId v9 = fixed.join({.instance = "one"});
    fixed.pass(kDelay);
    EXPECT_EQ(fixed.joined(v9).error, ErrorCode::none);
    EXPECT_EQ(fixed.joined(v9).member_id.substr(0, 4), "one-");
}

TEST(JoinGroup, Version0HasOneTimeoutForBoth) {
    Bench bench;
    bench.join({.session_ms = 7'000, .rebalance_ms = -1, .version = 0});
    EXPECT_EQ(bench.groups.find("g")->members().begin()->second.rebalance_timeout_ms, 7'000);
}

TEST(JoinGroup, WritesTheGroupWhenItComesIntoBeing) {
    Bench bench;
    bench.join({});
    ASSERT_EQ(bench.log.size(), 1u);
    bench.join({});
    EXPECT_EQ(bench.log.size(), 1u);
}

TEST(JoinGroup, TakesTheGroupBackWhenItCannotBeWritten) {
    Bench bench;
    bench.hold_log();
    const ReplyId waiting = bench.join({.instance = "one"});
    const ReplyId also = bench.join({.instance = "two"});
    bench.finish_next(ErrorCode::not_leader_or_follower);
    EXPECT_EQ(bench.joined(waiting).error, ErrorCode::not_coordinator);
    EXPECT_EQ(bench.joined(also).error, ErrorCode::not_coordinator);
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(bench.groups.next_deadline(), std::nullopt);
}

TEST(JoinGroup, KeepsTheGroupWhoseRecordIsOnlyLate) {
    Bench bench;
    bench.hold_log();
    const ReplyId waiting = bench.join({.instance = "one"});
    bench.finish_next(ErrorCode::request_timed_out);
    EXPECT_FALSE(bench.answered(waiting));
    bench.pass(kDelay);
    EXPECT_EQ(bench.joined(waiting).error, ErrorCode::none);
}

TEST(JoinGroup, TellsTheLeaderAloneWhoTheMembersAre) {
    Bench bench;
    const std::string a = bench.new_id({});
    const std::string b = bench.new_id({});
    const ReplyId join_a = bench.join({.member = a, .protocols = {{"range", "sub-a"}}});
    const ReplyId join_b = bench.join({.member = b, .protocols = {{"range", "sub-b"}}});
    bench.pass(kDelay * 2);
    EXPECT_EQ(bench.joined(join_a).leader, a);
    EXPECT_EQ(bench.joined(join_b).leader, a);
    EXPECT_TRUE(bench.joined(join_b).members.empty());
    ASSERT_EQ(bench.joined(join_a).members.size(), 2u);
    for (const auto& member : bench.joined(join_a).members)
        EXPECT_EQ(text(member.metadata), member.member_id == a ? "sub-a" : "sub-b");
}

TEST(JoinGroup, TheFirstRebalanceWaitsForMoreMembersButNotForever) {
    Bench bench;
    const Join old{.rebalance_ms = 7'000, .version = 3};
    const ReplyId first = bench.join(old);
    bench.pass(kDelay - milliseconds(1));
    bench.join(old);  // Extends by one delay: 6 s in all.
    bench.pass(kDelay);
    EXPECT_FALSE(bench.answered(first));
    bench.join(old);  // Extends by the second that is left of the rebalance timeout.
    bench.pass(milliseconds(1));
    bench.join(old);
    bench.pass(milliseconds(999));
    EXPECT_FALSE(bench.answered(first));
    bench.pass(milliseconds(1));
    EXPECT_EQ(bench.joined(first).error, ErrorCode::none);
    EXPECT_EQ(bench.joined(first).members.size(), 4u);
}

TEST(JoinGroup, WithoutADelayTheFirstRebalanceEndsAtOnce) {
    Bench bench({.initial_rebalance_delay = milliseconds(0)});
    const ReplyId only = bench.join({.instance = "one"});
    EXPECT_FALSE(bench.answered(only));
    bench.pass(milliseconds(0));
    EXPECT_EQ(bench.joined(only).generation, 1);
}

TEST(JoinGroup, ARequestSentTwiceAnswersTheLastAndReleasesTheFirst) {
    Bench bench;
    const std::string id = bench.new_id({});
    const ReplyId first = bench.join({.member = id});
    const ReplyId again = bench.join({.member = id});
    EXPECT_EQ(bench.joined(first).error, ErrorCode::rebalance_in_progress);
    bench.pass(kDelay);
    EXPECT_EQ(bench.joined(again).error, ErrorCode::none);
}

TEST(JoinGroup, ChecksProtocolsAgainstTheMembers) {
    Bench bench;
    bench.stable(1, {.protocols = {{"range", "x"}, {"sticky", "x"}}});
    EXPECT_EQ(bench.joined(bench.join({.protocols = {{"roundrobin", "x"}}})).error,
              ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(bench.joined(bench.join({.type = "connect", .protocols = {{"range", "x"}}})).error,
              ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(bench.joined(bench.join({.protocols = {{"a", "x"}, {"sticky", "x"}}})).error,
              ErrorCode::member_id_required);
    // An empty group takes anything.
    Bench empty;
    const auto group = empty.stable(1);
    empty.leave("g", {{group.members[0], std::nullopt}});
    EXPECT_EQ(empty.state(), GroupState::empty);
    EXPECT_EQ(empty.joined(empty.join({.type = "connect"})).error, ErrorCode::member_id_required);
}

TEST(JoinGroup, TheProtocolThatMostPreferWins) {
    Bench bench;
    const std::vector<std::vector<std::pair<std::string_view, std::string_view>>> wishes = {
        {{"range", "1"}, {"sticky", "1"}},
        {{"sticky", "2"}, {"range", "2"}},
        {{"own", "3"}, {"sticky", "3"}, {"range", "3"}},
    };
    std::vector<ReplyId> waiting;
    for (std::size_t i = 0; i < wishes.size(); ++i) {
        const std::string id = bench.new_id({.protocols = wishes[i]});
        waiting.push_back(bench.join({.member = id, .protocols = wishes[i]}));
    }
    bench.pass(kDelay * 3);
    for (const ReplyId id : waiting)
        EXPECT_EQ(bench.joined(id).protocol_name, "sticky");
    std::set<std::string> metadata;
    for (const auto& member : bench.joined(waiting[0]).members)
        metadata.insert(text(member.metadata));
    EXPECT_EQ(metadata, (std::set<std::string>{"1", "2", "3"}));
}

TEST(JoinGroup, AProtocolSaidTwiceCountsOnce) {
    Bench bench;
    bench.stable(1, {.protocols = {{"range", "1"}, {"range", "2"}, {"sticky", "3"}}});
    EXPECT_EQ(bench.joined(bench.join({.protocols = {{"range", "x"}}})).error,
              ErrorCode::member_id_required);
}

TEST(JoinGroup, RefusesMoreMembersThanTheLimit) {
    Bench bench({.size_max = 2});
    const auto group = bench.stable(2);
    EXPECT_EQ(bench.joined(bench.join({})).error, ErrorCode::group_max_size_reached);
    // Those who are in may come back.
    const ReplyId again = bench.join({.member = group.members[0]});
    EXPECT_FALSE(bench.answered(again));
    const ReplyId also = bench.join({.member = group.members[1]});
    EXPECT_EQ(bench.joined(also).error, ErrorCode::none);
    EXPECT_EQ(bench.joined(again).error, ErrorCode::none);
}

TEST(JoinGroup, AGroupOverALoweredLimitLosesThoseWhoComeBackLast) {
    Bench wide;
    const auto group = wide.stable(3);
    Bench narrow({.size_max = 2});
    wide.replay_into(narrow.groups);
    narrow.groups.loaded(narrow.now, narrow.effects);
    EXPECT_EQ(narrow.state(), GroupState::preparing_rebalance);
    const ReplyId first = narrow.join({.member = group.members[0]});
    const ReplyId second = narrow.join({.member = group.members[1]});
    const ReplyId third = narrow.join({.member = group.members[2]});
    EXPECT_EQ(narrow.joined(third).error, ErrorCode::group_max_size_reached);
    EXPECT_EQ(narrow.joined(third).member_id, "");
    narrow.pass(milliseconds(60'000));
    EXPECT_EQ(narrow.joined(first).generation, 2);
    EXPECT_EQ(narrow.joined(second).generation, 2);
}

TEST(JoinGroup, ANewMemberMakesTheOthersComeBack) {
    Bench bench;
    const auto group = bench.stable(2);
    const std::string id = bench.new_id({});
    EXPECT_EQ(bench.state(), GroupState::stable);
    const ReplyId joining = bench.join({.member = id});
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    for (const std::string& member : group.members)
        EXPECT_EQ(bench.heartbeat("g", member, 1), ErrorCode::rebalance_in_progress);
    const ReplyId a = bench.join({.member = group.members[0]});
    EXPECT_FALSE(bench.answered(joining));
    const ReplyId b = bench.join({.member = group.members[1]});
    for (const ReplyId reply : {joining, a, b}) {
        EXPECT_EQ(bench.joined(reply).generation, 2);
        EXPECT_EQ(bench.joined(reply).leader, group.members[0]);
    }
}

TEST(JoinGroup, WhoDoesNotComeBackInTimeIsOut) {
    Bench bench;
    const auto group = bench.stable(3, {.rebalance_ms = 5'000});
    const ReplyId a = bench.join({.member = group.members[0], .rebalance_ms = 5'000});
    bench.pass(milliseconds(4'999));
    EXPECT_FALSE(bench.answered(a));
    bench.heartbeat("g", group.members[1], 1);  // Alive, but that does not help it.
    bench.pass(milliseconds(1));
    EXPECT_EQ(bench.joined(a).members.size(), 1u);
    EXPECT_EQ(bench.heartbeat("g", group.members[1], 1), ErrorCode::unknown_member_id);
}

TEST(JoinGroup, AnotherLeaderIsChosenWhenTheOldOneDoesNotComeBack) {
    Bench bench;
    const auto group = bench.stable(3);
    const ReplyId b =
        bench.join({.member = group.members[1], .protocols = {{"range", "other topics"}}});
    const ReplyId c = bench.join({.member = group.members[2]});
    EXPECT_FALSE(bench.answered(b));
    bench.pass(milliseconds(60'000));
    const std::string leader = bench.joined(b).leader;
    EXPECT_TRUE(leader == group.members[1] || leader == group.members[2]);
    EXPECT_EQ(bench.joined(c).leader, leader);
    EXPECT_EQ(bench.joined(leader == group.members[1] ? b : c).members.size(), 2u);
}

TEST(JoinGroup, APendingMemberIsWaitedForUntilItsSessionEnds) {
    Bench bench;
    const std::string a = bench.new_id({});
    const ReplyId join_a = bench.join({.member = a});
    bench.pass(kDelay);  // The first rebalance does not wait.
    EXPECT_EQ(bench.joined(join_a).generation, 1);
    bench.sync("g", a, 1, {{a, "all"}});
    bench.new_id({.session_ms = 8'000});  // Never comes back.
    const ReplyId again = bench.join({.member = a});
    bench.pass(milliseconds(7'999));
    EXPECT_FALSE(bench.answered(again));
    bench.pass(milliseconds(1));
    EXPECT_EQ(bench.joined(again).generation, 2);
}

TEST(JoinGroup, APendingMemberThatIsLateIsUnknown) {
    Bench bench;
    const std::string late = bench.new_id({.session_ms = 8'000});
    bench.pass(milliseconds(8'000));
    EXPECT_EQ(bench.joined(bench.join({.member = late})).error, ErrorCode::unknown_member_id);
}

TEST(JoinGroup, APendingIdWithAnInstanceIsNonsense) {
    Bench bench;
    const std::string id = bench.new_id({});
    EXPECT_EQ(bench.joined(bench.join({.member = id, .instance = "one"})).error,
              ErrorCode::unknown_server_error);
}

TEST(JoinGroup, AFollowerThatBringsNothingNewChangesNothing) {
    Bench bench;
    const auto group = bench.stable(2);
    const ReplyId again = bench.join({.member = group.members[1]});
    EXPECT_EQ(bench.joined(again).error, ErrorCode::none);
    EXPECT_EQ(bench.joined(again).generation, 1);
    EXPECT_EQ(bench.joined(again).leader, group.members[0]);
    EXPECT_TRUE(bench.joined(again).members.empty());
    EXPECT_EQ(bench.state(), GroupState::stable);
}

TEST(JoinGroup, ChangedMetadataAndALeaderThatComesBackMakeARebalance) {
    Bench follower;
    auto group = follower.stable(2);
    follower.join({.member = group.members[1], .protocols = {{"range", "new topics"}}});
    EXPECT_EQ(follower.state(), GroupState::preparing_rebalance);
    Bench leader;
    group = leader.stable(2);
    leader.join({.member = group.members[0]});
    EXPECT_EQ(leader.state(), GroupState::preparing_rebalance);
}

TEST(JoinGroup, InTheSyncPhaseTheAnswerIsRepeatedAndAChangeStartsAnew) {
    Bench bench;
    const std::string a = bench.new_id({});
    const std::string b = bench.new_id({});
    bench.join({.member = a});
    bench.join({.member = b});
    bench.pass(kDelay * 2);
    ASSERT_EQ(bench.state(), GroupState::completing_rebalance);
    const ReplyId leader = bench.join({.member = a});
    EXPECT_EQ(bench.joined(leader).members.size(), 2u);
    const ReplyId follower = bench.join({.member = b});
    EXPECT_EQ(bench.joined(follower).generation, 1);
    EXPECT_TRUE(bench.joined(follower).members.empty());
    const ReplyId waiting = bench.sync("g", a, 1, {});
    EXPECT_EQ(bench.state(), GroupState::stable);
    EXPECT_TRUE(bench.answered(waiting));
    bench.join({.member = b, .protocols = {{"range", "new"}}});
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
}

TEST(JoinGroup, AMemberThatChangesDuringTheSyncPhaseSendsTheOthersBack) {
    Bench bench;
    const std::string a = bench.new_id({});
    const std::string b = bench.new_id({});
    bench.join({.member = a});
    bench.join({.member = b});
    bench.pass(kDelay * 2);
    const ReplyId waiting = bench.sync("g", b, 1);
    EXPECT_FALSE(bench.answered(waiting));
    bench.join({.member = a, .protocols = {{"range", "new"}}});
    EXPECT_EQ(bench.synced(waiting).error, ErrorCode::rebalance_in_progress);
}

TEST(JoinGroup, AnUnansweredNewMemberIsGivenUpAfterFiveMinutes) {
    Bench bench;
    const auto group = bench.stable(1, {.rebalance_ms = 600'000});
    const std::string id = bench.new_id({});
    const ReplyId ghost = bench.join({.member = id, .rebalance_ms = 600'000});
    for (int i = 0; i < 60; ++i) {
        EXPECT_FALSE(bench.answered(ghost));
        bench.heartbeat("g", group.members[0], 1);
        bench.pass(milliseconds(5'000));
    }
    EXPECT_EQ(bench.joined(ghost).error, ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.joined(ghost).member_id, "");
    EXPECT_EQ(bench.groups.find("g")->members().size(), 1u);
}

TEST(JoinGroup, AnOverlongClientIdStillMakesAMemberIdThatFitsTheWire) {
    Bench bench;
    std::string client(32'767, 'x');
    client.replace(31'998, 3, "\xe2\x82\xac");  // Across the cut.
    const std::string id = bench.new_id({.client = client});
    EXPECT_EQ(id.size(), 31'998u + 37u);
    EXPECT_EQ(id.substr(31'996, 4), "xx-0");
}

TEST(JoinGroup, ARebalanceToWhichNobodyComesDoesNotSpin) {
    // Static members keep their place without coming; however short their rebalance timeout, the
    // group does not go round and round until their sessions end.
    Bench bench;
    const Join one{.instance = "one", .session_ms = 6'000, .rebalance_ms = 1};
    const ReplyId join_one = bench.join(one);
    bench.pass(kDelay);
    const std::string member = bench.joined(join_one).member_id;
    bench.sync("g", member, 1, {{member, "all"}});
    const std::string gone = bench.new_id({.rebalance_ms = 1});
    bench.join({.member = gone, .rebalance_ms = 1});
    bench.leave("g", {{gone, std::nullopt}});
    ASSERT_EQ(bench.state(), GroupState::preparing_rebalance);
    const int before = bench.ticks;
    bench.pass(milliseconds(5'999));
    EXPECT_EQ(bench.state(), GroupState::preparing_rebalance);
    EXPECT_LE(bench.ticks - before, 7);
    bench.pass(milliseconds(1));
    EXPECT_EQ(bench.state(), GroupState::empty);
}

}  // namespace
}  // namespace cauce::coordinator::group
