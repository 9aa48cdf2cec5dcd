#include "node/edge_reader.h"

#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::node {
namespace {

constexpr TopicId kBlog{1, 1};

metadata::ImagePointer image_with_blog() {
    metadata::RecordList records;
    wire::TopicRecord topic;
    topic.name = "blog";
    topic.topic_id = kBlog;
    records.add(topic);
    wire::PartitionRecord partition;
    partition.topic_id = kBlog;
    partition.partition_id = 0;
    partition.replicas = {1};
    partition.isr = {1};
    partition.directories.assign(1, Uuid{7, 7});
    partition.leader = 1;
    partition.leader_epoch = 0;
    partition.partition_epoch = 0;
    records.add(partition);
    metadata::ImageBuilder builder;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto replayed = builder.replay(records[i]);
        EXPECT_TRUE(replayed) << replayed.error().message;
    }
    return builder.publish();
}

// A node of two shards, and partition 0 of "blog" with 90 of 100 records replicated.
class EdgeReaderTest : public ::testing::Test {
public:
    EdgeReaderTest() {
        facts.image = image_with_blog();
        facts.shards.resize(2);
        partition.topic = kBlog;
        partition.log_end = Offset{100};
        partition.high_watermark = Offset{90};
    }

    live::Client& add_client(live::ClientToken token, std::string id, std::string group = {},
                             std::string host = "10.0.0.1") {
        live::Client& client = facts.shards[token % 2].clients.emplace_back();
        client.token = token;
        client.id = std::move(id);
        client.host = std::move(host);
        client.group = std::move(group);
        return client;
    }
    GroupFacts& add_group(std::string id, std::vector<CommittedFacts> committed) {
        GroupFacts& group = facts.shards[1].groups.emplace_back();
        group.id = std::move(id);
        group.members = 1;
        group.committed = std::move(committed);
        return group;
    }
    static live::Edge edge(live::ClientToken client, std::int64_t appended, std::int64_t fetched) {
        live::Edge edge;
        edge.client = client;
        edge.appended = Offset{appended};
        edge.fetched = Offset{fetched};
        return edge;
    }
    EdgePositions positions(const live::Edge& edge) const {
        return EdgeReader(facts).positions(partition, edge);
    }

    NodeFacts facts;
    PartitionFacts partition;
};

using Positions = EdgePositions;

TEST_F(EdgeReaderTest, WhatIsAppendedIsReplicatedUpToTheHighWatermark) {
    add_client(3, "writer");
    EXPECT_EQ(positions(edge(3, 100, 0)),
              (Positions{Offset{100}, Offset{90}, std::nullopt, std::nullopt}));
    // Others have appended since.
    EXPECT_EQ(positions(edge(3, 40, 0)),
              (Positions{Offset{40}, Offset{40}, std::nullopt, std::nullopt}));
    partition.high_watermark = Offset{100};
    EXPECT_EQ(positions(edge(3, 100, 0)).replicated, Offset{100});
    EXPECT_EQ(positions(edge(3, 0, 0)), Positions());
}

TEST_F(EdgeReaderTest, AllFourPositions) {
    add_client(3, "both", "readers");
    add_group("others", {{"blog", 0, Offset{1}}});
    add_group("readers", {{"a", 0, Offset{2}}, {"blog", 0, Offset{60}}, {"blog", 1, Offset{3}}});
    EXPECT_EQ(positions(edge(3, 100, 70)),
              (Positions{Offset{100}, Offset{90}, Offset{70}, Offset{60}}));
    // Who only appends has nothing to commit.
    EXPECT_EQ(positions(edge(3, 100, 0)).committed, std::nullopt);
}

TEST_F(EdgeReaderTest, NothingIsCommittedBeforeTheGroupCommitsForThePartition) {
    add_client(3, "reader", "readers");
    EXPECT_EQ(positions(edge(3, 0, 70)).committed, std::nullopt);
    add_group("readers", {{"blog", 1, Offset{3}}, {"clog", 0, Offset{4}}});
    EXPECT_EQ(positions(edge(3, 0, 70)).committed, std::nullopt);
    facts.shards[1].groups.clear();
    add_group("readers", {{"blog", 0, Offset{5}}});
    EXPECT_EQ(positions(edge(3, 0, 70)).committed, Offset{5});
    facts.image = nullptr;
    EXPECT_EQ(positions(edge(3, 0, 70)).committed, std::nullopt);
}

TEST_F(EdgeReaderTest, WhoFetchesBelongsWithWhoAsksTheCoordinator) {
    add_client(3, "reader");
    add_client(4, "reader", "readers");
    add_client(5, "reader", "readers");
    add_client(6, "reader", "elsewhere", "10.0.0.2");
    add_client(7, "another", "another");
    add_client(8, "alone");
    add_group("readers", {{"blog", 0, Offset{60}}});
    const EdgeReader reader(facts);
    EXPECT_EQ(reader.group(partition, 3), "readers");
    EXPECT_EQ(reader.group(partition, 6), "elsewhere");
    EXPECT_EQ(reader.group(partition, 7), "another");
    EXPECT_EQ(reader.group(partition, 8), "");
    EXPECT_EQ(positions(edge(3, 0, 70)).committed, Offset{60});
}

// Rather nothing than what may be wrong.
TEST_F(EdgeReaderTest, NoGroupWhereThereIsNoTelling) {
    add_client(3, "rdkafka");
    add_client(4, "rdkafka", "readers");
    add_client(5, "rdkafka", "writers");
    // One connection that spoke for several groups.
    add_client(6, "proxy");
    add_client(7, "proxy").unclear_group = true;
    add_client(8, "proxy", "readers");
    // No name is no kinship.
    add_client(9, "");
    add_client(10, "", "readers");
    add_group("readers", {{"blog", 0, Offset{60}}});
    const EdgeReader reader(facts);
    for (const live::ClientToken token : {3u, 6u, 7u, 9u}) {
        EXPECT_EQ(reader.group(partition, token), "") << token;
        EXPECT_EQ(positions(edge(token, 0, 70)).committed, std::nullopt) << token;
    }
    EXPECT_EQ(reader.group(partition, 4), "readers");
    EXPECT_EQ(reader.group(partition, 8), "readers");
    EXPECT_EQ(reader.group(partition, 10), "readers");
}

// Two fetch, and their namesakes on the same machine speak for two groups: whose member was given
// the partition?
TEST_F(EdgeReaderTest, NamesakesAreToldApartByWhatTheyAreAssigned) {
    using Partitions = std::vector<TopicPartition>;
    using Assigned = std::optional<Partitions>;
    const Assigned blog = Partitions{{"blog", 0}};
    const Assigned clog = Partitions{{"blog", 1}, {"clog", 0}};
    const Assigned nothing = Partitions();
    struct Case {
        const char* what;
        std::vector<MemberFacts> readers;
        std::vector<MemberFacts> others;
        std::string_view group;
    };
    const MemberFacts elsewhere{"rdkafka", "10.0.0.2", blog};
    const MemberFacts another{"kgo", "10.0.0.1", blog};
    const auto here = [](const Assigned& assigned) {
        return MemberFacts{"rdkafka", "10.0.0.1", assigned};
    };
    add_client(3, "rdkafka");
    add_client(4, "rdkafka", "readers");
    add_client(5, "rdkafka", "others");
    for (const Case& c : {
             Case{"the one", {here(blog)}, {here(clog)}, "readers"},
             Case{"the other", {here(clog)}, {here(blog)}, "others"},
             Case{"one of its members", {here(clog), here(blog)}, {here(nothing)}, "readers"},
             Case{"both", {here(blog)}, {here(blog)}, ""},
             Case{"neither", {here(nothing)}, {here(clog)}, ""},
             Case{"a rebalance of the other", {here(blog)}, {here(std::nullopt)}, ""},
             Case{"the other commits without members", {here(blog)}, {}, ""},
             Case{"members that are not here", {here(blog)}, {elsewhere, another}, "readers"},
         }) {
        SCOPED_TRACE(c.what);
        facts.shards[1].groups.clear();
        add_group("others", {{"blog", 0, Offset{30}}}).readers = c.others;
        add_group("readers", {{"blog", 0, Offset{60}}}).readers = c.readers;
        EXPECT_EQ(EdgeReader(facts).group(partition, 3), c.group);
        std::optional<Offset> committed;
        if (!c.group.empty()) committed = Offset{c.group == "readers" ? 60 : 30};
        EXPECT_EQ(positions(edge(3, 0, 70)).committed, committed);
    }
    // Of a group that is not known here, and of one that another client may stand behind.
    facts.shards[1].groups.clear();
    add_group("readers", {}).readers = {here(blog)};
    EXPECT_EQ(EdgeReader(facts).group(partition, 3), "");
    add_group("others", {}).readers = {here(clog)};
    EXPECT_EQ(EdgeReader(facts).group(partition, 3), "readers");
    add_client(6, "rdkafka").unclear_group = true;
    EXPECT_EQ(EdgeReader(facts).group(partition, 3), "");
}

TEST_F(EdgeReaderTest, WhoHasLeftKeepsWhatWasCounted) {
    add_client(3, "reader", "readers");
    add_group("readers", {{"blog", 0, Offset{60}}});
    const EdgeReader reader(facts);
    EXPECT_NE(reader.client(3), nullptr);
    EXPECT_EQ(reader.client(99), nullptr);
    EXPECT_EQ(reader.client(0), nullptr);
    EXPECT_EQ(reader.group(partition, 99), "");
    EXPECT_EQ(reader.positions(partition, edge(99, 95, 70)),
              (Positions{Offset{95}, Offset{90}, Offset{70}, std::nullopt}));
}

TEST_F(EdgeReaderTest, OneThatMovesMayBeListedTwice) {
    add_client(3, "reader", "readers");
    facts.shards[0].clients.push_back(facts.shards[1].clients.front());
    const EdgeReader reader(facts);
    ASSERT_NE(reader.client(3), nullptr);
    EXPECT_EQ(reader.client(3)->id, "reader");
    EXPECT_EQ(reader.group(partition, 3), "readers");
}

}  // namespace
}  // namespace cauce::node
