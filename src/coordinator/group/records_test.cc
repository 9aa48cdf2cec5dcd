// The bytes of our records against those that Apache Kafka 4.4's own classes write for the same
// facts (GroupCoordinatorRecordHelpers and GroupCoordinatorRecordSerde).
#include "coordinator/group/records.h"

#include "coordinator/group/committed_offsets.h"
#include "coordinator/group/testing/bench.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::coordinator::group {
namespace {

using testing::Bench;

constexpr std::string_view kOffsetKey = "0001000567726f75700005746f70696300000003";
constexpr std::string_view kGroupKey = "0002000567726f7570";

std::string hex(BytesView bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : bytes) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

std::string value_hex(const RecordView& record) {
    return record.value ? hex(*record.value) : "-";
}

CommittedOffset forty_two() {
    CommittedOffset committed;
    committed.committed = Offset{42};
    committed.leader_epoch = LeaderEpoch{7};
    committed.metadata = "meta";
    committed.commit_timestamp_ms = 1'700'000'000'000;
    return committed;
}

TEST(Records, OffsetCommit) {
    RecordList records;
    records.offset_commit("group", "topic", 3, forty_two());
    CommittedOffset by_id = forty_two();
    by_id.leader_epoch = LeaderEpoch{};
    by_id.metadata.clear();
    by_id.topic_id = Uuid{0x0102030405060708, 0x090a0b0c0d0e0f10};
    records.offset_commit("group", "topic", 3, by_id);
    CommittedOffset expiring = forty_two();
    expiring.expire_timestamp_ms = 1'700'000'060'000;
    expiring.topic_id = Uuid{1, 2};
    records.offset_commit("group", "topic", 3, expiring);
    records.offset_tombstone("group", "topic", 3);
    const std::string_view values[] = {
        "0004000000000000002a00000007056d6574610000018bcfe5680000",
        "0004000000000000002affffffff010000018bcfe568000100100102030405060708090a0b0c0d0e0f10",
        "0001000000000000002a00046d6574610000018bcfe568000000018bcfe65260",
        "-",
    };
    ASSERT_EQ(records.size(), std::size(values));
    for (std::size_t i = 0; i < records.size(); ++i) {
        EXPECT_EQ(hex(records[i].key), kOffsetKey);
        EXPECT_EQ(value_hex(records[i]), values[i]);
    }
}

TEST(Records, GroupFromItsCreationToItsEnd) {
    Bench bench({.initial_rebalance_delay = milliseconds(0)});
    const std::string_view metadata("\0\1\2", 3);
    testing::Join join{.group = "group", .protocols = {{"range", metadata}}};
    const std::string id = bench.new_id(join);
    join.member = id;
    bench.join(join);
    bench.pass(milliseconds(0));
    bench.sync("group", id, 1, {{id, "\t\b"}});
    bench.leave("group", {{id, std::nullopt}});
    bench.groups.expire("group", bench.now, bench.effects);
    ASSERT_EQ(bench.effects.appends.size(), 1u);
    const RecordList& end = bench.effects.appends[0].records;

    ASSERT_EQ(bench.log.size(), 3u);
    for (const auto& record : bench.log)
        EXPECT_EQ(hex(record.key), kGroupKey);
    EXPECT_EQ(hex(*bench.log[0].value), "0003000000000000ffffffff0000018bcfe5680000000000");
    EXPECT_EQ(
        hex(*bench.log[1].value),
        "00030008636f6e73756d657200000001000572616e6765002b636c69656e742d30303030303030302d303030"
        "302d313131312d303030302d3030303030303030303030310000018bcfe5680000000001002b636c69656e"
        "742d30303030303030302d303030302d313131312d303030302d303030303030303030303031ffff000663"
        "6c69656e74000a2f3132372e302e302e310000ea600000271000000003000102000000020908");
    EXPECT_EQ(hex(*bench.log[2].value),
              "00030008636f6e73756d657200000002ffffffff0000018bcfe5680000000000");
    ASSERT_EQ(end.size(), 1u);
    EXPECT_EQ(hex(end[0].key), kGroupKey);
    EXPECT_EQ(end[0].value, std::nullopt);
}

TEST(Records, AStaticMember) {
    Bench bench({.initial_rebalance_delay = milliseconds(0)});
    const std::string_view metadata("\0\1\2", 3);
    const ReplyId joining =
        bench.join({.group = "group", .instance = "one", .protocols = {{"range", metadata}}});
    bench.pass(milliseconds(0));
    const std::string id = bench.joined(joining).member_id;
    bench.sync("group", id, 1, {{id, "\t\b"}});
    // The same with Kafka's member "m1" in generation 5, its id put in.
    const std::string member = "0028" + hex(as_bytes(id));
    EXPECT_EQ(
        hex(*bench.log.at(1).value),
        "00030008636f6e73756d657200000001000572616e6765" + member + "0000018bcfe5680000000001" +
            member +
            "00036f6e650006636c69656e74000a2f3132372e302e302e310000ea6000002710000000030001020000"
            "00020908");
}

}  // namespace
}  // namespace cauce::coordinator::group
