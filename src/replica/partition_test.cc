#include "replica/partition.h"

#include "storage/test_batches.h"
#include "storage/test_disk.h"
#include "wire/batch_builder.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace cauce::replica {
namespace {

constexpr std::string_view kValue = "value";

struct Stand {
    storage::testing::OneShard shard;
    storage::testing::MemoryDisk disk{"/d"};
    storage::FileCache files{disk, 100};
    storage::DirectoryShard home{disk, shard, files, "/d", {}, [](const IoError&) {}};
    std::shared_ptr<TopicSettings> settings = std::make_shared<TopicSettings>();
    std::unique_ptr<Partition> partition;

    explicit Stand(storage::Durability durability = storage::Durability::flush) {
        auto log = std::make_shared<storage::LogConfig>();
        log->durability = durability;
        settings->log = std::move(log);
    }

    void lead(std::int32_t isr_size = 1) {
        storage::LogOpenOptions options;
        options.partition = {"blog", 0};
        options.topic_id = TopicId{1, 2};
        options.config = settings->log;
        auto log = shard.await(storage::Log::open(home, options));
        CHECK(log.has_value());
        partition = std::make_unique<Partition>(shard, TopicId{1, 2}, std::move(*log), settings);
        partition->become_leader(LeaderEpoch{3}, isr_size, Offset{0});
        shard.settle();
    }

    Buffer batch(int records, std::int64_t producer = -1, std::int32_t sequence = -1) {
        wire::BatchOptions options;
        options.producer_id = ProducerId{producer};
        options.producer_epoch = producer < 0 ? std::int16_t{-1} : std::int16_t{0};
        options.base_sequence = sequence;
        wire::BatchBuilder builder(options);
        for (int i = 0; i < records; ++i)
            builder.append(shard.clock().wall().ms, std::nullopt, wire::Bytes(as_bytes(kValue)));
        return builder.build().value();
    }

    Result<Appended> append(Buffer bytes, std::int16_t acks = -1, live::ClientToken client = 0) {
        AppendOptions options;
        options.required_acks = acks;
        options.client = client;
        return partition->append_as_leader(bytes, options);
    }

    ErrorCode refusal(Buffer bytes, std::int16_t acks = -1) {
        const auto result = append(std::move(bytes), acks);
        return result ? ErrorCode::none : result.error().code;
    }

    Fetched read(std::int64_t from) {
        FetchLimits limits;
        limits.from = Offset{from};
        limits.max_bytes = 1 << 20;
        auto fetched = partition->try_read(limits);
        if (!fetched) fetched.emplace(shard.await(partition->read(limits)));
        CHECK(fetched->has_value());
        return **std::move(fetched);
    }
};

TEST(Partition, InFlushModeNothingIsVisibleBeforeTheDeviceHasIt) {
    Stand stand;
    stand.lead();
    const auto appended = stand.append(stand.batch(3));
    ASSERT_TRUE(appended);
    EXPECT_EQ(appended->first, Offset{0});
    EXPECT_EQ(appended->next, Offset{3});
    EXPECT_EQ(stand.partition->log_end(), Offset{3});
    EXPECT_EQ(stand.partition->high_watermark(), Offset{0});
    EXPECT_EQ(stand.read(0).records.size, 0u);
    stand.shard.settle();  // the flush round
    EXPECT_EQ(stand.partition->high_watermark(), Offset{3});
    const Fetched fetched = stand.read(0);
    EXPECT_EQ(fetched.records.next, Offset{3});
    EXPECT_EQ(fetched.high_watermark, Offset{3});
}

TEST(Partition, InPageCacheModeTheLogEndIsVisibleAtOnce) {
    Stand stand(storage::Durability::page_cache);
    stand.lead();
    ASSERT_TRUE(stand.append(stand.batch(3)));
    EXPECT_EQ(stand.partition->high_watermark(), Offset{3});
}

TEST(Partition, BatchesOfOneTurnAreWrittenTogether) {
    Stand stand(storage::Durability::page_cache);
    stand.lead();
    AppendOptions options;
    options.gather = true;
    Buffer first = stand.batch(1);
    Buffer second = stand.batch(2);
    ASSERT_TRUE(stand.partition->append_as_leader(first, options));
    ASSERT_TRUE(stand.partition->append_as_leader(second, options));
    const std::string file = "/d/blog-0/00000000000000000000.log";
    EXPECT_TRUE(stand.disk.contents(file).empty());
    const auto writes = stand.disk.writes;
    ASSERT_TRUE(stand.partition->write_gathered());
    EXPECT_EQ(stand.disk.writes, writes + 1);
    EXPECT_EQ(stand.disk.contents(file).size(), first.size() + second.size());
    EXPECT_EQ(stand.read(0).records.next, Offset{3});
    // What we make of a batch does not last: written at once.
    auto settings = std::make_shared<TopicSettings>(*stand.settings);
    settings->codec = wire::Codec::zstd;
    stand.partition->reconfigure(settings);
    Buffer third = stand.batch(1);
    ASSERT_TRUE(stand.partition->append_as_leader(third, options));
    EXPECT_GT(stand.disk.contents(file).size(), first.size() + second.size());
}

// A process that is killed before the write must not have told anybody, not even where the log
// ends.
TEST(Partition, InPageCacheModeNothingIsVisibleBeforeItIsWritten) {
    Stand stand(storage::Durability::page_cache);
    stand.lead();
    AppendOptions options;
    options.gather = true;
    Buffer first = stand.batch(3);
    ASSERT_TRUE(stand.partition->append_as_leader(first, options));
    EXPECT_EQ(stand.partition->log_end(), Offset{3});
    EXPECT_EQ(stand.partition->high_watermark(), Offset{0});
    EXPECT_EQ(stand.read(0).records.size, 0u);
    const auto latest =
        stand.shard.await(stand.partition->list_offset(kLatest, Isolation::read_uncommitted));
    ASSERT_TRUE(latest);
    EXPECT_EQ(latest->offset, Offset{0});
    // Another append writes both.
    ASSERT_TRUE(stand.append(stand.batch(1)));
    EXPECT_EQ(stand.partition->high_watermark(), Offset{4});
    Buffer third = stand.batch(1);
    ASSERT_TRUE(stand.partition->append_as_leader(third, options));
    EXPECT_EQ(stand.partition->high_watermark(), Offset{4});
    ASSERT_TRUE(stand.partition->write_gathered());
    EXPECT_EQ(stand.partition->high_watermark(), Offset{5});
    // Nor is it when the write fails.
    Buffer last = stand.batch(1);
    ASSERT_TRUE(stand.partition->append_as_leader(last, options));
    stand.disk.change_error = EIO;
    EXPECT_FALSE(stand.partition->write_gathered());
    EXPECT_TRUE(stand.home.offline());
    EXPECT_EQ(stand.partition->high_watermark(), Offset{5});
}

TEST(Partition, WhatFailedTellsNobodyWhereItEnds) {
    Stand stand;
    stand.lead();
    ASSERT_TRUE(stand.append(stand.batch(2)));
    stand.shard.settle();
    FetchLimits limits;
    limits.max_bytes = 1 << 20;
    EXPECT_TRUE(stand.partition->try_read(limits).value());
    EXPECT_TRUE(stand.partition->check_leads(-1));
    stand.disk.change_error = EIO;
    Buffer next = stand.batch(1);
    EXPECT_FALSE(stand.partition->append_as_leader(next, {}));
    ASSERT_TRUE(stand.home.offline());
    for (const std::int64_t from : {0, 2, 9}) {
        limits.from = Offset{from};
        const auto known = stand.partition->try_read(limits);
        ASSERT_TRUE(known && !*known) << from;
        EXPECT_EQ(known->error().code, ErrorCode::kafka_storage_error);
        const auto read = stand.shard.await(stand.partition->read(limits));
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, ErrorCode::kafka_storage_error);
    }
    EXPECT_EQ(stand.partition->check_leads(-1).error().code, ErrorCode::kafka_storage_error);
}

runtime::Task<void> wait_committed(Partition& partition, Offset next, MonoTime deadline,
                                   std::optional<Result<void>>& outcome) {
    outcome.emplace(co_await partition.committed(next, deadline));
}

TEST(Partition, CommittedWaitsForTheHighWatermarkOrTheDeadline) {
    Stand stand;
    stand.lead();
    ASSERT_TRUE(stand.append(stand.batch(1)));
    std::optional<Result<void>> outcome;
    stand.shard.start(wait_committed(*stand.partition, Offset{1}, MonoTime::never(), outcome));
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->has_value());

    std::optional<Result<void>> late;
    const MonoTime deadline = stand.shard.clock().now() + seconds(2);
    stand.shard.start(wait_committed(*stand.partition, Offset{2}, deadline, late));
    EXPECT_FALSE(late);
    stand.shard.advance(seconds(2));
    ASSERT_TRUE(late);
    EXPECT_EQ(late->error().code, ErrorCode::request_timed_out);
}

runtime::Task<void> wait_flushed(Partition& partition, Offset next, MonoTime deadline,
                                 std::optional<Result<void>>& outcome) {
    outcome.emplace(co_await partition.flushed(next, deadline));
}

TEST(Partition, FlushMessagesAsksToWaitForTheDevice) {
    for (const auto durability : {storage::Durability::page_cache, storage::Durability::flush}) {
        Stand stand(durability);
        auto log = std::make_shared<storage::LogConfig>(*stand.settings->log);
        log->flush_messages = 3;
        stand.settings->log = std::move(log);
        stand.lead();
        stand.disk.hold_syncs = true;
        const auto first = stand.append(stand.batch(2, 7, 0), 1);
        ASSERT_TRUE(first);
        EXPECT_FALSE(first->wait_for_flush);
        const auto second = stand.append(stand.batch(1, 7, 2), 1);
        ASSERT_TRUE(second);
        EXPECT_TRUE(second->wait_for_flush);
        // Sent again, because the answer to it was lost.
        const auto again = stand.append(stand.batch(1, 7, 2), 1);
        ASSERT_TRUE(again);
        EXPECT_TRUE(again->duplicate && again->wait_for_flush);

        std::optional<Result<void>> outcome, late;
        const MonoTime deadline = stand.shard.clock().now() + seconds(2);
        stand.shard.start(wait_flushed(*stand.partition, second->next, MonoTime::never(), outcome));
        stand.shard.start(wait_flushed(*stand.partition, second->next, deadline, late));
        stand.shard.advance(seconds(2));
        EXPECT_FALSE(outcome);
        ASSERT_TRUE(late);
        EXPECT_EQ(late->error().code, ErrorCode::request_timed_out);
        stand.disk.release_syncs();
        stand.shard.settle();
        ASSERT_TRUE(outcome);
        EXPECT_TRUE(outcome->has_value());
        EXPECT_EQ(stand.partition->log().flushed_offset(), second->next);
        // That is all on the device: nothing to wait for.
        stand.shard.start(wait_flushed(*stand.partition, second->next, MonoTime::never(), outcome));
        EXPECT_TRUE(outcome->has_value());
    }
}

TEST(Partition, WhoWaitsForAFlushLearnsThatItFailedOrLeadershipEnded) {
    for (const bool fails : {true, false}) {
        Stand stand(storage::Durability::page_cache);
        stand.lead();
        stand.disk.hold_syncs = true;
        ASSERT_TRUE(stand.append(stand.batch(1), 1));
        std::optional<Result<void>> outcome;
        stand.shard.start(wait_flushed(*stand.partition, Offset{1}, MonoTime::never(), outcome));
        EXPECT_FALSE(outcome);
        if (fails) {
            stand.disk.sync_error = EIO;
            stand.disk.release_syncs();
        } else {
            stand.partition->resign();
        }
        stand.shard.settle();
        ASSERT_TRUE(outcome);
        EXPECT_EQ(outcome->error().code,
                  fails ? ErrorCode::kafka_storage_error : ErrorCode::not_leader_or_follower);
        stand.disk.release_syncs();
        stand.shard.settle();
    }
}

TEST(Partition, WhoWaitsLearnsThatLeadershipEnded) {
    Stand stand;
    stand.lead();
    std::optional<Result<void>> outcome;
    stand.shard.start(wait_committed(*stand.partition, Offset{5}, MonoTime::never(), outcome));
    stand.partition->resign();
    stand.shard.settle();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->error().code, ErrorCode::not_leader_or_follower);
    EXPECT_EQ(stand.refusal(stand.batch(1)), ErrorCode::not_leader_or_follower);
}

TEST(Partition, ABatchSentTwiceIsAppendedOnce) {
    Stand stand;
    stand.lead();
    const auto first = stand.append(stand.batch(2, 7, 0));
    ASSERT_TRUE(first);
    const auto again = stand.append(stand.batch(2, 7, 0));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->duplicate);
    EXPECT_EQ(again->first, first->first);
    EXPECT_EQ(stand.partition->log_end(), Offset{2});
    EXPECT_EQ(stand.refusal(stand.batch(1, 7, 9)), ErrorCode::out_of_order_sequence_number);
}

TEST(Partition, RefusesWhatTheTopicDoesNotAllow) {
    Stand stand;
    stand.settings->max_message_bytes = 200;
    stand.settings->min_insync_replicas = 2;
    stand.lead();
    EXPECT_EQ(stand.refusal(stand.batch(1)), ErrorCode::not_enough_replicas);
    EXPECT_EQ(stand.refusal(stand.batch(1), 1), ErrorCode::none);
    EXPECT_EQ(stand.refusal(stand.batch(100), 1), ErrorCode::message_too_large);
    Buffer two = stand.batch(1);
    const Buffer more = stand.batch(1);
    two.insert(two.end(), more.begin(), more.end());
    EXPECT_EQ(stand.refusal(two, 1), ErrorCode::invalid_record);
    Buffer damaged = stand.batch(1);
    damaged.back() ^= 1;
    EXPECT_EQ(stand.refusal(damaged, 1), ErrorCode::corrupt_message);
}

TEST(Partition, TimestampsTooFarAheadAreRefusedAndReplacedWithLogAppendTime) {
    Stand stand;
    stand.lead();
    wire::BatchBuilder builder(wire::BatchOptions{});
    builder.append(stand.shard.clock().wall().ms + 7'200'000, std::nullopt,
                   wire::Bytes(as_bytes(kValue)));
    const Buffer ahead = builder.build().value();
    EXPECT_EQ(stand.refusal(ahead), ErrorCode::invalid_timestamp);
    auto changed = std::make_shared<TopicSettings>(*stand.settings);
    changed->timestamp_type = wire::TimestampType::log_append_time;
    stand.partition->reconfigure(changed);
    const auto appended = stand.append(ahead);
    ASSERT_TRUE(appended);
    EXPECT_EQ(appended->log_append_time_ms, stand.shard.clock().wall().ms);
}

TEST(Partition, EpochsAndOffsetsOutsideTheLog) {
    Stand stand;
    stand.lead();
    EXPECT_TRUE(stand.partition->check_leader_epoch(-1));
    EXPECT_TRUE(stand.partition->check_leader_epoch(3));
    EXPECT_EQ(stand.partition->check_leader_epoch(2).error().code, ErrorCode::fenced_leader_epoch);
    EXPECT_EQ(stand.partition->check_leader_epoch(4).error().code, ErrorCode::unknown_leader_epoch);
    FetchLimits limits;
    limits.from = Offset{1};
    const auto outside = stand.partition->try_read(limits);
    ASSERT_TRUE(outside);
    EXPECT_EQ(outside->error().code, ErrorCode::offset_out_of_range);
}

TEST(Partition, TheEpochIsLookedAtBeforeWhoLeads) {
    Stand stand;
    stand.lead();
    EXPECT_TRUE(stand.partition->check_leads());
    EXPECT_TRUE(stand.partition->check_leads(3));
    stand.partition->resign();
    EXPECT_EQ(stand.partition->check_leads(2).error().code, ErrorCode::fenced_leader_epoch);
    EXPECT_EQ(stand.partition->check_leads(3).error().code, ErrorCode::not_leader_or_follower);
    EXPECT_EQ(stand.partition->check_leads().error().code, ErrorCode::not_leader_or_follower);
}

// "12", "12 to be kept", or the error's name.
std::string deleted(Stand& stand, std::int64_t before) {
    const auto result = stand.partition->delete_records(Offset{before});
    if (!result) return std::string(error_name(result.error().code));
    return std::to_string(result->low_watermark.value) +
           (result->start_to_be_kept ? " to be kept" : "");
}

TEST(Partition, DeletesRecordsUpToTheHighWatermark) {
    Stand stand;
    stand.lead();
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(stand.append(stand.batch(4)));
    EXPECT_EQ(deleted(stand, 1), "OFFSET_OUT_OF_RANGE");  // appended, not committed
    EXPECT_EQ(deleted(stand, -1), "0");
    stand.shard.settle();
    ASSERT_TRUE(stand.append(stand.batch(4)));

    struct Step {
        std::int64_t before;
        std::string answer;
    };
    const std::vector<Step> steps = {
        {0, "0"},
        {5, "5 to be kept"},
        {3, "5 to be kept"},  // whoever moved it may still be waiting
        {-2, "OFFSET_OUT_OF_RANGE"},
        {13, "OFFSET_OUT_OF_RANGE"},
        {16, "OFFSET_OUT_OF_RANGE"},
        {-1, "12 to be kept"},
    };
    for (const Step& step : steps)
        EXPECT_EQ(deleted(stand, step.before), step.answer) << step.before;
    EXPECT_EQ(stand.partition->log_start(), Offset{12});
    EXPECT_EQ(stand.partition->low_watermark(), Offset{12});

    FetchLimits limits;
    limits.from = Offset{11};
    const auto gone = stand.partition->try_read(limits);
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->error().code, ErrorCode::offset_out_of_range);
    const auto earliest =
        stand.shard.await(stand.partition->list_offset(kEarliest, Isolation::read_uncommitted));
    EXPECT_EQ(earliest->offset, Offset{12});
    stand.partition->resign();
    EXPECT_EQ(deleted(stand, 12), "NOT_LEADER_OR_FOLLOWER");
}

TEST(Partition, WhatMayBeDeletedFollowsTheCleanupPolicy) {
    struct Case {
        bool delete_old;
        bool compact;
        std::string answer;
    };
    const std::vector<Case> cases = {
        {true, false, "2"},
        {true, true, "2"},
        {false, true, "POLICY_VIOLATION"},
        {false, false, "2"},  // an empty cleanup.policy
    };
    for (const Case& one : cases) {
        Stand stand(storage::Durability::page_cache);  // Kafka's mode: kept at the next interval
        auto log = std::make_shared<storage::LogConfig>(*stand.settings->log);
        log->delete_old = one.delete_old;
        log->compact = one.compact;
        stand.settings->log = std::move(log);
        stand.lead();
        AppendOptions options;
        options.origin = AppendOptions::Origin::coordinator;  // keys do not matter here
        Buffer batch = stand.batch(3);
        ASSERT_TRUE(stand.partition->append_as_leader(batch, options));
        EXPECT_EQ(deleted(stand, 2), one.answer) << one.delete_old << one.compact;
    }
}

TEST(Partition, NothingIsDeletedFromADeadDirectory) {
    Stand stand;
    stand.lead();
    ASSERT_TRUE(stand.append(stand.batch(3)));
    stand.shard.settle();
    stand.home.fail({EIO, "fdatasync", "/d/blog-0"});
    EXPECT_EQ(deleted(stand, 1), "KAFKA_STORAGE_ERROR");
    EXPECT_EQ(stand.partition->log_start(), Offset{0});
}

// A Kafka broker left the transaction open; ours takes the records before it, and part of it.
TEST(Partition, TheLastStableOffsetIsNeverBelowTheLogStart) {
    Stand stand;
    stand.lead();
    ASSERT_TRUE(stand.append(stand.batch(2)));
    wire::BatchOptions options;
    options.base_offset = Offset{2};
    options.partition_leader_epoch = LeaderEpoch{3};
    options.producer_id = ProducerId{9};
    options.producer_epoch = 0;
    options.base_sequence = 0;
    options.transactional = true;
    wire::BatchBuilder builder(options);
    for (int i = 0; i < 4; ++i)
        builder.append(stand.shard.clock().wall().ms, std::nullopt, wire::Bytes(as_bytes(kValue)));
    const Buffer transactional = builder.build().value();
    ASSERT_TRUE(stand.partition->log().append(BytesView(transactional)));
    ASSERT_TRUE(stand.append(stand.batch(2)));
    stand.shard.settle();
    EXPECT_EQ(stand.partition->high_watermark(), Offset{8});
    EXPECT_EQ(stand.partition->last_stable_offset(), Offset{2});
    EXPECT_EQ(deleted(stand, 1), "1 to be kept");
    EXPECT_EQ(stand.partition->last_stable_offset(), Offset{2});
    EXPECT_EQ(deleted(stand, 4), "4 to be kept");
    EXPECT_EQ(stand.partition->last_stable_offset(), Offset{4});
    EXPECT_EQ(deleted(stand, -1), "8 to be kept");
    EXPECT_EQ(stand.partition->last_stable_offset(), Offset{8});
}

// A killed process left a high watermark that is the log's end: it does not move any more, and the
// transactions that recovery finds ended below it are ended for everybody.
TEST(Partition, EndedTransactionsHoldNothingBackAfterARecovery) {
    Stand stand;
    stand.lead();
    const storage::testing::BatchOptions data{.records = 2,
                                              .producer_id = 9,
                                              .producer_epoch = 0,
                                              .base_sequence = 0,
                                              .transactional = true};
    storage::testing::BatchOptions marker = data;
    marker.base_offset = 2;
    storage::Log& log = stand.partition->log();
    ASSERT_TRUE(log.append(storage::testing::make_batch(data)));
    ASSERT_TRUE(log.append(storage::testing::make_marker(marker, false, 7)));
    stand.shard.settle();
    const Offset end = log.end_offset();
    ASSERT_EQ(end, Offset{3});
    // No close: what follows is a recovery.
    stand.partition.reset();
    storage::LogOpenOptions options;
    options.partition = {"blog", 0};
    options.topic_id = TopicId{1, 2};
    options.config = stand.settings->log;
    auto opened = stand.shard.await(storage::Log::open(stand.home, options));
    ASSERT_TRUE(opened);
    Partition again(stand.shard, TopicId{1, 2}, std::move(*opened), stand.settings);
    again.become_leader(LeaderEpoch{4}, 1, end);
    EXPECT_EQ(again.last_stable_offset(), end);
    const auto aborted = stand.shard.await(again.aborted_transactions(Offset{0}, end));
    ASSERT_TRUE(aborted);
    EXPECT_EQ(*aborted, (std::vector<storage::AbortedTransaction>{{{9}, {0}, {2}, {3}}}));
    EXPECT_TRUE(stand.shard.await(again.aborted_transactions(end, end + 1))->empty());
}

TEST(Partition, ForgetsProducersThatHaveBeenSilent) {
    Stand stand;
    auto log = std::make_shared<storage::LogConfig>(*stand.settings->log);
    log->producer_id_expiration_ms = 5000;
    stand.settings->log = std::move(log);
    stand.lead();
    ASSERT_TRUE(stand.append(stand.batch(1, 7, 0)));
    stand.shard.advance(seconds(4));
    stand.partition->expire_producers();
    EXPECT_EQ(stand.partition->log().producers().producers().size(), 1u);
    stand.shard.advance(seconds(1));
    stand.partition->expire_producers();
    EXPECT_TRUE(stand.partition->log().producers().empty());
}

struct Counter final : Watcher {
    int moves = 0;
    void partition_moved() override { ++moves; }
};

TEST(Partition, WatchersAreToldWhenTheHighWatermarkMoves) {
    Stand stand;
    stand.lead();
    Counter stays;
    stand.partition->watch(stays);
    {
        Counter leaves;
        stand.partition->watch(leaves);
    }
    ASSERT_TRUE(stand.append(stand.batch(1)));
    EXPECT_EQ(stays.moves, 0);
    stand.shard.settle();
    EXPECT_EQ(stays.moves, 1);
}

TEST(Partition, CountsWhatItDoes) {
    Stand stand;
    stand.lead();
    const Buffer first = stand.batch(4);
    const Buffer second = stand.batch(3);
    ASSERT_TRUE(stand.append(first, -1, 7));
    stand.shard.settle();
    const Fetched fetched = stand.read(0);
    stand.partition->count_fetch(fetched, 9);
    ASSERT_TRUE(stand.append(second, -1, 8));
    const live::PartitionCounters& counters = stand.partition->counters();
    EXPECT_EQ(counters.appended_batches, 2u);
    EXPECT_EQ(counters.appended_records, 7u);
    EXPECT_EQ(counters.fetched, Offset{4});

    const auto& edges = stand.partition->edges().all();
    ASSERT_EQ(edges.size(), 3u);
    EXPECT_EQ(edges[0].client, 7u);
    EXPECT_EQ(edges[0].appended_batches, 1u);
    EXPECT_EQ(edges[0].appended_records, 4u);
    EXPECT_EQ(edges[0].appended_bytes, first.size());
    EXPECT_EQ(edges[0].appended, Offset{4});
    EXPECT_EQ(edges[0].fetched, Offset{0});
    EXPECT_EQ(edges[1].client, 9u);
    EXPECT_EQ(edges[1].appended, Offset{0});
    EXPECT_EQ(edges[1].fetches, 1u);
    EXPECT_EQ(edges[1].fetched_bytes, first.size());
    EXPECT_EQ(edges[1].fetched, Offset{4});
    EXPECT_EQ(edges[2].client, 8u);
    EXPECT_EQ(edges[2].appended, Offset{7});

    // A read that brought nothing is no dealing; who begins again from the start is seen there.
    stand.partition->count_fetch(stand.read(4), 10);
    EXPECT_EQ(edges.size(), 3u);
    stand.shard.settle();
    stand.partition->count_fetch(stand.read(4), 9);
    EXPECT_EQ(edges[1].fetched, Offset{7});
    FetchLimits little;
    little.at_least_one = true;
    const auto again = stand.partition->try_read(little);
    ASSERT_TRUE(again && *again);
    stand.partition->count_fetch(**again, 9);
    EXPECT_EQ(edges[1].fetched, Offset{4});
    EXPECT_EQ(counters.fetched, Offset{7});

    // The next leadership begins without edges; what the partition did stays counted.
    stand.partition->resign();
    stand.partition->become_leader(LeaderEpoch{4}, 1, Offset{0});
    EXPECT_TRUE(stand.partition->edges().all().empty());
    EXPECT_EQ(counters.appended_batches, 2u);
}

}  // namespace
}  // namespace cauce::replica
