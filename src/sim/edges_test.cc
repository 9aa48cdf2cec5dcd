// Who is connected to what, counted by a whole node: its own facts against what clients did. A
// connection keeps its token when it moves between shards, all four positions are those that the
// client was told, and who has left is seen to have.
#include "client/admin.h"
#include "client/cluster.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "node/edge_reader.h"
#include "sim/broker.h"
#include "sim/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using node::EdgeReader;
using runtime::Task;

const std::string kProperties = std::string(kAlone) +
                                "offsets.topic.replication.factor=1\n"
                                "offsets.topic.num.partitions=7\n";

constexpr int kPartitions = 4;

// Client and test take turns: the client does a step and waits until the test lets it go on.
struct Steps {
    int done = 0;
    int allowed = 0;
    std::optional<Offset> read_up_to;  // by the consumer
};

Task<void> step_done(NodeSeams& seams, Steps& steps) {
    ++steps.done;
    while (steps.allowed < steps.done)
        co_await seams.shards.sleep_until(seams.shards.clock().now() + milliseconds(10));
}

client::ClusterOptions options(std::string client_id) {
    client::ClusterOptions options;
    options.bootstrap = {{"broker", 9092}};
    options.client_id = std::move(client_id);
    return options;
}

Task<void> make_topic(client::Cluster& cluster, std::string name, MonoTime deadline) {
    std::vector<client::NewTopic> topics(1);
    topics[0].name = std::move(name);
    topics[0].partitions = kPartitions;
    const auto made = co_await client::create_topics(cluster, topics, false, deadline);
    CHECK(made && made->front().ok());
}

// One request a record.
Task<void> produce(client::Producer& producer, TopicPartition to, int records) {
    for (int i = 0; i < records; ++i) {
        client::ProducerRecord record;
        record.topic = to.topic;
        record.partition = to.partition;
        record.value = Buffer(10, 'x');
        const client::Producer::Delivered delivered = [](const Result<client::Delivery>& delivery) {
            CHECK(delivery.has_value());
        };
        CHECK((co_await producer.send(std::move(record), delivered)).has_value());
        co_await producer.flush();
    }
}

// Goes from partition to partition, with enough requests to make its connection follow.
constexpr int kRecords = 150;
Task<void> wander(NodeSeams& seams, Steps& steps) {
    client::Cluster cluster(seams.net, seams.shards, options("wanderer"));
    co_await make_topic(cluster, "blog", seams.shards.clock().now() + seconds(30));
    client::Producer producer(cluster, {});
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
        TopicPartition to{"blog", partition};
        co_await produce(producer, std::move(to), kRecords);
        co_await step_done(seams, steps);
    }
    co_await producer.close();
    co_await cluster.close();
}

// Appends 20 records, reads 20, commits the first 12.
constexpr int kRead = 20;
constexpr Offset kCommitted{12};
const TopicPartition kBlog0{"blog", 0};

client::ConsumerOptions member_of(std::string group) {
    client::ConsumerOptions options;
    options.group.group = std::move(group);
    options.group.auto_commit = false;
    options.start = client::kEarliestOffset;
    return options;
}

// Returns where it stands then.
Task<Offset> read(client::Consumer& consumer, MonoTime deadline) {
    Offset next;
    while (next < Offset{kRead}) {
        const auto got = co_await consumer.next(deadline);
        CHECK(got && *got);
        if (!(*got)->records.empty()) next = (*got)->next;
    }
    co_return next;
}

Task<void> commit(client::Consumer& consumer, TopicPartition partition, Offset offset,
                  MonoTime deadline) {
    client::FetchedRecords done;
    done.partition = std::move(partition);
    consumer.processed(done, offset);
    const auto committed = co_await consumer.commit(deadline);
    CHECK(committed.has_value());
}

Task<void> read_and_commit(NodeSeams& seams, Steps& steps) {
    client::Cluster writing(seams.net, seams.shards, options("writer"));
    client::Cluster reading(seams.net, seams.shards, options("reader"));
    const MonoTime deadline = seams.shards.clock().now() + seconds(60);
    co_await make_topic(writing, "blog", deadline);
    client::Producer producer(writing, {});
    co_await produce(producer, kBlog0, kRead);

    const std::vector<std::string> topics{"blog"};
    client::Consumer consumer(reading, member_of("readers"), topics);
    steps.read_up_to = co_await read(consumer, deadline);
    co_await step_done(seams, steps);
    co_await commit(consumer, kBlog0, kCommitted, deadline);
    co_await step_done(seams, steps);
    CHECK((co_await consumer.close(deadline)).has_value());
    co_await reading.close();
    co_await step_done(seams, steps);
    co_await producer.close();
    co_await writing.close();
}

// Two consumers of one name on one machine, in two groups that read a topic each.
const TopicPartition kClog0{"clog", 0};
constexpr Offset kCommittedToo{7};
Task<void> read_as_namesakes(NodeSeams& seams, Steps& steps) {
    client::Cluster writing(seams.net, seams.shards, options("writer"));
    client::Cluster one(seams.net, seams.shards, options("reader"));
    client::Cluster two(seams.net, seams.shards, options("reader"));
    const MonoTime deadline = seams.shards.clock().now() + seconds(60);
    co_await make_topic(writing, "blog", deadline);
    co_await make_topic(writing, "clog", deadline);
    client::Producer producer(writing, {});
    co_await produce(producer, kBlog0, kRead);
    co_await produce(producer, kClog0, kRead);
    const std::vector<std::string> blog{"blog"};
    const std::vector<std::string> clog{"clog"};
    client::Consumer first(one, member_of("readers"), blog);
    client::Consumer second(two, member_of("others"), clog);
    co_await read(first, deadline);
    co_await read(second, deadline);
    co_await commit(first, kBlog0, kCommitted, deadline);
    co_await commit(second, kClog0, kCommittedToo, deadline);
    co_await step_done(seams, steps);
    CHECK((co_await first.close(deadline)).has_value());
    CHECK((co_await second.close(deadline)).has_value());
    co_await producer.close();
    co_await one.close();
    co_await two.close();
    co_await writing.close();
}

class EdgesTest : public ::testing::Test {
protected:
    EdgesTest() {
        broker.start();
        const auto serving = [this] { return broker.serving(); };
        CHECK(world.run_until(serving, world.now() + seconds(60)));
    }
    void run_client(Task<void> (*program)(NodeSeams&, Steps&)) {
        world.start(client,
                    [this, program](NodeSeams& seams, unsigned) { return program(seams, steps); });
    }
    void let_do(int step) {
        steps.allowed = step - 1;
        const auto done = [&] { return steps.done == step; };
        ASSERT_TRUE(world.run_until(done, world.now() + seconds(120))) << step;
    }
    node::NodeFacts facts() { return broker.facts(node::Detail::edges); }

    World world{{.seed = 11}};
    SimNode& machine = world.add_node("broker", 3);
    SimNode& client = world.add_node("client", 1);
    Broker broker{world, machine, kProperties};
    Steps steps;
};

struct Place {
    std::size_t shard = 0;
    const node::PartitionFacts* partition = nullptr;
};
Place place_of(const node::NodeFacts& facts, std::int32_t partition,
               std::string_view topic = "blog") {
    const TopicId id = facts.image->topic(topic)->id();
    for (std::size_t shard = 0; shard < facts.shards.size(); ++shard)
        for (const node::PartitionFacts& each : facts.shards[shard].partitions)
            if (each.topic == id && each.partition == partition) return {shard, &each};
    CHECK(false, partition);
    return {};
}

// Which shard serves it; nothing when none does.
std::optional<std::size_t> shard_of(const node::NodeFacts& facts, live::ClientToken token) {
    for (std::size_t shard = 0; shard < facts.shards.size(); ++shard)
        for (const live::Client& each : facts.shards[shard].clients)
            if (each.token == token) return shard;
    return std::nullopt;
}

TEST_F(EdgesTest, AConnectionThatMovesKeepsItsToken) {
    run_client(wander);
    live::ClientToken token = 0;
    std::set<std::size_t> shards;
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
        let_do(partition + 1);
        const node::NodeFacts now = facts();
        const Place place = place_of(now, partition);
        ASSERT_EQ(place.partition->edges.size(), 1u) << partition;
        const live::Edge& edge = place.partition->edges.front();
        if (partition == 0) token = edge.client;
        EXPECT_EQ(edge.client, token) << partition;
        EXPECT_EQ(edge.appended_batches, static_cast<std::uint64_t>(kRecords));
        EXPECT_EQ(edge.appended_records, static_cast<std::uint64_t>(kRecords));
        EXPECT_EQ(edge.appended, Offset{kRecords});
        // It has followed, as the same client.
        EXPECT_EQ(shard_of(now, token), place.shard) << partition;
        shards.insert(place.shard);
        const live::Client* known = EdgeReader(now).client(token);
        ASSERT_NE(known, nullptr);
        EXPECT_EQ(known->id, "wanderer");
        EXPECT_EQ(known->host, "client");
        EXPECT_NE(known->port, 0);
        EXPECT_NE(known->software_name, "");
        EXPECT_EQ(known->group, "");
    }
    EXPECT_GE(shards.size(), 2u);
}

TEST_F(EdgesTest, ThePositionsAreWhatTheClientsWereTold) {
    run_client(read_and_commit);
    const auto edges = [](const node::NodeFacts& now) { return place_of(now, 0).partition->edges; };
    const auto find = [&](const node::NodeFacts& now, std::string_view id) {
        const EdgeReader reader(now);
        const auto all = edges(now);
        const auto found = std::ranges::find_if(all, [&](const live::Edge& edge) {
            const live::Client* known = reader.client(edge.client);
            return known != nullptr && known->id == id;
        });
        return found == all.end() ? std::nullopt : std::optional<live::Edge>(*found);
    };
    const auto positions = [](const node::NodeFacts& now, const live::Edge& edge) {
        return EdgeReader(now).positions(*place_of(now, 0).partition, edge);
    };

    let_do(1);
    node::NodeFacts now = facts();
    const auto writer = find(now, "writer");
    const auto reader = find(now, "reader");
    ASSERT_TRUE(writer && reader);
    const Offset end{kRead};
    EXPECT_EQ(positions(now, *writer), (node::EdgePositions{end, end, {}, {}}));
    EXPECT_EQ(positions(now, *reader), (node::EdgePositions{{}, {}, *steps.read_up_to, {}}));
    EXPECT_EQ(*steps.read_up_to, end);
    // It fetches on a connection that never named the group.
    EXPECT_EQ(EdgeReader(now).client(reader->client)->group, "");
    const node::PartitionFacts& partition = *place_of(now, 0).partition;
    EXPECT_EQ(EdgeReader(now).group(partition, reader->client), "readers");
    EXPECT_EQ(EdgeReader(now).group(partition, writer->client), "");

    let_do(2);
    now = facts();
    EXPECT_EQ(positions(now, *reader), (node::EdgePositions{{}, {}, end, kCommitted}));

    // The consumer leaves: nobody tells the partition, its reader sees it.
    let_do(3);
    world.run_for(seconds(1));
    now = facts();
    EXPECT_EQ(EdgeReader(now).client(reader->client), nullptr);
    EXPECT_NE(EdgeReader(now).client(writer->client), nullptr);
    EXPECT_EQ(edges(now).size(), 2u);
    EXPECT_EQ(shard_of(now, reader->client), std::nullopt);

    // Metrics are not burdened with any of this.
    const node::NodeFacts totals = broker.facts(node::Detail::totals);
    EXPECT_TRUE(edges(totals).empty());
    for (const node::ShardFacts& shard : totals.shards)
        EXPECT_TRUE(shard.clients.empty());
}

TEST_F(EdgesTest, NamesakesInTwoGroupsEachHaveWhatTheirOwnCommitted) {
    run_client(read_as_namesakes);
    let_do(1);
    const node::NodeFacts now = facts();
    const EdgeReader reader(now);
    struct Case {
        const char* topic;
        std::string_view group;
        Offset committed;
    };
    for (const Case& c :
         {Case{"blog", "readers", kCommitted}, Case{"clog", "others", kCommittedToo}}) {
        SCOPED_TRACE(c.topic);
        const node::PartitionFacts& partition = *place_of(now, 0, c.topic).partition;
        int readers = 0;
        for (const live::Edge& edge : partition.edges) {
            if (edge.fetched == Offset{0}) continue;
            ++readers;
            EXPECT_EQ(reader.client(edge.client)->id, "reader");
            EXPECT_EQ(reader.client(edge.client)->group, "");
            EXPECT_EQ(reader.group(partition, edge.client), c.group);
            EXPECT_EQ(reader.positions(partition, edge).committed, c.committed);
        }
        EXPECT_EQ(readers, 1);
    }
}

}  // namespace
}  // namespace cauce::sim
