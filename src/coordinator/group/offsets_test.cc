// Committed positions: OffsetCommit, OffsetFetch, expiry.
#include "coordinator/group/testing/bench.h"

#include <gtest/gtest.h>

namespace cauce::coordinator::group {
namespace {

using testing::Bench;
using testing::Join;

constexpr TopicId kOne{1, 1};
constexpr TopicId kTwo{2, 2};

TEST(OffsetCommit, MembersCommitInTheirGeneration) {
    Bench bench;
    const auto group = bench.stable(1);
    const std::string& m = group.members[0];
    EXPECT_EQ(bench.commit({.member = m, .generation = 1, .offset = 5}), ErrorCode::none);
    EXPECT_EQ(bench.committed("g"), 5);
    EXPECT_EQ(bench.commit({.member = m, .generation = 2}), ErrorCode::illegal_generation);
    EXPECT_EQ(bench.commit({.member = m, .generation = -1}), ErrorCode::illegal_generation);
    EXPECT_EQ(bench.commit({.member = "who", .generation = 1}), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.commit({.generation = 1}), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.commit({.generation = -1}), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.commit({.member = m, .generation = 1, .instance = "one"}),
              ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.committed("g"), 5);
}

TEST(OffsetCommit, DependsOnThePhaseOfTheGroup) {
    Bench bench;
    const auto group = bench.stable(2);
    const std::string& m = group.members[1];
    bench.join({.member = group.members[0]});
    ASSERT_EQ(bench.state(), GroupState::preparing_rebalance);
    // The last chance to commit what it has done before it loses its partitions.
    EXPECT_EQ(bench.commit({.member = m, .generation = 1, .offset = 6}), ErrorCode::none);
    bench.join({.member = m});
    ASSERT_EQ(bench.state(), GroupState::completing_rebalance);
    EXPECT_EQ(bench.commit({.member = m, .generation = 1}), ErrorCode::illegal_generation);
    EXPECT_EQ(bench.commit({.member = m, .generation = 2}), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(bench.committed("g"), 6);
}

TEST(OffsetCommit, IsASignOfLife) {
    Bench bench;
    const auto group = bench.stable(1);
    for (int i = 0; i < 3; ++i) {
        bench.pass(milliseconds(9'000));
        EXPECT_EQ(bench.commit({.member = group.members[0], .generation = 1}), ErrorCode::none);
    }
    EXPECT_EQ(bench.state(), GroupState::stable);
}

TEST(OffsetCommit, WithoutAGroupOnlyWithoutAGeneration) {
    Bench bench;
    EXPECT_EQ(bench.commit({.generation = 0, .version = 8}), ErrorCode::illegal_generation);
    EXPECT_EQ(bench.commit({.generation = 0, .version = 9}), ErrorCode::group_id_not_found);
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(bench.commit({.offset = 9}), ErrorCode::none);
    EXPECT_EQ(bench.committed("g"), 9);
    EXPECT_EQ(bench.state(), GroupState::empty);
    EXPECT_EQ(bench.groups.find("g")->protocol_type(), std::nullopt);
    // The empty group id is as good as any, for old clients' sake.
    EXPECT_EQ(bench.commit({.group = "", .offset = 3}), ErrorCode::none);
    EXPECT_EQ(bench.committed(""), 3);
    // An empty group takes commits from outside, a generation or none.
    EXPECT_EQ(bench.commit({.member = "anyone", .offset = 10}), ErrorCode::none);
    EXPECT_EQ(bench.commit({.generation = 0}), ErrorCode::unknown_member_id);
}

TEST(OffsetCommit, ShowsOnlyOnceItIsCommitted) {
    Bench bench;
    wire::OffsetCommitRequest request;
    request.group_id = "g";
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().committed_offset = 4;
    CommitPlan plan = bench.groups.commit(request, 9, bench.now);
    ASSERT_EQ(plan.records.size(), 1u);
    EXPECT_EQ(bench.committed("g"), -1);
    bench.groups.replay(plan.records[0], Offset{0});
    EXPECT_EQ(bench.committed("g"), 4);
}

TEST(OffsetCommit, LongMetadataIsRefusedForItsPartitionAlone) {
    Bench bench;
    wire::OffsetCommitRequest request;
    request.group_id = "g";
    const std::string fits(4'096, 'x');
    const std::string too_long(4'097, 'x');
    std::string wide;  // 2,048 characters that are two units each in Java, and four bytes each here
    for (int i = 0; i < 2'048; ++i)
        wide += "\xf0\x9f\x98\x80";
    const std::string too_wide = wide + "x";
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    const std::string* const all[] = {&fits, &too_long, &wide, &too_wide};
    for (const std::string* metadata : all) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = static_cast<std::int32_t>(topic.partitions.size()) - 1;
        partition.committed_metadata = *metadata;
    }
    const CommitPlan plan = bench.groups.commit(request, 9, bench.now);
    EXPECT_EQ(plan.records.size(), 2u);
    const auto& partitions = plan.reply.topics.at(0).partitions;
    EXPECT_EQ(partitions[0].error, ErrorCode::none);
    EXPECT_EQ(partitions[1].error, ErrorCode::offset_metadata_too_large);
    EXPECT_EQ(partitions[2].error, ErrorCode::none);
    EXPECT_EQ(partitions[3].error, ErrorCode::offset_metadata_too_large);
}

TEST(OffsetCommit, AFailureIsToldForEveryPartition) {
    wire::OffsetCommitRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.topic_id = kOne;
    topic.partitions.resize(2);
    topic.partitions[1].partition_index = 4;
    const OffsetCommitReply reply = failed_commit(request, ErrorCode::not_coordinator);
    EXPECT_EQ(reply.topics.at(0).name, "t");
    EXPECT_EQ(reply.topics.at(0).topic_id, kOne);
    EXPECT_EQ(reply.topics.at(0).partitions,
              (std::vector<OffsetCommitReply::Partition>{{0, ErrorCode::not_coordinator},
                                                         {4, ErrorCode::not_coordinator}}));
}

TEST(OffsetFetch, GivesBackWhatWasCommitted) {
    Bench bench;
    bench.commit({.offset = 12, .metadata = "note"});
    const std::int32_t partitions[] = {0, 1};
    using Topic = OffsetFetchQuery::Topic;
    const OffsetFetchReply reply = bench.groups.fetch(
        {"g", std::vector{Topic{"t", {}, partitions}, Topic{"u", {}, partitions}}, false});
    EXPECT_EQ(reply.error, ErrorCode::none);
    ASSERT_EQ(reply.topics.size(), 2u);
    EXPECT_EQ(reply.topics[0].partitions[0].committed, Offset{12});
    EXPECT_EQ(reply.topics[0].partitions[0].leader_epoch, LeaderEpoch{7});
    EXPECT_EQ(reply.topics[0].partitions[0].metadata, "note");
    for (const auto* none : {&reply.topics[0].partitions[1], &reply.topics[1].partitions[0]}) {
        EXPECT_EQ(none->committed, Offset{-1});
        EXPECT_EQ(none->leader_epoch, LeaderEpoch{-1});
        EXPECT_EQ(none->metadata, "");
        EXPECT_EQ(none->error, ErrorCode::none);
    }
}

TEST(OffsetFetch, GivesEverythingWhenNothingIsNamed) {
    Bench bench;
    bench.commit({.topic = "b", .partition = 1, .offset = 1});
    bench.commit({.topic = "a", .partition = 2, .offset = 2});
    bench.commit({.topic = "b", .partition = 0, .offset = 3});
    const OffsetFetchReply reply = bench.groups.fetch({"g", std::nullopt, false});
    ASSERT_EQ(reply.topics.size(), 2u);
    EXPECT_EQ(reply.topics[0].name, "a");
    ASSERT_EQ(reply.topics[1].partitions.size(), 2u);
    EXPECT_EQ(reply.topics[1].partitions[0].committed, Offset{3});
    EXPECT_TRUE(bench.groups.fetch({"other", std::nullopt, false}).topics.empty());
}

TEST(OffsetFetch, APositionInADeletedTopicOfTheSameNameDoesNotCount) {
    Bench bench;
    bench.commit({.partition = 0, .offset = 5, .topic_id = kOne});
    bench.commit({.partition = 1, .offset = 6});
    EXPECT_EQ(bench.committed("g", "t", 0, kOne), 5);
    EXPECT_EQ(bench.committed("g", "t", 0, kTwo), -1);
    EXPECT_EQ(bench.committed("g", "t", 0), 5);
    EXPECT_EQ(bench.committed("g", "t", 1, kTwo), 6);
}

// --- expiry ---

TEST(Expiry, PositionsOfNobodyExpireAfterTheRetentionTime) {
    Bench bench;
    bench.commit({.partition = 0, .offset = 1});
    bench.pass(kOffsetsRetention - milliseconds(1));
    EXPECT_FALSE(bench.expire());
    EXPECT_EQ(bench.committed("g"), 1);
    bench.commit({.partition = 1, .offset = 2});
    bench.pass(milliseconds(1));
    EXPECT_FALSE(bench.expire());
    EXPECT_EQ(bench.committed("g"), -1);
    EXPECT_EQ(bench.committed("g", "t", 1), 2);
    bench.pass(kOffsetsRetention);
    EXPECT_TRUE(bench.expire());
    EXPECT_EQ(bench.groups.size(), 0u);
}

TEST(Expiry, ACommitMayBringItsOwnTime) {
    Bench bench;
    bench.commit({.offset = 1, .version = 4, .retention_ms = 5'000});
    bench.pass(milliseconds(4'999));
    bench.expire();
    EXPECT_EQ(bench.committed("g"), 1);
    bench.pass(milliseconds(1));
    EXPECT_TRUE(bench.expire());
}

TEST(Expiry, AGroupInUseKeepsWhatItsMembersRead) {
    // A subscription of version 0 to topic "t": version, one topic, no user data.
    const std::string_view subscribed("\0\0\0\0\0\1\0\1t\xff\xff\xff\xff", 13);
    Bench bench;
    const auto group =
        bench.stable(1, {.protocols = {{"range", subscribed}}, .session_ms = 1'800'000});
    const std::string& m = group.members[0];
    bench.commit({.member = m, .generation = 1, .topic = "t", .offset = 1});
    bench.commit({.member = m, .generation = 1, .topic = "u", .offset = 2});
    for (int i = 0; i < 7 * 48; ++i) {
        bench.pass(milliseconds(1'790'000));
        bench.heartbeat("g", m, 1);
    }
    EXPECT_FALSE(bench.expire());
    EXPECT_EQ(bench.committed("g", "u"), 2);
    bench.pass(milliseconds(1'790'000));
    bench.heartbeat("g", m, 1);
    bench.pass(milliseconds(1'790'000));
    bench.heartbeat("g", m, 1);
    EXPECT_FALSE(bench.expire());
    EXPECT_EQ(bench.committed("g", "u"), -1);
    EXPECT_EQ(bench.committed("g", "t"), 1);
    // Once it is empty, the time counts from when it became so.
    bench.leave("g", {{m, std::nullopt}});
    EXPECT_FALSE(bench.expire());
    bench.pass(kOffsetsRetention);
    EXPECT_TRUE(bench.expire());
}

TEST(Expiry, AStableGroupWhoseSubscriptionsCannotBeReadKeepsAll) {
    Bench bench;
    const auto group = bench.stable(1, {.protocols = {{"range", "\1"}}, .session_ms = 1'800'000});
    bench.commit({.member = group.members[0], .generation = 1, .version = 4, .retention_ms = 1});
    bench.pass(milliseconds(1'000));
    EXPECT_FALSE(bench.expire());
    EXPECT_EQ(bench.committed("g"), 0);
}

TEST(Expiry, AnEmptyGroupWithoutPositionsGoesUnlessSomeoneIsOnTheWay) {
    Bench bench;
    const auto group = bench.stable(1);
    bench.leave("g", {{group.members[0], std::nullopt}});
    const std::string pending = bench.new_id({});
    EXPECT_FALSE(bench.expire());
    bench.leave("g", {{pending, std::nullopt}});
    EXPECT_TRUE(bench.expire());
}

TEST(Expiry, ManyTombstonesAreSpreadOverSeveralAppends) {
    Bench bench;
    for (std::int32_t p = 0; p < 2'500; ++p)
        bench.commit({.partition = p, .version = 4, .retention_ms = 0});
    bench.groups.expire("g", bench.now, bench.effects);
    ASSERT_EQ(bench.effects.appends.size(), 4u);
    EXPECT_EQ(bench.effects.appends[0].records.size(), 1'000u);
    EXPECT_EQ(bench.effects.appends[2].records.size(), 500u);
    EXPECT_FALSE(bench.effects.appends[3].replay);
}

TEST(Forget, TakesThePositionsOfDeletedPartitions) {
    Bench bench;
    bench.commit({.topic = "t", .partition = 0, .offset = 1});
    bench.commit({.topic = "t", .partition = 1, .offset = 2});
    bench.commit({.group = "h", .topic = "t", .partition = 0, .offset = 3});
    const TopicPartition gone[] = {{"t", 0}, {"u", 0}};
    bench.groups.forget(gone, bench.effects);
    ASSERT_EQ(bench.effects.appends.size(), 1u);
    const RecordList& records = bench.effects.appends[0].records;
    ASSERT_EQ(records.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i)
        bench.groups.replay(records[i], Offset{10});
    EXPECT_EQ(bench.committed("g", "t", 0), -1);
    EXPECT_EQ(bench.committed("g", "t", 1), 2);
    EXPECT_EQ(bench.committed("h", "t", 0), -1);
}

}  // namespace
}  // namespace cauce::coordinator::group
