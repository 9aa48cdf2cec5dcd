// What a coordinator knows after it has read the log, ours or one that Apache Kafka wrote.
#include "coordinator/group/testing/bench.h"
#include "wire/messages/consumer_group_metadata_key.h"
#include "wire/messages/group_metadata_value.h"
#include "wire/messages/offset_commit_value.h"
#include "wire/record_frame.h"

#include <gtest/gtest.h>

namespace cauce::coordinator::group {
namespace {

using testing::Bench;
using testing::text;

Buffer offset_key(std::string_view group, std::string_view topic, std::int32_t partition,
                  std::int16_t type = 1) {
    wire::Writer w;
    w.int16(type);
    w.string(group, false);
    w.string(topic, false);
    w.int32(partition);
    return w.take();
}

Buffer offset_value(std::int64_t offset, std::int16_t version) {
    wire::OffsetCommitValue value;
    value.offset = offset;
    value.commit_timestamp = 1;
    wire::Writer w;
    wire::write_versioned(w, value, version);
    return w.take();
}

Buffer group_key(std::string_view group, std::int16_t type = 2) {
    wire::Writer w;
    w.int16(type);
    w.string(group, false);
    return w.take();
}

TEST(Replay, BringsAStableGroupBackWithItsSessions) {
    Bench before;
    const auto group = before.stable(2);
    before.commit({.member = group.members[0], .generation = 1, .offset = 5});
    Bench after;
    before.replay_into(after.groups);
    EXPECT_EQ(after.groups.next_deadline(), std::nullopt);
    after.groups.loaded(after.now, after.effects);
    after.groups.check();
    EXPECT_EQ(after.groups.next_deadline(), after.now.mono + milliseconds(10'000));
    EXPECT_EQ(after.groups.describe("g", 6), before.groups.describe("g", 6));
    EXPECT_EQ(after.groups.find("g")->generation(), 1);
    EXPECT_EQ(after.groups.find("g")->leader(), group.members[0]);
    EXPECT_EQ(after.heartbeat("g", group.members[1], 1), ErrorCode::none);
    EXPECT_EQ(text(after.synced(after.sync("g", group.members[1], 1)).assignment),
              group.members[1]);
    EXPECT_EQ(after.commit({.member = group.members[1], .generation = 1, .offset = 6}),
              ErrorCode::none);
    after.pass(milliseconds(10'000));
    EXPECT_EQ(after.heartbeat("g", group.members[0], 1), ErrorCode::unknown_member_id);
}

TEST(Replay, BringsStaticMembersBack) {
    Bench before;
    const ReplyId joining = before.join({.instance = "one"});
    before.pass(kInitialRebalanceDelay);
    const std::string id = before.joined(joining).member_id;
    before.sync("g", id, 1, {{id, "all"}});
    Bench after;
    before.replay_into(after.groups);
    after.groups.loaded(after.now, after.effects);
    after.number_ids_from(1'000);
    const ReplyId back = after.join({.instance = "one"});
    EXPECT_EQ(after.joined(back).generation, 1);
    EXPECT_EQ(after.heartbeat("g", id, 1, "one"), ErrorCode::fenced_instance_id);
}

TEST(Replay, TombstonesTakeAway) {
    Groups groups({}, Logger());
    const Buffer key = offset_key("g", "t", 0);
    const Buffer value = offset_value(5, 4);
    EXPECT_EQ(groups.replay({key, value}, Offset{0}), Groups::Replayed::applied);
    const Buffer group = group_key("g");
    // The group's own tombstone leaves its positions alone; nobody sees them until it exists again.
    EXPECT_EQ(groups.replay({group, std::nullopt}, Offset{1}), Groups::Replayed::applied);
    EXPECT_EQ(groups.find("g"), nullptr);
    EXPECT_TRUE(groups.fetch({"g", std::nullopt, false}).topics.empty());
    EXPECT_NE(groups.offsets("g"), nullptr);
    EXPECT_EQ(groups.replay({key, std::nullopt}, Offset{2}), Groups::Replayed::applied);
    EXPECT_EQ(groups.size(), 0u);
}

TEST(Replay, ReadsEveryVersionThatWasEverWritten) {
    Groups groups({}, Logger());
    for (std::int16_t version = 0; version <= 4; ++version) {
        const Buffer key = offset_key("g", "t", version, version == 0 ? 0 : 1);
        EXPECT_EQ(groups.replay({key, offset_value(version + 10, version)}, Offset{version}),
                  Groups::Replayed::applied);
        EXPECT_EQ(groups.offsets("g")->find("t", version)->committed, Offset{version + 10});
        EXPECT_EQ(groups.offsets("g")->find("t", version)->record_offset, Offset{version});
    }
    for (std::int16_t version = 0; version <= 4; ++version) {
        wire::GroupMetadataValue value;
        value.protocol_type = "consumer";
        value.generation = 3 + version;
        value.protocol = "range";
        value.leader = "m";
        auto& member = value.members.emplace_back();
        member.member_id = "m";
        member.session_timeout = 10'000;
        wire::Writer w;
        wire::write_versioned(w, value, version);
        const Buffer bytes = w.take();
        EXPECT_EQ(groups.replay({group_key("g"), bytes}, Offset{10}), Groups::Replayed::applied);
        EXPECT_EQ(groups.find("g")->generation(), 3 + version);
        EXPECT_EQ(groups.find("g")->members().at("m").rebalance_timeout_ms, 10'000);
        EXPECT_EQ(groups.find("g")->state_since_ms(), std::nullopt);
        groups.check();
    }
}

TEST(Replay, WhatCannotBeIsMadeTheBestOf) {
    // Two members under one id, two under one instance, a leader that is not there, no protocol.
    wire::GroupMetadataValue value;
    value.protocol_type = "consumer";
    value.protocol.reset();
    value.leader = "nobody";
    for (const auto& [id, instance] :
         {std::pair{"a", "one"}, std::pair{"a", "two"}, std::pair{"b", "one"}}) {
        auto& member = value.members.emplace_back();
        member.member_id = id;
        member.group_instance_id = instance;
    }
    wire::Writer w;
    wire::write_versioned(w, value, 3);
    const Buffer bytes = w.take();
    Groups groups({}, Logger());
    EXPECT_EQ(groups.replay({group_key("g"), bytes}, Offset{0}), Groups::Replayed::applied);
    groups.check();
    EXPECT_EQ(groups.find("g")->members().size(), 1u);
    EXPECT_EQ(groups.find("g")->leader(), "a");
}

TEST(Replay, NamesWhatItDoesNotUnderstand) {
    Groups groups({}, Logger());
    EXPECT_EQ(groups.replay({group_key("g", 5), Buffer{0, 0}}, Offset{0}),
              Groups::Replayed::unknown_type);
    EXPECT_EQ(groups.replay({Buffer{0}, std::nullopt}, Offset{0}), Groups::Replayed::malformed);
    EXPECT_EQ(groups.replay({offset_key("g", "t", 0), Buffer{0, 9, 0}}, Offset{0}),
              Groups::Replayed::malformed);
    Buffer cut = offset_value(1, 3);
    cut.pop_back();
    EXPECT_EQ(groups.replay({offset_key("g", "t", 0), cut}, Offset{0}),
              Groups::Replayed::malformed);
    EXPECT_EQ(groups.replay({group_key("g"), Buffer{0, 3, 0}}, Offset{0}),
              Groups::Replayed::malformed);
    EXPECT_EQ(groups.size(), 0u);
}

TEST(Replay, AGroupOfAnotherProtocolIsKnownAndRefused) {
    Bench bench;
    const Buffer key = group_key("g", wire::ConsumerGroupMetadataKey::kRecordType);
    EXPECT_EQ(bench.groups.replay({key, Buffer{0, 0, 0}}, Offset{0}), Groups::Replayed::applied);
    EXPECT_EQ(bench.groups.replay({offset_key("g", "t", 0), offset_value(5, 4)}, Offset{1}),
              Groups::Replayed::applied);
    const ReplyId joining = bench.join({});
    EXPECT_EQ(bench.joined(joining).error, ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(bench.heartbeat("g", "m", 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(bench.commit({}), ErrorCode::group_id_not_found);
    EXPECT_EQ(bench.committed("g"), 5);
    EXPECT_EQ(bench.groups.describe("g", 6).error_message, "Group g is not a classic group.");
    std::vector<ListGroupsReply::Group> listed;
    bench.groups.list({}, listed);
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0], (ListGroupsReply::Group{"g", "consumer", "Unknown", "consumer"}));
    EXPECT_EQ(bench.groups.replay({key, std::nullopt}, Offset{2}), Groups::Replayed::applied);
    EXPECT_EQ(bench.joined(bench.join({})).error, ErrorCode::member_id_required);
    EXPECT_EQ(bench.committed("g"), 5);
}

TEST(Replay, PositionsInsideTransactionsCountWhenTheseAreCommitted) {
    Groups groups({}, Logger());
    const auto fetch = [&](std::int32_t partition) {
        const std::int32_t partitions[] = {partition};
        return groups.fetch({"g", std::vector{OffsetFetchQuery::Topic{"t", {}, partitions}}, true})
            .topics.at(0)
            .partitions.at(0);
    };
    const auto put = [&](std::int32_t partition, std::int64_t offset, std::int64_t at,
                         ProducerId producer) {
        groups.replay({offset_key("g", "t", partition), offset_value(offset, 4)}, Offset{at},
                      producer);
    };
    put(0, 1, 0, {});
    put(0, 10, 1, ProducerId{7});
    put(1, 11, 2, ProducerId{8});
    put(2, 12, 3, ProducerId{7});
    put(2, 13, 4, {});
    EXPECT_EQ(fetch(0).error, ErrorCode::unstable_offset_commit);
    EXPECT_EQ(fetch(0).committed, Offset{-1});
    EXPECT_EQ(fetch(3).error, ErrorCode::none);
    groups.replay_transaction_end(ProducerId{7}, true);
    groups.replay_transaction_end(ProducerId{8}, false);
    groups.replay_transaction_end(ProducerId{9}, true);
    EXPECT_EQ(fetch(0).committed, Offset{10});
    EXPECT_EQ(fetch(0).error, ErrorCode::none);
    EXPECT_EQ(fetch(1).committed, Offset{-1});
    EXPECT_EQ(fetch(2).committed, Offset{13});  // Written later than the one in the transaction.
    put(0, 20, 5, ProducerId{7});
    groups.replay({offset_key("g", "t", 0), std::nullopt}, Offset{6});
    groups.replay_transaction_end(ProducerId{7}, true);
    EXPECT_EQ(fetch(0).committed, Offset{-1});
}

TEST(Unload, TellsAllWhoWait) {
    Bench bench;
    const auto group = bench.stable(2);
    const ReplyId joining = bench.join({.member = group.members[0]});
    bench.join({.group = "h", .instance = "one"});
    bench.pass(kInitialRebalanceDelay);
    const ReplyId other = bench.join({.group = "h", .instance = "two"});
    const std::string one = bench.groups.find("h")->members().begin()->first;
    Effects effects;
    bench.groups.unload(ErrorCode::not_coordinator, effects);
    ASSERT_EQ(effects.replies.size(), 2u);
    EXPECT_EQ(effects.replies[0].id, joining);
    const auto& reply = std::get<JoinGroupReply>(effects.replies[0].reply);
    EXPECT_EQ(reply.error, ErrorCode::not_coordinator);
    EXPECT_EQ(reply.member_id, group.members[0]);
    EXPECT_EQ(effects.replies[1].id, other);
    EXPECT_EQ(bench.groups.size(), 0u);
    EXPECT_EQ(bench.groups.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace cauce::coordinator::group
