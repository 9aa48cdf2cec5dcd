// Retention on the whole node, where nobody writes any more: it comes on time, it says beforehand
// what it will do, and records from the future are no secret.
#include "client/admin.h"
#include "client/cluster.h"
#include "sim/broker.h"
#include "sim/workloads/asker.h"
#include "wire/batch_builder.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Task;

constexpr std::int64_t kRetentionMs = 60'000;
constexpr std::int64_t kHour = 3'600'000;
const TopicPartition kPartition{"aged", 0};

const std::string kProperties = std::string(kAlone) + "log.retention.check.interval.ms=10000\n";

struct Seen {
    std::int64_t start = -1;
    std::int64_t end = -1;
    std::optional<client::RetentionOutlook> outlook;
    std::int64_t wall_ms = 0;
};

client::ClusterOptions options() {
    client::ClusterOptions options;
    options.bootstrap = {{"broker", kPort}};
    return options;
}

Task<void> create(NodeSeams& seams, std::string after_max_ms) {
    client::Cluster cluster(seams.net, seams.shards, options());
    std::vector<client::NewTopic> topics(1);
    topics[0].name = kPartition.topic;
    topics[0].partitions = 1;
    topics[0].replicas = 1;
    topics[0].configs = {{"retention.ms", std::to_string(kRetentionMs)},
                         {"message.timestamp.after.max.ms", after_max_ms}};
    const MonoTime deadline = seams.shards.clock().now() + seconds(30);
    const auto made = co_await client::create_topics(cluster, topics, false, deadline);
    EXPECT_TRUE(made && made->front().ok());
    co_await cluster.close();
}

// One record, so much ahead of the clock.
Task<void> produce(NodeSeams& seams, Findings& findings, std::int64_t ahead_ms, ErrorCode& told) {
    Asker asker(seams, {"broker", kPort}, findings);
    wire::BatchBuilder builder{wire::BatchOptions()};
    const std::int64_t time = seams.shards.clock().wall().ms + ahead_ms;
    builder.append(time, std::nullopt, wire::Bytes(as_bytes(kPartition.topic)));
    const Buffer batch = builder.build().value();
    wire::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& data = request.topic_data.emplace_back();
    data.name = kPartition.topic;
    auto& records = data.partition_data.emplace_back();
    records.records.emplace().bytes = batch;
    const auto answer = co_await asker.ask<wire::ProduceResponse>(request, 12);
    const auto& said = answer.body.responses.at(0).partition_responses.at(0);
    told = error_code_from_wire(said.error_code);
}

Task<void> look(NodeSeams& seams, Seen& seen) {
    client::Cluster cluster(seams.net, seams.shards, options());
    const MonoTime deadline = seams.shards.clock().now() + seconds(30);
    std::map<TopicPartition, std::int64_t> earliest;
    earliest[kPartition] = client::kEarliestOffset;
    std::map<TopicPartition, std::int64_t> latest;
    latest[kPartition] = client::kLatestOffset;
    const auto starts = co_await client::list_offsets(cluster, earliest, deadline);
    const auto ends = co_await client::list_offsets(cluster, latest, deadline);
    if (starts) seen.start = starts->at(kPartition).offset;
    if (ends) seen.end = ends->at(kPartition).offset;
    std::vector<TopicPartition> partitions(1, kPartition);
    const auto directories =
        co_await client::describe_log_dirs(cluster, std::move(partitions), deadline, true);
    for (const auto& directory : directories) {
        for (const auto& replica : directory.replicas)
            seen.outlook = replica.retention;
    }
    seen.wall_ms = seams.shards.clock().wall().ms;
    co_await cluster.close();
}

class RetentionStage {
public:
    explicit RetentionStage(std::uint64_t seed)
        : world_(world_options(seed)),
          machine_(world_.add_node("broker", static_cast<unsigned>(seed % 3 + 1))),
          client_(world_.add_node("client", 1)) {
        broker_.emplace(world_, machine_, kProperties);
        broker_->start();
        EXPECT_TRUE(
            world_.run_until([this] { return broker_->serving(); }, world_.now() + seconds(60)));
    }

    void perform(Program act) {
        world_.start(client_, std::move(act));
        EXPECT_TRUE(world_.run_until([this] { return !world_.running(client_); },
                                     world_.now() + seconds(60)));
        EXPECT_TRUE(findings_.empty()) << findings_.texts().front();
    }
    void create(const std::string& after_max_ms) {
        perform([after_max_ms](NodeSeams& seams, unsigned) {
            return sim::create(seams, after_max_ms);
        });
    }
    ErrorCode produce(std::int64_t ahead_ms) {
        ErrorCode told = ErrorCode::unknown_server_error;
        perform([this, ahead_ms, &told](NodeSeams& seams, unsigned) {
            return sim::produce(seams, findings_, ahead_ms, told);
        });
        return told;
    }
    Seen look() {
        Seen seen;
        perform([&seen](NodeSeams& seams, unsigned) { return sim::look(seams, seen); });
        return seen;
    }
    void pass(Duration time) { world_.run_for(time); }
    int said(std::string_view text) const {
        int count = 0;
        for (const std::string& line : world_.log())
            count += line.find(text) != std::string::npos ? 1 : 0;
        return count;
    }

private:
    static WorldOptions world_options(std::uint64_t seed) {
        WorldOptions options;
        options.seed = seed;
        return options;
    }

    // Before the world, whose end destroys processes that refer to them.
    Findings findings_;
    std::optional<Broker> broker_;
    World world_;
    SimNode& machine_;
    SimNode& client_;
};

TEST(RetentionOfANode, ComesOnTimeWhenNobodyWrites) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RetentionStage stage(seed);
        stage.create(std::to_string(kHour));
        EXPECT_EQ(stage.produce(0), ErrorCode::none);
        const Seen before = stage.look();
        EXPECT_EQ(before.start, 0);
        EXPECT_EQ(before.end, 1);
        ASSERT_TRUE(before.outlook);
        EXPECT_EQ(before.outlook->verdict, client::RetentionOutlook::Verdict::keep);
        EXPECT_TRUE(before.outlook->is_last);
        EXPECT_EQ(before.outlook->due_ms, before.outlook->max_timestamp + kRetentionMs + 1);
        const std::int64_t left = before.outlook->due_ms - before.wall_ms;
        ASSERT_GT(left, 50'000);
        stage.pass(milliseconds(left - 2'000));
        EXPECT_EQ(stage.look().start, 0);
        // The interval of the checks, and what the look took.
        stage.pass(milliseconds(2'000 + 10'500));
        const Seen after = stage.look();
        EXPECT_EQ(after.start, 1);
        EXPECT_EQ(after.end, 1);
        EXPECT_FALSE(after.outlook);
        EXPECT_EQ(stage.said("by retention.ms; the log starts at 1"), 1);
    }
}

TEST(RetentionOfANode, RecordsFromTheFutureAreRefusedOrKnown) {
    RetentionStage stage(4);
    stage.create(std::to_string(24 * kHour));
    EXPECT_EQ(stage.produce(25 * kHour), ErrorCode::invalid_timestamp);
    EXPECT_EQ(stage.produce(2 * kHour), ErrorCode::none);
    stage.pass(milliseconds(kRetentionMs + 40'000));
    const Seen kept = stage.look();
    EXPECT_EQ(kept.start, 0);
    ASSERT_TRUE(kept.outlook);
    EXPECT_GT(kept.outlook->max_timestamp, kept.wall_ms + kHour);
    EXPECT_EQ(kept.outlook->due_ms, kept.outlook->max_timestamp + kRetentionMs + 1);
    // Several checks, one line.
    EXPECT_EQ(stage.said("minutes ahead of this clock"), 1);
}

}  // namespace
}  // namespace cauce::sim
