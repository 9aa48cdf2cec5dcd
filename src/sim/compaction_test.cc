// Compaction on the whole node, under a workload, while the process is killed and the power fails:
// a reader of the whole log learns the newest value of each key.
#include "base/error_code.h"
#include "sim/broker.h"
#include "sim/checkers/latest_value_checker.h"
#include "sim/workloads/asker.h"
#include "wire/batch_builder.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <gtest/gtest.h>

#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Task;

constexpr Duration kPatience = seconds(600);
constexpr const char* kTopic = "facts";
// By name; ids of topics come later.
constexpr std::int16_t kFetchVersion = 12;
constexpr std::int16_t kProduceVersion = 12;
// Below it zstd is refused, for good.
struct ProduceOfAnyCodec : wire::ProduceRequest {
    static constexpr std::int16_t kMinVersion = 7;
};
constexpr int kRounds = 12;
constexpr int kBatchesARound = 12;
constexpr int kKeys = 9;
// For so long a reader of the whole log may be under way.
constexpr milliseconds kDeleteRetention{300};
// Rarely enough to get on.
constexpr int kDeathsMost = 40;
constexpr std::uint64_t kCallsMost = 300;

Task<void> create(Asker& asker) {
    const std::string retention = std::to_string(kDeleteRetention.count());
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = kTopic;
    topic.num_partitions = 1;
    topic.replication_factor = 1;
    topic.configs.push_back({.name = "cleanup.policy", .value = "compact"});
    topic.configs.push_back({.name = "internal.segment.bytes", .value = "900"});
    topic.configs.push_back({.name = "min.cleanable.dirty.ratio", .value = "0.1"});
    topic.configs.push_back({.name = "delete.retention.ms", .value = retention});
    topic.configs.push_back({.name = "file.delete.delay.ms", .value = "50"});
    request.timeout_ms = 30'000;
    const auto answer = co_await asker.ask<wire::CreateTopicsResponse>(request);
    // A second try may meet what the first one made.
    const ErrorCode error = error_code_from_wire(answer.body.topics.at(0).error_code);
    EXPECT_TRUE(error == ErrorCode::none || error == ErrorCode::topic_already_exists);
}

// An error that stays is a finding: who came again would do so for ever.
bool comes_again(const std::string& api, std::int16_t code, Findings& findings) {
    if (is_retriable(error_code_from_wire(code))) return true;
    findings.add(api + " was refused with error " + std::to_string(code));
    return false;
}

// One batch, sent until it is acknowledged.
Task<void> produce(Asker& asker, NodeSeams& seams, Findings& findings, BytesView batch) {
    ProduceOfAnyCodec request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& data = request.topic_data.emplace_back();
    data.name = kTopic;
    auto& partition = data.partition_data.emplace_back();
    while (true) {
        partition.records.emplace().bytes = batch;
        const auto answer = co_await asker.ask<wire::ProduceResponse>(request, kProduceVersion);
        const auto& told = answer.body.responses.at(0).partition_responses.at(0);
        if (told.error_code == 0) co_return;
        if (!comes_again("Produce", told.error_code, findings)) co_return;
        const MonoTime later = seams.shards.clock().now() + milliseconds(20);
        co_await seams.shards.sleep_until(later);
    }
}

Task<std::optional<Offset>> offset_at(Asker& asker, NodeSeams& seams, Findings& findings,
                                      std::int64_t timestamp) {
    wire::ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = kTopic;
    topic.partitions.emplace_back().timestamp = timestamp;
    while (true) {
        const auto answer = co_await asker.ask<wire::ListOffsetsResponse>(request);
        const auto& told = answer.body.topics.at(0).partitions.at(0);
        if (told.error_code == 0) co_return Offset{told.offset};
        if (!comes_again("ListOffsets", told.error_code, findings)) co_return std::nullopt;
        const MonoTime later = seams.shards.clock().now() + milliseconds(20);
        co_await seams.shards.sleep_until(later);
    }
}

// A reading of the whole log. Returns how many records there were; nothing when it took so long
// that deletions may have gone while it was under way.
Task<std::optional<std::size_t>> try_to_read_all(Asker& asker, NodeSeams& seams, Findings& findings,
                                                 LatestValueChecker& checker) {
    const MonoTime began = seams.shards.clock().now();
    LatestValueChecker::Reading reading(checker);
    const auto start = co_await offset_at(asker, seams, findings, -2);
    const auto end = co_await offset_at(asker, seams, findings, -1);
    if (!start || !end) co_return 0;
    Offset next = *start;
    while (next < *end) {
        wire::FetchRequest request;
        request.max_wait_ms = 100;
        request.min_bytes = 1;
        request.max_bytes = static_cast<std::int32_t>(seams.shards.random().between(1, 4'000));
        request.session_epoch = -1;
        auto& topic = request.topics.emplace_back();
        topic.topic = kTopic;
        auto& wanted = topic.partitions.emplace_back();
        wanted.fetch_offset = next.value;
        wanted.partition_max_bytes = request.max_bytes;
        const auto answer = co_await asker.ask<wire::FetchResponse>(request, kFetchVersion);
        if (answer.body.error_code != 0 || answer.body.responses.empty()) continue;
        const auto& told = answer.body.responses.at(0).partitions.at(0);
        if (told.error_code != 0 && !comes_again("Fetch", told.error_code, findings)) co_return 0;
        if (told.error_code != 0 || !told.records) {
            const MonoTime later = seams.shards.clock().now() + milliseconds(20);
            co_await seams.shards.sleep_until(later);
            continue;
        }
        BytesView bytes = told.records->bytes;
        while (!bytes.empty()) {
            const auto batch = wire::parse_batch(bytes);
            if (!batch) break;  // the last one may be cut off
            bytes = bytes.subspan(batch->size_bytes());
            EXPECT_TRUE(batch->crc_matches());
            Buffer storage;
            const auto records = wire::records_of(*batch, 1 << 20, storage);
            EXPECT_TRUE(records);
            if (!records) co_return 0;
            wire::RecordIterator iterator(*batch, *records);
            for (wire::Record record; iterator.next(record);) {
                if (record.offset < next) continue;
                std::optional<std::int64_t> value;
                if (record.value) {
                    const std::string_view text = as_text(*record.value);
                    std::from_chars(text.data(), text.data() + text.size(), value.emplace());
                }
                reading.seen(record.offset, std::string(as_text(*record.key)), value);
            }
            EXPECT_TRUE(iterator.ok()) << iterator.error();
            next = std::max(next, batch->next_offset());
        }
    }
    // A deletion waits from the beginning of the round that takes what is older, not from its end.
    if (seams.shards.clock().now() - began > kDeleteRetention / 2) co_return std::nullopt;
    reading.finish();
    co_return reading.records();
}

Task<std::size_t> read_all(Asker& asker, NodeSeams& seams, Findings& findings,
                           LatestValueChecker& checker) {
    while (true) {
        const auto records = co_await try_to_read_all(asker, seams, findings, checker);
        if (records) co_return *records;
    }
}

struct Tally {
    std::size_t sent = 0;
    std::size_t left = 0;  // as the last reading found
};

Task<void> play(NodeSeams& seams, Findings& findings, Tally& result) {
    Asker asker(seams, {"broker", kPort}, findings);
    LatestValueChecker checker(findings);
    runtime::Random& random = seams.shards.random();
    co_await create(asker);
    std::int64_t number = 0;
    for (int round = 0; round < kRounds && findings.empty(); ++round) {
        for (int i = 0; i < kBatchesARound; ++i) {
            wire::BatchOptions options;
            options.codec = static_cast<wire::Codec>(random.below(5));
            wire::BatchBuilder builder(options);
            std::set<std::string> keys;
            while (keys.size() < 3)
                keys.insert("key-" + std::to_string(random.below(kKeys)));
            for (const std::string& key : keys) {
                std::optional<std::int64_t> value;
                if (!random.one_in(4)) value = ++number;
                checker.sent(key, value);
                const std::string text = value ? std::to_string(*value) : "";
                const auto bytes =
                    value ? std::optional<wire::Bytes>(as_bytes(text)) : std::nullopt;
                builder.append(seams.shards.clock().wall().ms, wire::Bytes(as_bytes(key)), bytes);
                ++result.sent;
            }
            const Buffer batch = builder.build().value();
            co_await produce(asker, seams, findings, batch);
            for (const std::string& key : keys)
                checker.acknowledged(key);
        }
        const MonoTime later = seams.shards.clock().now() + milliseconds(random.between(0, 800));
        co_await seams.shards.sleep_until(later);
        result.left = co_await read_all(asker, seams, findings, checker);
    }
    // The cleaner's turn, and the last reading.
    const MonoTime later = seams.shards.clock().now() + seconds(3);
    co_await seams.shards.sleep_until(later);
    result.left = co_await read_all(asker, seams, findings, checker);
}

TEST(Compaction, KeepsTheNewestValueOfEachKeyWhateverKillsTheNode) {
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Findings findings;
        Tally result;
        std::optional<Broker> broker;
        WorldOptions options;
        options.seed = seed;
        World world(options);
        SimNode& machine = world.add_node("broker", static_cast<unsigned>(seed % 3 + 1));
        SimNode& client = world.add_node("client", 1);
        const std::string properties = std::string(kAlone) +
                                       "cauce.durability=flush\n"
                                       "log.cleaner.backoff.ms=100\n"
                                       "log.cleaner.dedupe.buffer.size=" +
                                       std::string(seed % 2 == 0 ? "150\n" : "1000000\n");
        broker.emplace(world, machine, properties);
        world.start(client,
                    [&](NodeSeams& seams, unsigned) { return play(seams, findings, result); });
        const MonoTime deadline = world.now() + kPatience;
        int deaths = 0;
        // It may die in its start already: a second time within one exchange of segments.
        const auto begin_life = [&] {
            broker->start();
            if (deaths == kDeathsMost) return;
            const bool power = world.random().one_in(2);
            world.kill_in_disk_call(machine, 1 + world.random().below(kCallsMost), power);
        };
        const auto changed = [&] { return !world.running(client) || !broker->running(); };
        begin_life();
        while (world.running(client)) {
            ASSERT_TRUE(world.run_until(changed, deadline))
                << deaths << " deaths, " << result.sent << " records sent";
            if (broker->running()) continue;
            ASSERT_FALSE(broker->outcome().has_value() && !broker->outcome()->has_value())
                << broker->outcome()->error().message;
            ++deaths;
            begin_life();
        }
        ASSERT_TRUE(findings.empty()) << findings.texts().front();
        ASSERT_GT(result.sent, 400u);
        EXPECT_LT(result.left, result.sent / 2) << "nothing was compacted";
        EXPECT_GT(deaths, 2);
    }
}

}  // namespace
}  // namespace cauce::sim
