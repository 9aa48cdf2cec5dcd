#include "cli/compaction_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::cli {
namespace {

constexpr WallTime kNow{1'700'000'000'000};

client::TopicInfo topic_of(std::vector<std::int32_t> leaders) {
    client::TopicInfo topic;
    topic.name = "facts";
    for (std::size_t i = 0; i < leaders.size(); ++i) {
        client::PartitionInfo& partition = topic.partitions.emplace_back();
        partition.partition = static_cast<std::int32_t>(i);
        partition.leader = NodeId{leaders[i]};
    }
    return topic;
}

client::LogDirectory::Replica replica_of(std::int32_t number, client::CompactionOutlook outlook) {
    client::LogDirectory::Replica replica;
    replica.partition = {"facts", number};
    replica.compaction = std::move(outlook);
    return replica;
}

client::LogDirectory directory_of(std::int32_t node) {
    client::LogDirectory directory;
    directory.node = NodeId{node};
    return directory;
}

// One row as JSON, without blanks.
std::string row_text(const Table& table, std::size_t row) {
    std::string text;
    append_json(text, Value(Value::List(table.rows.at(row).begin(), table.rows.at(row).end())));
    std::erase(text, ' ');
    return text;
}

TEST(CompactionTable, ARowForEachPartitionWhoseLeaderTells) {
    client::LogDirectory first = directory_of(1);
    first.replicas.push_back(replica_of(0, {.seen_upto = 30,
                                            .may_see_upto = 40,
                                            .seen_bytes = 300,
                                            .dirty_bytes = 100,
                                            .last_round_ms = kNow.ms - 5,
                                            .next_deletion_ms = kNow.ms + 86'400'000}));
    // A follower's, which is nobody's business.
    first.replicas.push_back(replica_of(1, {.seen_upto = 99}));
    client::LogDirectory second = directory_of(2);
    second.replicas.push_back(replica_of(1, {.seen_upto = 7, .may_see_upto = 7}));
    // On its way to another directory.
    second.replicas.push_back(replica_of(2, {.seen_upto = 1}));
    second.replicas.back().is_future = true;
    const Table table = compaction_table(topic_of({1, 2, 2, -1}), {first, second}, kNow);
    ASSERT_EQ(table.rows.size(), 2u);
    EXPECT_EQ(row_text(table, 0),
              "[0,25,30,40,300,100,1699999999995,\"whenmoreisdirty\",1700086400000,"
              "\"after2023-11-15T22:13:20Z\"]");
    EXPECT_EQ(row_text(table, 1), "[1,0,7,7,0,0,null,\"whenasegmentisfull\",null,null]");
    for (const auto& row : table.rows)
        EXPECT_EQ(row.size(), table.columns.size());
}

TEST(CompactionTable, SaysWhenTheNextRoundIs) {
    struct Case {
        client::CompactionOutlook outlook;
        const char* words;
    };
    for (const Case& c :
         {Case{{.dirty_bytes = 9, .is_wanted = true}, "\"soon\""},
          Case{{.next_deletion_ms = kNow.ms}, "\"withthenextround\""},
          Case{{.dirty_bytes = 9, .refused = "abatchisdamaged"}, "\"never:abatchisdamaged\""}}) {
        client::LogDirectory directory = directory_of(1);
        directory.replicas.push_back(replica_of(0, c.outlook));
        const Table table = compaction_table(topic_of({1}), {directory}, kNow);
        ASSERT_EQ(table.rows.size(), 1u);
        EXPECT_NE(row_text(table, 0).find(c.words), std::string::npos) << row_text(table, 0);
    }
}

TEST(CompactionTable, NobodyTells) {
    EXPECT_TRUE(compaction_table(topic_of({1}), {}, kNow).rows.empty());
    client::LogDirectory silent = directory_of(1);
    silent.replicas.emplace_back().partition = {"facts", 0};
    EXPECT_TRUE(compaction_table(topic_of({1}), {silent}, kNow).rows.empty());
}

}  // namespace
}  // namespace cauce::cli
