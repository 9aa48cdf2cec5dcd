// On which shard a connection ends up: with the partition it keeps asking for, but readers in bulk
// stay apart (Connection::owned_by).
#include "client/admin.h"
#include "client/cluster.h"
#include "client/producer.h"
#include "sim/broker.h"
#include "sim/workloads/asker.h"
#include "sim/world.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Task;

constexpr unsigned kShards = 3;
constexpr std::int32_t kPartitions = 4;
constexpr int kFetches = 150;
constexpr std::size_t kLarge = 100'000;
constexpr std::size_t kSmall = 100;
constexpr std::int16_t kByName = 12;  // the last version of Fetch that names topics

// One record of `bytes` in every partition.
Task<void> fill(NodeSeams& seams, std::size_t bytes) {
    client::ClusterOptions options;
    options.bootstrap = {{"broker", kPort}};
    client::Cluster cluster(seams.net, seams.shards, std::move(options));
    std::vector<client::NewTopic> topics(1);
    topics[0].name = "blog";
    topics[0].partitions = kPartitions;
    const MonoTime deadline = seams.shards.clock().now() + seconds(30);
    const auto made = co_await client::create_topics(cluster, topics, false, deadline);
    CHECK(made && made->front().ok());
    client::Producer producer(cluster, {});
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
        client::ProducerRecord record;
        record.topic = "blog";
        record.partition = partition;
        record.value = Buffer(bytes, 'x');
        const client::Producer::Delivered delivered = [](const Result<client::Delivery>& delivery) {
            CHECK(delivery.has_value());
        };
        CHECK((co_await producer.send(std::move(record), delivered)).has_value());
        co_await producer.flush();
    }
    co_await producer.close();
    co_await cluster.close();
}

// What readers and test tell each other.
struct Steps {
    int done = 0;
    bool may_leave = false;
};

// Reads the same record again and again, each time without a session; then stays until it may go.
Task<void> read(NodeSeams& seams, Findings& findings, std::int32_t partition, std::size_t bytes,
                Steps& steps) {
    Asker asker(seams, {"broker", kPort}, findings);
    wire::FetchRequest request;
    request.session_epoch = -1;
    request.max_bytes = 1'000'000;
    auto& topic = request.topics.emplace_back();
    topic.topic = "blog";
    auto& from = topic.partitions.emplace_back();
    from.partition = partition;
    from.partition_max_bytes = 1'000'000;
    for (int i = 0; i < kFetches; ++i) {
        const auto answer = co_await asker.ask<wire::FetchResponse>(request, kByName);
        const auto& records = answer.body.responses.at(0).partitions.at(0).records;
        EXPECT_TRUE(records && records->size() > bytes);
    }
    ++steps.done;
    while (!steps.may_leave)
        co_await seams.shards.sleep_until(seams.shards.clock().now() + milliseconds(10));
}

class MovesTest : public ::testing::Test {
protected:
    void start(std::size_t bytes) {
        broker.start();
        const auto serving = [this] { return broker.serving(); };
        ASSERT_TRUE(world.run_until(serving, world.now() + seconds(60)));
        bool filled = false;
        SimNode& writer = world.add_node("writer", 1);
        world.start(writer, [&filled, bytes](NodeSeams& seams, unsigned) -> Task<void> {
            return fill_and_tell(seams, bytes, filled);
        });
        ASSERT_TRUE(world.run_until([&] { return filled; }, world.now() + seconds(60)));
    }
    static Task<void> fill_and_tell(NodeSeams& seams, std::size_t bytes, bool& filled) {
        co_await fill(seams, bytes);
        filled = true;
    }
    // Until each has had kFetches answers.
    void read_from(std::int32_t partition, int readers, std::size_t bytes) {
        const int before = steps.done;
        for (int i = 0; i < readers; ++i) {
            SimNode& reader = world.add_node("reader" + std::to_string(before + i), 1);
            world.start(reader, [this, partition, bytes](NodeSeams& seams, unsigned) {
                return read(seams, findings, partition, bytes, steps);
            });
        }
        const auto all = [&] { return steps.done == before + readers; };
        ASSERT_TRUE(world.run_until(all, world.now() + seconds(120)));
        EXPECT_TRUE(findings.empty());
    }
    std::vector<std::size_t> readers_of_shards() {
        std::vector<std::size_t> readers;
        for (const node::ShardFacts& shard : broker.facts(node::Detail::edges).shards)
            readers.push_back(static_cast<std::size_t>(
                std::ranges::count(shard.clients, "sim", &live::Client::id)));
        return readers;
    }
    std::size_t home_of(std::int32_t partition) {
        const node::NodeFacts facts = broker.facts(node::Detail::edges);
        for (std::size_t shard = 0; shard < facts.shards.size(); ++shard)
            for (const node::PartitionFacts& each : facts.shards[shard].partitions)
                if (each.topic == facts.image->topic("blog")->id() && each.partition == partition)
                    return shard;
        ADD_FAILURE() << "nobody serves partition " << partition;
        return 0;
    }

    World world{{.seed = 12}};
    SimNode& machine = world.add_node("broker", kShards);
    Broker broker{world, machine, kAlone};
    Findings findings;
    Steps steps;
};

TEST_F(MovesTest, OneReaderGoesWhereItsPartitionIs) {
    start(kLarge);
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
        steps.may_leave = false;
        read_from(partition, 1, kLarge);
        std::vector<std::size_t> expected(kShards);
        expected[home_of(partition)] = 1;
        EXPECT_EQ(readers_of_shards(), expected) << partition;
        steps.may_leave = true;
        world.run_for(seconds(1));
    }
}

TEST_F(MovesTest, ReadersInBulkOfOnePartitionStayApart) {
    start(kLarge);
    read_from(0, 6, kLarge);
    // Two each at first. One that comes to its 64th answer early, before others were counted, may
    // go.
    const std::vector<std::size_t> readers = readers_of_shards();
    EXPECT_GE(*std::ranges::min_element(readers), 1u);
    EXPECT_LE(*std::ranges::max_element(readers), 3u);
}

TEST_F(MovesTest, ReadersOfLittleGatherAtTheirPartition) {
    start(kSmall);
    read_from(0, 6, kSmall);
    std::vector<std::size_t> expected(kShards);
    expected[home_of(0)] = 6;
    EXPECT_EQ(readers_of_shards(), expected);
}

}  // namespace
}  // namespace cauce::sim
