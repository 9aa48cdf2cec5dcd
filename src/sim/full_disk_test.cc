// A disk that runs full under the whole node: producers are slowed down, then refused, and told
// why; everything else goes on; a start works there; and when room comes back, so do the producers.
#include "client/admin.h"
#include "client/cluster.h"
#include "sim/broker.h"
#include "sim/workloads/asker.h"
#include "wire/batch_builder.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Task;

constexpr std::uint64_t kDiskBytes = 16ull << 20;
constexpr std::size_t kValueBytes = 60'000;
constexpr std::int32_t kPartitions = 2;
const std::string kReserve = "/data/cauce.reserve";

const std::string kProperties = std::string(kAlone) +
                                "offsets.topic.replication.factor=1\n"
                                "offsets.topic.num.partitions=3\n"
                                // More than a segment reserves at a time.
                                "cauce.disk.free.throttle.percent=20\n";

// What the clients know.
struct Known {
    std::map<std::int32_t, std::int64_t> acknowledged;  // records of "big", by partition
    int throttled = 0;                                  // batches that were taken with a pause
    int throttled_late = 0;                             // of them, after one that was not
    ErrorCode refused = ErrorCode::none;
    std::int32_t refused_pause_ms = 0;
    std::optional<std::string> refused_because;
    std::map<std::string, std::string> told;
};

std::string word(const Error& error) {
    return std::string(error_name(error.code));
}

struct Produced {
    ErrorCode error = ErrorCode::none;
    std::int32_t pause_ms = 0;
    std::optional<std::string> message;
};

Task<Produced> produce(Asker& asker, std::string topic, std::int32_t partition) {
    const std::string value(kValueBytes, 'v');
    wire::BatchBuilder builder{wire::BatchOptions()};
    builder.append(1'700'000'000'000, std::nullopt, wire::Bytes(as_bytes(value)));
    const Buffer batch = builder.build().value();
    wire::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& data = request.topic_data.emplace_back();
    data.name = topic;
    auto& records = data.partition_data.emplace_back();
    records.index = partition;
    records.records.emplace().bytes = batch;
    const auto answer = co_await asker.ask<wire::ProduceResponse>(request, 12);
    const auto& said = answer.body.responses.at(0).partition_responses.at(0);
    Produced out;
    out.error = error_code_from_wire(said.error_code);
    out.pause_ms = answer.body.throttle_time_ms;
    if (said.error_message) out.message = std::string(*said.error_message);
    // Older versions have no place for it.
    if (answer.version < 8) out.message.reset();
    co_return out;
}

// Bytes that a read from the start of a partition brings; the high watermark must be what was
// acknowledged.
Task<void> read(Asker& asker, Known& known) {
    for (const auto& [partition, count] : known.acknowledged) {
        wire::FetchRequest request;
        request.replica_id = -1;
        request.max_bytes = 1 << 20;
        const std::string topic = "big";
        auto& asked = request.topics.emplace_back();
        asked.topic = topic;
        auto& from = asked.partitions.emplace_back();
        from.partition = partition;
        from.fetch_offset = 0;
        from.partition_max_bytes = 1 << 20;
        const auto answer = co_await asker.ask<wire::FetchResponse>(request, 12);
        const auto& said = answer.body.responses.at(0).partitions.at(0);
        EXPECT_EQ(said.error_code, 0);
        EXPECT_EQ(said.high_watermark, count) << partition;
        EXPECT_TRUE(said.records && said.records->bytes.size() > kValueBytes) << partition;
    }
}

// What goes on whatever the disk says, each in a word.
Task<void> do_the_rest(NodeSeams& seams, Known& known, std::string name) {
    client::ClusterOptions options;
    options.bootstrap = {{"broker", kPort}};
    client::Cluster cluster(seams.net, seams.shards, options);
    const MonoTime deadline = seams.shards.clock().now() + seconds(30);
    std::map<TopicPartition, std::int64_t> offsets;
    for (const auto& [partition, count] : known.acknowledged)
        offsets[{"big", partition}] = count;
    const auto committed = co_await client::commit_offsets(cluster, name, offsets, deadline);
    known.told["commit"] = committed ? word(committed->begin()->second) : word(committed.error());
    const auto kept = co_await client::fetch_offsets(cluster, name, std::nullopt, deadline);
    known.told["committed"] = std::to_string(kept ? kept->size() : 0);
    std::vector<client::NewTopic> topics(1);
    topics[0].name = name;
    topics[0].partitions = 1;
    topics[0].replicas = 1;
    const auto made = co_await client::create_topics(cluster, topics, false, deadline);
    known.told["create"] = made ? word(made->front().error) : word(made.error());
    std::map<TopicPartition, std::int64_t> before;
    before[{"big", 0}] = 1;
    const auto deleted = co_await client::delete_records(cluster, before, deadline);
    known.told["delete records"] =
        deleted ? word(deleted->begin()->second.error) : word(deleted.error());
    co_await cluster.close();
}

Task<void> create_big(NodeSeams& seams) {
    client::ClusterOptions options;
    options.bootstrap = {{"broker", kPort}};
    client::Cluster cluster(seams.net, seams.shards, options);
    std::vector<client::NewTopic> topics(1);
    topics[0].name = "big";
    topics[0].partitions = kPartitions;
    topics[0].replicas = 1;
    topics[0].configs = {{"segment.bytes", "1048576"}, {"retention.ms", "-1"}};
    const MonoTime deadline = seams.shards.clock().now() + seconds(30);
    const auto made = co_await client::create_topics(cluster, topics, false, deadline);
    EXPECT_TRUE(made && made->front().ok());
    co_await cluster.close();
}

// Until a batch is refused.
Task<void> fill(NodeSeams& seams, Findings& findings, Known& known) {
    co_await create_big(seams);
    Asker asker(seams, {"broker", kPort}, findings);
    // This client does not care for pauses: the broker keeps them for it.
    MonoTime not_before;
    for (int i = 0; i < 1000 && known.refused == ErrorCode::none; ++i) {
        const std::int32_t partition = i % kPartitions;
        const Produced produced = co_await produce(asker, "big", partition);
        const MonoTime now = seams.shards.clock().now();
        EXPECT_GE(now, not_before) << i;
        // Its way to us and back is no part of the pause.
        not_before = now + milliseconds(std::max(produced.pause_ms - 20, 0));
        if (produced.error == ErrorCode::none) {
            ++known.acknowledged[partition];
            known.throttled += produced.pause_ms > 0 ? 1 : 0;
            // Once room is scarce nobody may go on as before.
            if (known.throttled > 0 && produced.pause_ms == 0) ++known.throttled_late;
            continue;
        }
        known.refused = produced.error;
        known.refused_pause_ms = produced.pause_ms;
        known.refused_because = produced.message;
    }
    co_await read(asker, known);
    co_await do_the_rest(seams, known, "late");
}

Task<void> try_on_the_full_disk(NodeSeams& seams, Findings& findings, Known& known) {
    Asker asker(seams, {"broker", kPort}, findings);
    const Produced produced = co_await produce(asker, "big", 1);
    known.refused = produced.error;
    known.told.clear();
    known.acknowledged.erase(0);  // deleted records have moved its start
    co_await read(asker, known);
    co_await do_the_rest(seams, known, "later");
}

// The way out; and how long producers take to find it.
Task<void> make_room(NodeSeams& seams, Findings& findings, Known& known) {
    client::ClusterOptions options;
    options.bootstrap = {{"broker", kPort}};
    client::Cluster cluster(seams.net, seams.shards, options);
    const MonoTime deadline = seams.shards.clock().now() + seconds(30);
    const std::vector<std::string> names{"big"};
    const auto deleted = co_await client::delete_topics(cluster, names, deadline);
    known.told["delete topic"] = deleted ? word(deleted->front().error) : word(deleted.error());
    co_await cluster.close();
    Asker asker(seams, {"broker", kPort}, findings);
    Produced produced;
    do {
        produced = co_await produce(asker, "late", 0);
    } while (produced.error == ErrorCode::kafka_storage_error &&
             seams.shards.clock().now() < deadline);
    known.told["produce"] = word({produced.error, {}});
}

class FullDisk {
public:
    FullDisk(std::uint64_t seed, unsigned shards)
        : world_(options(seed)),
          machine_(world_.add_node("broker", shards, kDiskBytes)),
          client_(world_.add_node("client", 1)) {
        broker_.emplace(world_, machine_, kProperties);
    }

    void start() {
        broker_->start();
        ASSERT_TRUE(
            world_.run_until([this] { return broker_->serving(); }, world_.now() + seconds(60)));
    }
    using Act = Task<void> (*)(NodeSeams&, Findings&, Known&);
    void perform(Act act) {
        world_.start(client_, [this, act](NodeSeams& seams, unsigned) {
            return act(seams, findings_, known);
        });
        ASSERT_TRUE(world_.run_until([this] { return !world_.running(client_); },
                                     world_.now() + seconds(600)));
        EXPECT_TRUE(findings_.empty()) << findings_.texts().front();
    }
    Result<void> stop() {
        broker_->stop();
        world_.run_until([this] { return !broker_->running(); }, world_.now() + seconds(60));
        return broker_->outcome().value_or(fail(ErrorCode::unknown_server_error, "it hangs"));
    }
    void kill() { world_.kill(machine_); }
    void pass(Duration time) { world_.run_for(time); }
    DiskImage& disk() { return machine_.disk; }
    bool said(std::string_view text) const {
        for (const std::string& line : world_.log())
            if (line.find(text) != std::string::npos) return true;
        return false;
    }
    storage::SpaceStage stage() {
        return broker_->facts(node::Detail::totals).directories.at(0).space.stage;
    }

    Known known;

private:
    static WorldOptions options(std::uint64_t seed) {
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

const std::map<std::string, std::string> kAllGoesOn = {
    {"commit", "NONE"}, {"committed", "2"}, {"create", "NONE"}, {"delete records", "NONE"}};

TEST(FullDisk, SlowsDownThenRefusesAndComesBackByItself) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        FullDisk it(seed, static_cast<unsigned>(seed % 4 + 1));
        it.start();
        if (::testing::Test::HasFatalFailure()) return;
        it.pass(seconds(2));
        EXPECT_TRUE(it.disk().exists(kReserve));
        EXPECT_EQ(it.stage(), storage::SpaceStage::ample);

        it.perform(fill);
        if (::testing::Test::HasFatalFailure()) return;
        EXPECT_GT(it.known.throttled, 0);
        EXPECT_EQ(it.known.throttled_late, 0);
        EXPECT_EQ(it.known.refused, ErrorCode::kafka_storage_error);
        EXPECT_EQ(it.known.refused_pause_ms, 1000);
        if (it.known.refused_because) {
            EXPECT_NE(it.known.refused_because->find("/data is full"), std::string::npos)
                << *it.known.refused_because;
        }
        EXPECT_EQ(it.known.told, kAllGoesOn);
        EXPECT_EQ(it.stage(), storage::SpaceStage::full);
        EXPECT_TRUE(it.said("the disk of /data runs full"));
        EXPECT_TRUE(it.said("the disk of /data is full"));
        // What is kept for the broker was kept from clients, and is hardly touched by it.
        EXPECT_GT(it.disk().free_bytes(), kDiskBytes / 100);

        // Others take all that is left; the machine comes up again all the same.
        it.kill();
        it.disk().set_capacity(0);
        ASSERT_EQ(it.disk().free_bytes(), 0u);
        it.start();
        if (::testing::Test::HasFatalFailure()) return;
        EXPECT_FALSE(it.disk().exists(kReserve));
        EXPECT_TRUE(it.said("gave up /data/cauce.reserve"));
        it.perform(try_on_the_full_disk);
        EXPECT_EQ(it.known.refused, ErrorCode::kafka_storage_error);
        const auto told = std::exchange(it.known.told, {});
        EXPECT_EQ(told.at("commit"), "NONE");
        EXPECT_EQ(told.at("create"), "NONE");
        EXPECT_EQ(told.at("delete records"), "NONE");

        it.perform(make_room);
        EXPECT_EQ(it.known.told.at("delete topic"), "NONE");
        EXPECT_EQ(it.known.told.at("produce"), "NONE");
        it.pass(seconds(3));
        EXPECT_EQ(it.stage(), storage::SpaceStage::ample);
        EXPECT_TRUE(it.disk().exists(kReserve));
        EXPECT_TRUE(it.said("there is room again on the disk of /data"));
        EXPECT_TRUE(it.stop());
    }
}

TEST(FullDisk, RetentionMakesRoomWithoutWaitingForItsInterval) {
    FullDisk it(7, 2);
    it.start();
    if (::testing::Test::HasFatalFailure()) return;
    it.perform(fill);
    if (::testing::Test::HasFatalFailure()) return;
    ASSERT_EQ(it.stage(), storage::SpaceStage::full);
    // Neither for log.retention.check.interval.ms (5 min) nor for file.delete.delay.ms (1 min).
    it.perform([](NodeSeams& seams, Findings& findings, Known& known) -> Task<void> {
        client::ClusterOptions options;
        options.bootstrap = {{"broker", kPort}};
        client::Cluster cluster(seams.net, seams.shards, options);
        const MonoTime deadline = seams.shards.clock().now() + seconds(30);
        std::map<TopicPartition, std::int64_t> before;
        before[{"big", 0}] = client::kHighWatermark;
        const auto deleted = co_await client::delete_records(cluster, before, deadline);
        EXPECT_TRUE(deleted && deleted->begin()->second.error.code == ErrorCode::none);
        co_await cluster.close();
        Asker asker(seams, {"broker", kPort}, findings);
        Produced produced;
        do {
            produced = co_await produce(asker, "big", 1);
        } while (produced.error != ErrorCode::none && seams.shards.clock().now() < deadline);
        known.told["produce"] = word({produced.error, {}});
    });
    EXPECT_EQ(it.known.told.at("produce"), "NONE");
    EXPECT_TRUE(it.stop());
}

}  // namespace
}  // namespace cauce::sim
