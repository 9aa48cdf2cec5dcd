#include "storage/log.h"

#include "storage/batch_head.h"
#include "storage/offset_index.h"
#include "storage/segment.h"
#include "storage/segment_files.h"
#include "storage/test_batches.h"
#include "storage/test_disk.h"
#include "storage/test_log.h"
#include "storage/time_index.h"

#include <gtest/gtest.h>

#include <memory>

namespace cauce::storage {
namespace {

using testing::BatchOptions;
using testing::file_of;
using testing::kFolder;
using testing::kTopicId;
using testing::make_batch;
using testing::make_marker;
using testing::Stand;

using LogTest = testing::LogTest;

TEST_F(LogTest, APartitionWithoutRecordsHasNoFiles) {
    ASSERT_TRUE(stand->open());
    EXPECT_FALSE(disk.exists(kFolder));
    EXPECT_EQ(log().end_offset(), Offset{0});
    EXPECT_EQ(stand->shard.await(log().read({{0}, {10}, 100, true}))->size, 0u);
    ASSERT_TRUE(stand->shard.await(log().close()));
    EXPECT_FALSE(disk.exists(kFolder));
}

TEST_F(LogTest, TheFirstRecordMakesFolderAndFiles) {
    ASSERT_TRUE(stand->open());
    const AppendInfo info = stand->append({.records = 3, .timestamp = 5000});
    EXPECT_EQ(info.first, Offset{0});
    EXPECT_EQ(info.last, Offset{2});
    EXPECT_EQ(info.max_timestamp, 5002);
    EXPECT_EQ(log().end_offset(), Offset{3});
    EXPECT_EQ(log().flushed_offset(), Offset{0});
    EXPECT_EQ(as_text(disk.contents(kFolder + "/partition.metadata")),
              "version: 0\ntopic_id: x3QZbGHDTkG7UYpZ0IPZkA");
    EXPECT_EQ(disk.contents(file_of(0, ".log")), make_batch({.records = 3, .timestamp = 5000}));
    stand->shard.settle();
    EXPECT_EQ(log().flushed_offset(), Offset{3});
    EXPECT_EQ(as_text(disk.contents(kFolder + "/leader-epoch-checkpoint")), "0\n1\n0 0\n");
    // What was flushed survives the loss of power, names included.
    auto left = disk.after_power_loss();
    Stand again(*left);
    ASSERT_TRUE(again.open());
    EXPECT_EQ(again.log->end_offset(), Offset{3});
    EXPECT_EQ(again.log->leader_epochs().latest(), LeaderEpoch{0});
    EXPECT_TRUE(left->exists(kFolder + "/partition.metadata"));
}

TEST_F(LogTest, IndexEntriesAreKafkas) {
    stand->config.index_interval_bytes = 200;
    ASSERT_TRUE(stand->open());
    std::vector<std::uint32_t> positions;
    std::uint32_t size = 0;
    // Timestamps grow, then stand still.
    for (int i = 0; i < 10; ++i) {
        positions.push_back(size);
        stand->append({.records = 2, .timestamp = 1000 + std::min(i, 6) * 10});
        size = static_cast<std::uint32_t>(log().size_bytes());
    }
    const std::uint32_t batch = positions[1];
    ASSERT_GT(batch, 70u);
    ASSERT_LT(batch, 100u);
    ASSERT_TRUE(stand->shard.await(log().close()));
    // An entry is due once more than 200 bytes follow the last entry's batch start: every third
    // batch.
    const Buffer& offsets = disk.contents(file_of(0, ".index"));
    ASSERT_EQ(offsets.size(), 3 * OffsetEntry::kSize);
    for (unsigned i = 0; i < 3; ++i) {
        const auto entry = OffsetEntry::decode(offsets.data() + i * OffsetEntry::kSize);
        EXPECT_EQ(entry, (OffsetEntry{(i + 1) * 6 + 1, positions[(i + 1) * 3]})) << i;
    }
    const Buffer& times = disk.contents(file_of(0, ".timeindex"));
    ASSERT_EQ(times.size(), 2 * TimeEntry::kSize);
    EXPECT_EQ(TimeEntry::decode(times.data()), (TimeEntry{1031, 7}));
    EXPECT_EQ(TimeEntry::decode(times.data() + 12), (TimeEntry{1061, 13}));
    EXPECT_EQ(disk.contents(file_of(0, ".log")).size(), size);
    EXPECT_EQ(disk.reserved_end(file_of(0, ".log")), size);
}

TEST_F(LogTest, TheLastTimeEntryTellsTheLargestTimestamp) {
    ASSERT_TRUE(stand->open());
    stand->append({.timestamp = 9000});
    stand->append({.timestamp = 4000});
    ASSERT_TRUE(log().roll());
    EXPECT_EQ(disk.contents(file_of(0, ".index")).size(), 0u);
    const Buffer& times = disk.contents(file_of(0, ".timeindex"));
    ASSERT_EQ(times.size(), TimeEntry::kSize);
    EXPECT_EQ(TimeEntry::decode(times.data()), (TimeEntry{9000, 0}));
    EXPECT_TRUE(disk.exists(file_of(2, ".log")));
    EXPECT_TRUE(disk.exists(file_of(2, ".snapshot")));
    ASSERT_TRUE(log().roll());  // nothing to do: the active one is empty
    EXPECT_EQ(log().segment_count(), 2u);
}

TEST_F(LogTest, RollsBySize) {
    const Buffer one = make_batch({});
    stand->config.segment_bytes = static_cast<std::int64_t>(one.size() * 3);
    ASSERT_TRUE(stand->open());
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(stand->append({}).rolled);
    EXPECT_TRUE(stand->append({}).rolled);
    EXPECT_EQ(log().segment_count(), 2u);
    EXPECT_TRUE(disk.exists(file_of(3, ".log")));
    EXPECT_EQ(disk.contents(file_of(0, ".log")).size(), one.size() * 3);
    EXPECT_EQ(
        log().append(make_batch({.base_offset = 4, .value_bytes = one.size() * 3})).error().number,
        EMSGSIZE);
    EXPECT_EQ(log().end_offset(), Offset{4});
}

TEST_F(LogTest, MoreThanASegmentHoldsIsSplitAtBatches) {
    Buffer run;
    for (int i = 0; i < 10; ++i) {
        const Buffer batch = make_batch({.base_offset = i});
        run.insert(run.end(), batch.begin(), batch.end());
    }
    stand->config.segment_bytes = static_cast<std::int64_t>(run.size() / 10 * 4);
    ASSERT_TRUE(stand->open());
    const auto info = log().append(run);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->last, Offset{9});
    EXPECT_EQ(log().segment_count(), 3u);
    EXPECT_TRUE(disk.exists(file_of(4, ".log")) && disk.exists(file_of(8, ".log")));
    EXPECT_EQ(stand->read_all(0, 1000), run);
}

TEST_F(LogTest, RollsByTimeOfTheRecords) {
    stand->config.segment_ms = 10'000;
    ASSERT_TRUE(stand->open());
    stand->append({.timestamp = 50'000});
    EXPECT_FALSE(stand->append({.timestamp = 60'000}).rolled);
    EXPECT_FALSE(stand->append({.timestamp = 1'000}).rolled);
    EXPECT_TRUE(stand->append({.timestamp = 60'001}).rolled);
    // The new one counts from its own first batch.
    EXPECT_FALSE(stand->append({.timestamp = 70'001}).rolled);
    EXPECT_TRUE(stand->append({.timestamp = 70'002}).rolled);
}

TEST_F(LogTest, RollsByTheClockWhenRecordsHaveNoTimestamps) {
    stand->config.segment_ms = 10'000;
    ASSERT_TRUE(stand->open());
    stand->append({.timestamp = -1});
    stand->shard.advance(seconds(10));
    EXPECT_FALSE(stand->append({.timestamp = -1}).rolled);
    stand->shard.advance(milliseconds(1));
    EXPECT_TRUE(stand->append({.timestamp = -1}).rolled);
}

TEST_F(LogTest, RollsWhenAnIndexIsFull) {
    stand->config.index_interval_bytes = 0;
    stand->config.segment_index_bytes = 12 * 4;  // 6 offset entries, 3 time entries and the last
    ASSERT_TRUE(stand->open());
    // The first batch has no entry; the second to fourth fill the time index.
    for (int i = 0; i < 4; ++i)
        EXPECT_FALSE(stand->append({.timestamp = 1000 + i}).rolled) << i;
    EXPECT_TRUE(stand->append({.timestamp = 2000}).rolled);
    // Without new timestamps the offset index fills.
    for (int i = 0; i < 6; ++i)
        EXPECT_FALSE(stand->append({.timestamp = 1}).rolled) << i;
    EXPECT_TRUE(stand->append({.timestamp = 1}).rolled);
}

TEST_F(LogTest, RollsWhenRelativeOffsetsWouldNotFit) {
    ASSERT_TRUE(stand->open());
    stand->append({});
    ASSERT_FALSE(log().append(make_batch({.base_offset = INT32_MAX}))->rolled);
    const std::int64_t far = std::int64_t{INT32_MAX} + 1;
    ASSERT_TRUE(log().append(make_batch({.base_offset = far}))->rolled);
    EXPECT_TRUE(disk.exists(file_of(far, ".log")));
    EXPECT_EQ(stand->read_bytes(5), make_batch({.base_offset = INT32_MAX}));
    EXPECT_EQ(stand->read_bytes(far), make_batch({.base_offset = far}));
}

TEST_F(LogTest, ReadsWholeBatchesFromAnywhereInAnySize) {
    stand->config.index_interval_bytes = 300;
    stand->config.segment_bytes = 4000;
    ASSERT_TRUE(stand->open());
    Buffer all;
    for (int i = 0; i < 200; ++i) {
        const BatchOptions options{.base_offset = log().end_offset().value,
                                   .records = 1 + i % 4,
                                   .value_bytes = static_cast<std::size_t>(i * 7 % 90)};
        const Buffer batch = make_batch(options);
        ASSERT_TRUE(log().append(batch));
        all.insert(all.end(), batch.begin(), batch.end());
    }
    EXPECT_GT(log().segment_count(), 5u);
    for (int round = 0; round < 3; ++round) {
        for (const std::size_t max :
             {std::size_t{1}, std::size_t{150}, std::size_t{1000}, std::size_t{1} << 20})
            EXPECT_EQ(stand->read_all(0, max), all) << round << ' ' << max;
        for (std::int64_t from = 0; from < log().end_offset().value; from += 3)
            stand->read_all(from, 700);
        if (round == 0) log().release_memory();
        if (round == 1) {
            ASSERT_TRUE(stand->shard.await(log().close()));
            restart();
            ASSERT_TRUE(stand->open(true));
        }
    }
}

TEST_F(LogTest, ReadsStopAtTheBoundAndRespectTheSize) {
    ASSERT_TRUE(stand->open());
    const Buffer batch = make_batch({});
    for (int i = 0; i < 10; ++i)
        stand->append({});
    for (const bool forgotten : {false, true}) {
        if (forgotten) log().release_memory();
        auto read = [&](std::int64_t from, std::int64_t bound, std::size_t max, bool at_least_one) {
            if (forgotten) log().release_memory();
            return *stand->shard.await(log().read({{from}, {bound}, max, at_least_one}));
        };
        EXPECT_EQ(read(2, 7, 1 << 20, false).size, 5 * batch.size());
        EXPECT_EQ(read(2, 7, 1 << 20, false).next, Offset{7});
        EXPECT_EQ(read(7, 7, 1 << 20, true).size, 0u);
        EXPECT_EQ(read(9, 7, 1 << 20, true).size, 0u);
        EXPECT_EQ(read(10, 10, 1 << 20, true).size, 0u);
        EXPECT_EQ(read(0, 10, batch.size() * 3, false).size, 3 * batch.size());
        EXPECT_EQ(read(0, 10, batch.size() * 3 - 1, false).size, 2 * batch.size());
        EXPECT_EQ(read(0, 10, batch.size() * 3 - 1, false).next, Offset{2});
        EXPECT_EQ(read(4, 10, batch.size() - 1, false).size, 0u);
        EXPECT_EQ(read(4, 10, batch.size() - 1, false).next, Offset{4});
        EXPECT_EQ(read(4, 10, 0, true).size, batch.size());
        EXPECT_EQ(read(4, 10, 0, true).next, Offset{5});
        EXPECT_EQ(read(9, 10, 0, true).size, batch.size());
        EXPECT_EQ(read(9, 10, 0, true).next, Offset{10});
    }
    EXPECT_EQ(stand->shard.await(log().read({{11}, {20}, 100, true})).error().number, ERANGE);
}

TEST_F(LogTest, TheTailIsReadWithoutAskingTheDisk) {
    ASSERT_TRUE(stand->open());
    for (int i = 0; i < 100; ++i)
        stand->append({});
    stand->shard.settle();
    const auto reads = disk.reads;
    EXPECT_TRUE(log().try_read({{90}, {100}, 1 << 20, true})->has_value());
    EXPECT_TRUE(log().try_read({{99}, {100}, 1 << 20, true})->has_value());
    EXPECT_TRUE(log().try_read({{90}, {95}, 1 << 20, true})->has_value());
    EXPECT_TRUE(log().try_read({{90}, {100}, 200, true})->has_value());
    EXPECT_FALSE(log().try_read({{3}, {100}, 1 << 20, true}).has_value());
    EXPECT_EQ(disk.reads, reads);
    // A reader that goes on where it stopped needs no index either, as long as it reads to the end.
    const auto first = stand->shard.await(log().read({{3}, {10}, 1 << 20, true}));
    ASSERT_TRUE(first && first->next == Offset{10});
    EXPECT_TRUE(log().try_read({{10}, {100}, 1 << 20, true})->has_value());
}

TEST_F(LogTest, ALargeIndexIsSearchedInFewReads) {
    stand->config.index_interval_bytes = 0;
    ASSERT_TRUE(stand->open());
    const std::size_t batch = make_batch({}).size();
    for (int i = 0; i < 8000; ++i)
        stand->append({});
    std::uint64_t most = 0;
    // Far more readers than are remembered, so that each looks everything up.
    for (std::int64_t from = 0; from < 7000; from += 83) {
        const auto reads = disk.reads;
        const auto result = stand->shard.await(log().read({{from}, {8000}, 50 * batch, true}));
        ASSERT_TRUE(result);
        EXPECT_EQ(result->first, Offset{from});
        EXPECT_EQ(result->next, Offset{from + 50});
        EXPECT_EQ(result->size, 50 * batch);
        most = std::max(most, disk.reads - reads);
    }
    // A block of the index and the batches there, for both ends of the range.
    EXPECT_LE(most, 4u);
    // Who goes on where it stopped looks for the other end only.
    for (std::int64_t from = 50; from < 6000; from += 50) {
        const auto reads = disk.reads;
        ASSERT_TRUE(stand->shard.await(log().read({{from}, {8000}, 50 * batch, true})));
        if (from > 50) EXPECT_LE(disk.reads - reads, 2u) << from;
    }
}

TEST_F(LogTest, AnUnevenIndexIsSearchedAllTheSame) {
    stand->config.index_interval_bytes = 0;
    ASSERT_TRUE(stand->open());
    Buffer all;
    // Guesses by offset and by position go wrong here, both ways.
    for (int i = 0; i < 6000; ++i) {
        const bool large = i % 2000 < 500;
        const BatchOptions options{.base_offset = log().end_offset().value,
                                   .records = large ? 20 : 1,
                                   .value_bytes = large ? std::size_t{2} : std::size_t{150}};
        const Buffer bytes = make_batch(options);
        ASSERT_TRUE(log().append(bytes));
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    for (const std::size_t max : {std::size_t{1500}, std::size_t{30'000}, std::size_t{400'000}})
        EXPECT_EQ(stand->read_all(0, max), all) << max;
    const Offset end = log().end_offset();
    for (std::int64_t from = 0; from < end.value; from += 97) {
        const auto result = stand->shard.await(log().read({{from}, end, 3000, true}));
        ASSERT_TRUE(result);
        Buffer bytes;
        ASSERT_TRUE(stand->shard.await(log().copy_out(*result, bytes)));
        Stand::check_batches(bytes, Offset{from}, result->next);
        EXPECT_LE(result->first, Offset{from});
    }
}

TEST_F(LogTest, ReadersAtTheTailShareOneCopyInMemory) {
    ASSERT_TRUE(stand->open());
    const auto read_last = [&] {
        const Offset end = log().end_offset();
        auto result = log().try_read({end - 1, end, 1 << 20, true});
        CHECK(result && result->has_value());
        return **result;
    };
    stand->append({});
    EXPECT_TRUE(std::holds_alternative<runtime::FileRange>(read_last().data));
    stand->append({});
    const auto one = read_last();
    const auto other = read_last();
    ASSERT_TRUE(std::holds_alternative<BytesView>(one.data));
    EXPECT_EQ(std::get<BytesView>(one.data).data(), std::get<BytesView>(other.data).data());
    const Buffer expected = make_batch({.base_offset = 1});
    EXPECT_TRUE(std::ranges::equal(std::get<BytesView>(one.data), expected));
    // A cut takes it away; who holds it keeps it.
    ASSERT_TRUE(stand->shard.await(log().truncate_to({1})));
    stand->append({.value_bytes = 99});
    EXPECT_TRUE(std::ranges::equal(std::get<BytesView>(one.data), expected));
    EXPECT_EQ(stand->read_bytes(1), make_batch({.base_offset = 1, .value_bytes = 99}));
    // Without readers it ends.
    for (int i = 0; i < 100; ++i)
        stand->append({});
    EXPECT_TRUE(std::holds_alternative<runtime::FileRange>(read_last().data));
}

TEST_F(LogTest, GapsThatCompactionLeftAreReadOver) {
    stand->config.segment_bytes = 300;
    ASSERT_TRUE(stand->open());
    for (const std::int64_t base : {0, 5, 6, 20, 21, 50, 51, 90})
        ASSERT_TRUE(
            log().append(make_batch({.base_offset = base, .gap_behind = base == 51 ? 8 : 0})));
    EXPECT_GT(log().segment_count(), 2u);
    EXPECT_EQ(log().end_offset(), Offset{91});
    for (const bool forgotten : {false, true}) {
        const auto first_of = [&](std::int64_t from) {
            if (forgotten) log().release_memory();
            return stand->shard.await(log().read({{from}, {91}, 1, true}))->first;
        };
        EXPECT_EQ(first_of(1), forgotten ? Offset{5} : first_of(1));
        EXPECT_EQ(BatchHead::read(stand->read_bytes(1))->base_offset, Offset{5});
        EXPECT_EQ(BatchHead::read(stand->read_bytes(7))->base_offset, Offset{20});
        EXPECT_EQ(BatchHead::read(stand->read_bytes(59))->base_offset, Offset{51});
        EXPECT_EQ(BatchHead::read(stand->read_bytes(60))->base_offset, Offset{90});
    }
}

TEST_F(LogTest, FindsRecordsByTimestamp) {
    stand->config.segment_bytes = 600;
    stand->config.index_interval_bytes = 100;
    ASSERT_TRUE(stand->open());
    EXPECT_EQ(stand->shard.await(log().offset_for_timestamp(0, {100})), std::nullopt);
    EXPECT_EQ(stand->shard.await(log().offset_of_max_timestamp()), std::nullopt);
    // Three records each, a millisecond apart: 1000..1002, 1010..1012, ... and one out of order.
    for (int i = 0; i < 30; ++i)
        stand->append(
            {.records = 3, .timestamp = i == 20 ? 5 : 1000 + i * 10, .leader_epoch = i / 10});
    ASSERT_GT(log().segment_count(), 3u);
    const auto at = [&](std::int64_t timestamp, std::int64_t bound = 1000) {
        return *stand->shard.await(log().offset_for_timestamp(timestamp, {bound}));
    };
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 30; ++i) {
            if (i == 20) continue;
            const auto exact = at(1000 + i * 10 + 1);
            ASSERT_TRUE(exact) << i;
            EXPECT_EQ(exact->offset, Offset{i * 3 + 1});
            EXPECT_EQ(exact->timestamp, 1000 + i * 10 + 1);
            EXPECT_EQ(exact->leader_epoch, LeaderEpoch{i / 10});
            const auto after = at(1000 + i * 10 + 3);
            const int next = i == 19 ? 21 : i + 1;
            EXPECT_EQ(after ? after->offset.value : -1, i == 29 ? -1 : next * 3) << i;
        }
        EXPECT_EQ(at(0)->offset, Offset{0});
        EXPECT_EQ(at(1292)->offset, Offset{89});
        EXPECT_EQ(at(1292, 89), std::nullopt);
        EXPECT_EQ(at(1293), std::nullopt);
        const auto newest = **stand->shard.await(log().offset_of_max_timestamp());
        EXPECT_EQ(newest.offset, Offset{89});
        EXPECT_EQ(newest.timestamp, 1292);
        log().release_memory();
    }
    ASSERT_TRUE(*log().advance_start_offset({10}));
    EXPECT_EQ(at(0)->offset, Offset{10});
}

TEST_F(LogTest, TruncatesToABatchBoundary) {
    stand->config.segment_bytes = 700;
    stand->config.index_interval_bytes = 100;
    for (const std::int64_t to : {100, 97, 55, 31, 30, 5, 1, 0}) {
        ASSERT_TRUE(log_or_open());
        while (log().end_offset() < Offset{100})
            stand->append({.records = 1,
                           .timestamp = 1000 + log().end_offset().value,
                           .leader_epoch = static_cast<int>(log().end_offset().value / 10)});
        stand->shard.settle();
        ASSERT_TRUE(stand->shard.await(log().truncate_to({to})));
        EXPECT_EQ(log().end_offset(), Offset{to});
        EXPECT_LE(log().flushed_offset(), Offset{to});
        if (to > 0) {
            Stand::check_batches(stand->read_all(0, 300), {0}, {to});
            EXPECT_EQ(log().leader_epochs().latest(), LeaderEpoch{static_cast<int>((to - 1) / 10)});
            EXPECT_EQ((*stand->shard.await(log().offset_of_max_timestamp()))->timestamp, 999 + to);
        }
        // And goes on from there, also after a restart.
        stand->append({.timestamp = 1000 + to, .leader_epoch = 20});
        EXPECT_EQ(BatchHead::read(stand->read_bytes(to))->leader_epoch, LeaderEpoch{20});
        stand->shard.settle();
        EXPECT_EQ(log().flushed_offset(), Offset{to + 1});
        auto left = disk.after_power_loss();
        Stand again(*left);
        again.config = stand->config;
        ASSERT_TRUE(again.open(false, 0));
        EXPECT_EQ(again.log->end_offset(), Offset{to + 1});
        EXPECT_EQ(again.read_all(0, 1000), stand->read_all(0, 1000));
        ASSERT_TRUE(stand->shard.await(log().truncate_to({to})));
    }
}

TEST_F(LogTest, TruncationTakesABatchWhole) {
    ASSERT_TRUE(stand->open());
    stand->append({.records = 10});
    stand->append({.records = 10});
    ASSERT_TRUE(stand->shard.await(log().truncate_to({15})));
    EXPECT_EQ(log().end_offset(), Offset{10});
    EXPECT_EQ(stand->append({}).first, Offset{10});
}

TEST_F(LogTest, TruncationForgetsWhatProducersDid) {
    ASSERT_TRUE(stand->open());
    const auto from = [&](std::int32_t sequence) {
        return BatchOptions{.producer_id = 5, .producer_epoch = 0, .base_sequence = sequence};
    };
    for (int i = 0; i < 6; ++i)
        stand->append(from(i));
    ASSERT_TRUE(log().roll());
    for (int i = 6; i < 9; ++i)
        stand->append(from(i));
    EXPECT_EQ(log().producers().find({5})->last_sequence(), 8);
    ASSERT_TRUE(stand->shard.await(log().truncate_to({7})));
    EXPECT_EQ(log().producers().find({5})->last_sequence(), 6);
    ASSERT_TRUE(stand->shard.await(log().truncate_to({4})));
    EXPECT_EQ(log().producers().find({5})->last_sequence(), 3);
    EXPECT_FALSE(disk.exists(file_of(6, ".snapshot")));
    ASSERT_TRUE(stand->shard.await(log().truncate_to({0})));
    EXPECT_EQ(log().producers().find({5}), nullptr);
}

TEST_F(LogTest, StartsAnewSomewhereElse) {
    ASSERT_TRUE(stand->open());
    for (int i = 0; i < 5; ++i)
        stand->append(
            {.leader_epoch = 3, .producer_id = 1, .producer_epoch = 0, .base_sequence = i});
    ASSERT_TRUE(stand->shard.await(log().truncate_fully_and_start_at({1000})));
    EXPECT_EQ(log().start_offset(), Offset{1000});
    EXPECT_EQ(log().end_offset(), Offset{1000});
    EXPECT_EQ(log().flushed_offset(), Offset{1000});
    EXPECT_TRUE(log().producers().empty());
    EXPECT_TRUE(log().leader_epochs().empty());
    EXPECT_FALSE(log().start_inside_segment());
    EXPECT_EQ(stand->shard.await(log().read({{3}, {1000}, 100, true})).error().number, ERANGE);
    stand->append({.leader_epoch = 4});
    stand->shard.settle();
    auto left = disk.after_power_loss();
    Stand again(*left);
    ASSERT_TRUE(again.open());
    EXPECT_EQ(again.log->start_offset(), Offset{1000});
    EXPECT_EQ(again.log->end_offset(), Offset{1001});
    // The old files go after their delay.
    EXPECT_TRUE(disk.exists(file_of(0, ".log") + ".deleted"));
    stand->shard.advance(seconds(61));
    EXPECT_FALSE(disk.exists(file_of(0, ".log") + ".deleted"));
}

TEST_F(LogTest, RetentionDropsWholeSegments) {
    stand->config.segment_bytes = 400;
    stand->config.retention_ms = -1;
    ASSERT_TRUE(stand->open());
    for (int i = 0; i < 40; ++i)
        stand->append({.timestamp = 1'700'000'000'000 + i * 1000});
    const std::size_t segments = log().segment_count();
    ASSERT_GT(segments, 5u);
    EXPECT_EQ(*stand->shard.await(log().delete_old_segments({40})), 0u);

    LogConfig config = stand->config;
    config.retention_bytes = static_cast<std::int64_t>(log().size_bytes()) - 400;
    log().reconfigure(std::make_shared<const LogConfig>(config));
    EXPECT_EQ(*stand->shard.await(log().delete_old_segments({2})),
              0u);  // not above the high watermark
    EXPECT_EQ(*stand->shard.await(log().delete_old_segments({40})), 1u);
    const Offset start = log().start_offset();
    EXPECT_GT(start, Offset{0});
    EXPECT_EQ(stand->shard.await(log().read({{0}, {40}, 100, true})).error().number, ERANGE);
    EXPECT_EQ(BatchHead::read(stand->read_bytes(start.value))->base_offset, start);

    // A reader on its way keeps what it reads.
    const auto result = *stand->shard.await(log().read({start, {40}, 100, true}));
    config.retention_bytes = -1;
    config.retention_ms = 1000;
    log().reconfigure(std::make_shared<const LogConfig>(config));
    stand->shard.manual_clock().set_wall({1'700'000'000'000 + 38'000});
    EXPECT_GT(*stand->shard.await(log().delete_old_segments({40})), 1u);
    EXPECT_GT(log().start_offset(), Offset{30});
    stand->shard.advance(seconds(61));
    Buffer bytes;
    ASSERT_TRUE(stand->shard.await(log().copy_out(result, bytes)));
    EXPECT_EQ(BatchHead::read(bytes)->base_offset, start);

    // When everything is old the active one is rolled, and the log goes on at its end.
    stand->shard.advance(seconds(1000));
    EXPECT_GT(*stand->shard.await(log().delete_old_segments({40})), 0u);
    EXPECT_EQ(log().start_offset(), Offset{40});
    EXPECT_EQ(log().size_bytes(), 0u);
    EXPECT_EQ(*stand->shard.await(log().delete_old_segments({40})), 0u);
    EXPECT_EQ(stand->append({}).first, Offset{40});
}

TEST_F(LogTest, DeleteRecordsMovesTheStart) {
    stand->config.segment_bytes = 400;
    ASSERT_TRUE(stand->open());
    for (int i = 0; i < 20; ++i)
        stand->append({.timestamp = 1'700'000'000'000, .leader_epoch = i / 5});
    EXPECT_FALSE(*log().advance_start_offset({0}));
    EXPECT_EQ(log().advance_start_offset({21}).error().number, ERANGE);
    EXPECT_TRUE(*log().advance_start_offset({12}));
    EXPECT_TRUE(log().start_inside_segment());
    EXPECT_EQ(log().leader_epochs().entries().front(), (EpochEntry{{2}, {12}}));
    EXPECT_EQ(stand->shard.await(log().read({{11}, {20}, 100, true})).error().number, ERANGE);
    EXPECT_GT(*stand->shard.await(log().delete_old_segments({20})), 1u);
    EXPECT_EQ(log().start_offset(), Offset{12});
    ASSERT_TRUE(stand->shard.await(log().close()));
    restart();
    ASSERT_TRUE(stand->open(true, 20, 12));
    EXPECT_EQ(log().start_offset(), Offset{12});
}

TEST_F(LogTest, ARemovedPartitionLeavesAFolderToDelete) {
    ASSERT_TRUE(stand->open());
    stand->append({});
    stand->shard.settle();
    ASSERT_TRUE(stand->shard.await(log().remove()));
    EXPECT_FALSE(disk.exists(kFolder));
    std::size_t left = 0;
    for (const auto& name : disk.all_files())
        left += name.find("-delete/") != std::string::npos;
    EXPECT_GT(left, 2u);
    stand->log = nullptr;
    stand->shard.advance(seconds(61));
    EXPECT_TRUE(disk.all_files().empty());
}

// The first record brings the file of leader epochs, which a flush writes beside the segments: it
// names it by its path, twice.
TEST_F(LogTest, RemovingAndClosingWaitForTheFlushThatRuns) {
    struct Ending {
        static runtime::Task<void> run(runtime::Task<IoResult<void>> task, int& ended) {
            const auto done = co_await std::move(task);
            ended = done ? 1 : -1;
        }
    };
    for (const bool removes : {true, false}) {
        restart();
        ASSERT_TRUE(stand->open());
        disk.hold_syncs = true;
        stand->append({});
        stand->shard.settle();
        int ended = 0;
        auto task = removes ? log().remove() : log().close();
        stand->shard.start(Ending::run(std::move(task), ended));
        EXPECT_EQ(ended, 0);
        EXPECT_TRUE(disk.exists(kFolder));
        disk.release_syncs();
        stand->shard.settle();
        EXPECT_EQ(ended, 1);
        EXPECT_EQ(disk.exists(kFolder), !removes);
        EXPECT_EQ(stand->offline_calls, 0);
        EXPECT_FALSE(stand->home.offline());
    }
}

// When the flush fails there is nothing left to wait for.
TEST_F(LogTest, RemovingEndsWhenTheDirectoryFailsMeanwhile) {
    ASSERT_TRUE(stand->open());
    disk.hold_syncs = true;
    stand->append({});
    stand->shard.settle();
    std::optional<bool> removed;
    struct Removal {
        static runtime::Task<void> run(Log& log, std::optional<bool>& removed) {
            const auto done = co_await log.remove();
            removed = done.has_value();
        }
    };
    stand->shard.start(Removal::run(log(), removed));
    EXPECT_FALSE(removed.has_value());
    disk.sync_error = EIO;
    disk.release_syncs();
    stand->shard.settle();
    EXPECT_TRUE(removed.has_value());
    EXPECT_EQ(stand->offline_calls, 1);
}

TEST_F(LogTest, FlushModeFlushesEveryAppendInRounds) {
    ASSERT_TRUE(stand->open());
    stand->append({});
    stand->shard.settle();
    disk.hold_syncs = true;
    const auto syncs = disk.syncs;
    stand->append({});
    stand->append({});
    stand->shard.settle();
    stand->append({});
    EXPECT_EQ(log().flushed_offset(), Offset{1});
    std::vector<std::int64_t> woken;
    struct Wait {
        static runtime::Task<void> run(Log& log, std::int64_t upto,
                                       std::vector<std::int64_t>& woken) {
            auto flushed = co_await log.wait_flushed({upto});
            woken.push_back(flushed ? log.flushed_offset().value : -flushed.error().number);
        }
    };
    stand->shard.start(Wait::run(log(), 4, woken));
    stand->shard.start(Wait::run(log(), 3, woken));
    EXPECT_TRUE(woken.empty());
    disk.release_syncs();
    stand->shard.settle();
    EXPECT_EQ(woken, (std::vector<std::int64_t>{3, 4}));
    EXPECT_EQ(disk.syncs - syncs, 2u);  // three appends, two rounds
}

TEST_F(LogTest, PageCacheModeFlushesAsKafkaDoes) {
    stand->config.durability = Durability::page_cache;
    stand->config.flush_messages = 5;
    stand->config.flush_ms = 1000;
    ASSERT_TRUE(stand->open());
    for (int i = 0; i < 4; ++i)
        EXPECT_FALSE(stand->append({}).wait_for_flush);
    stand->shard.settle();
    EXPECT_EQ(log().flushed_offset(), Offset{0});
    EXPECT_TRUE(stand->append({}).wait_for_flush);
    stand->shard.settle();
    EXPECT_EQ(log().flushed_offset(), Offset{5});
    stand->append({});
    stand->shard.advance(milliseconds(999));
    log().flush_if_due();
    stand->shard.settle();
    EXPECT_EQ(log().flushed_offset(), Offset{5});
    stand->shard.advance(milliseconds(1));
    log().flush_if_due();
    stand->shard.settle();
    EXPECT_EQ(log().flushed_offset(), Offset{6});
    // A roll flushes what is closed, not what follows.
    stand->append({});
    ASSERT_TRUE(log().roll());
    stand->append({});
    stand->shard.settle();
    EXPECT_EQ(log().flushed_offset(), Offset{7});
    ASSERT_TRUE(stand->shard.await(log().wait_flushed({8})));
}

TEST_F(LogTest, AFailedFlushTakesTheDirectoryOffline) {
    struct Observer final : LogObserver {
        void log_flushed() override { ++flushed; }
        void log_failed() override { ++failed; }
        int flushed = 0;
        int failed = 0;
    } observer;
    ASSERT_TRUE(stand->open());
    log().observe(&observer);
    stand->append({});
    stand->shard.settle();
    EXPECT_EQ(observer.flushed, 1);
    stand->append({});
    disk.sync_error = EIO;
    const auto failed = stand->shard.await(log().wait_flushed({2}));
    EXPECT_EQ(failed.error().number, EIO);
    EXPECT_EQ(stand->offline_calls, 1);
    EXPECT_EQ(observer.failed, 1);
    EXPECT_TRUE(log().offline());
    disk.sync_error = 0;
    EXPECT_EQ(log().append(make_batch({.base_offset = 2})).error().number, EIO);
    EXPECT_EQ(stand->shard.await(log().wait_flushed({2})).error().number, EIO);
    EXPECT_EQ(log().flushed_offset(), Offset{1});
    EXPECT_EQ(stand->shard.await(log().close()).error().number, EIO);
    // Reading goes on.
    EXPECT_EQ(stand->read_bytes(1), make_batch({.base_offset = 1}));
}

TEST_F(LogTest, AFullDiskIsMetBeforeAnythingIsAppended) {
    for (const bool can_reserve : {true, false}) {
        disk.can_reserve = can_reserve;
        ASSERT_TRUE(log_or_open());
        disk.capacity_bytes.reset();
        stand->append({});
        stand->shard.settle();
        disk.capacity_bytes = 20'000;
        IoResult<AppendInfo> appended;
        Offset end;
        Buffer before;
        do {
            end = log().end_offset();
            before = disk.contents(file_of(0, ".log"));
            appended = log().append(make_batch({.base_offset = end.value, .value_bytes = 900}));
            stand->shard.settle();
        } while (appended);
        EXPECT_EQ(appended.error().number, ENOSPC);
        EXPECT_FALSE(log().offline());
        EXPECT_EQ(log().end_offset(), end);
        EXPECT_EQ(disk.contents(file_of(0, ".log")), before);
        EXPECT_GT(before.size(), 10'000u);
        Stand::check_batches(stand->read_all(0, 5000), {0}, end);
        // Space comes back.
        disk.capacity_bytes.reset();
        stand->append({.value_bytes = 900});
        ASSERT_TRUE(stand->shard.await(log().truncate_fully_and_start_at({0})));
        stand->shard.advance(seconds(61));
    }
}

TEST_F(LogTest, ABrokenDiskTakesTheDirectoryOfflineAtOnce) {
    ASSERT_TRUE(stand->open());
    stand->append({});
    stand->shard.settle();
    disk.change_error = EIO;
    EXPECT_EQ(log().append(make_batch({.base_offset = 1})).error().number, EIO);
    EXPECT_TRUE(log().offline());
    EXPECT_EQ(stand->offline_calls, 1);
    EXPECT_EQ(log().end_offset(), Offset{1});
}

TEST_F(LogTest, SpaceIsReservedAheadAndCutAtTheEnd) {
    ASSERT_TRUE(stand->open());
    for (int i = 0; i < 2000; ++i)
        stand->append({.value_bytes = 900});
    EXPECT_LT(disk.reserves, 30u);
    EXPECT_GT(disk.reserved_end(file_of(0, ".log")), log().size_bytes());
    ASSERT_TRUE(stand->shard.await(log().close()));
    EXPECT_EQ(disk.reserved_end(file_of(0, ".log")), log().size_bytes());
}

TEST_F(LogTest, AnIdlePartitionIsSmall) {
    EXPECT_LE(sizeof(Log), 700u);
    EXPECT_LE(sizeof(Segment), 450u);
    ASSERT_TRUE(stand->open());
    stand->append({});
    stand->shard.settle();
    log().release_memory();
    EXPECT_EQ(disk.open_handles, 0u);
    EXPECT_EQ(stand->read_bytes(0), make_batch({}));
    stand->append({});
    EXPECT_EQ(stand->read_bytes(1), make_batch({.base_offset = 1}));
}

TEST_F(LogTest, IdempotentProducersAreKnownAfterARestart) {
    ASSERT_TRUE(stand->open());
    const auto from = [&](std::int32_t sequence) {
        return BatchOptions{.records = 2,
                            .timestamp = 1'700'000'000'000,
                            .producer_id = 5,
                            .producer_epoch = 1,
                            .base_sequence = sequence};
    };
    for (int i = 0; i < 10; ++i)
        stand->append(from(i * 2));
    const auto again = BatchHead::read(make_batch(from(16)))->producer_batch();
    const auto is_duplicate = [&] {
        return std::holds_alternative<ProducerState::Duplicate>(log().producers().check(again));
    };
    EXPECT_TRUE(is_duplicate());
    // Unclean: rebuilt from the batches, all five that are kept.
    auto left = disk.after_kill(disk.journal().size());
    {
        Stand other(*left);
        ASSERT_TRUE(other.open());
        EXPECT_EQ(other.log->producers().find({5})->kept, 5);
        EXPECT_EQ(other.log->producers().find({5})->last_offset(), Offset{19});
    }
    // Clean: from the snapshot.
    ASSERT_TRUE(stand->shard.await(log().close()));
    EXPECT_TRUE(disk.exists(file_of(20, ".snapshot")));
    restart();
    ASSERT_TRUE(stand->open(true, 20));
    EXPECT_EQ(log().producers().find({5})->kept, 5);
    EXPECT_EQ(log().producers().find({5})->last_sequence(), 19);
    EXPECT_TRUE(is_duplicate());
}

TEST_F(LogTest, TransactionMarkersEndTransactions) {
    ASSERT_TRUE(stand->open());
    BatchOptions data{.records = 2,
                      .leader_epoch = 0,
                      .producer_id = 9,
                      .producer_epoch = 0,
                      .base_sequence = 0,
                      .transactional = true};
    stand->append(data);
    EXPECT_EQ(log().producers().first_unstable(), Offset{0});
    ASSERT_TRUE(log().append(make_marker(
        {.base_offset = 2, .producer_id = 9, .producer_epoch = 0, .transactional = true}, true,
        7)));
    EXPECT_EQ(log().producers().first_unstable(), Offset{0});
    log().producers().high_watermark_moved({3});
    EXPECT_EQ(log().producers().first_unstable(), std::nullopt);
    EXPECT_TRUE(stand->shard.await(log().aborted_transactions({0}, {3}))->empty());
    EXPECT_FALSE(disk.exists(file_of(0, ".txnindex")));
    EXPECT_EQ(log().producers().find({9})->coordinator_epoch, 7);
    data.base_offset = 3;
    data.base_sequence = 2;
    ASSERT_TRUE(log().append(make_batch(data)));
    auto left = disk.after_kill(disk.journal().size());
    Stand other(*left);
    ASSERT_TRUE(other.open());
    EXPECT_EQ(other.log->producers().find({9})->coordinator_epoch, 7);
    other.log->producers().high_watermark_moved({5});
    EXPECT_EQ(other.log->producers().first_unstable(), Offset{3});
}

TEST_F(LogTest, AbortedTransactionsAreIndexed) {
    stand->config.segment_bytes = 500;
    ASSERT_TRUE(stand->open());
    std::vector<AbortedTransaction> expected;
    const auto data = [&](std::int64_t producer, std::int32_t sequence) {
        stand->append({.producer_id = producer,
                       .producer_epoch = 0,
                       .base_sequence = sequence,
                       .transactional = true});
    };
    const auto end = [&](std::int64_t producer, bool commit) {
        ASSERT_TRUE(log().append(make_marker({.base_offset = log().end_offset().value,
                                              .producer_id = producer,
                                              .producer_epoch = 0,
                                              .transactional = true},
                                             commit, 1)));
        stand->shard.settle();
    };
    // A long transaction of producer 1 beside short ones of producer 2, every other of which is
    // aborted.
    data(1, 0);
    for (int i = 0; i < 12; ++i) {
        const Offset first = log().end_offset();
        data(2, i);
        end(2, i % 2 == 1);
        if (i % 2 == 0) expected.push_back({{2}, first, first + 1, {0}});
    }
    end(1, false);
    expected.push_back({{1}, {0}, log().end_offset() - 1, log().end_offset()});
    ASSERT_GT(log().segment_count(), 3u);

    const auto check = [&](Stand& on, std::size_t count) {
        const auto all = [&](std::int64_t from, std::int64_t bound) {
            return *on.shard.await(on.log->aborted_transactions({from}, {bound}));
        };
        EXPECT_EQ(all(0, 1000),
                  (std::vector(expected.begin(), expected.begin() + static_cast<long>(count))));
        // The long one began before everything, so that it concerns every reader.
        if (count == 7) EXPECT_EQ(all(20, 22), (std::vector{expected[5], expected[6]}));
    };
    check(*stand, expected.size());
    // Killed, with and without what the files of the index hold; from any recovery point.
    for (const std::int64_t recovery_point : {0, 7, 14, 26}) {
        for (const bool lost : {false, true}) {
            SCOPED_TRACE(std::to_string(recovery_point) + (lost ? " lost" : ""));
            auto left = disk.after_kill(disk.journal().size());
            for (const auto& name : left->all_files()) {
                const auto base = offset_in_name(name.substr(kFolder.size() + 1), ".txnindex");
                if (lost && base && base->value >= recovery_point) ASSERT_TRUE(left->remove(name));
            }
            Stand again(*left);
            again.config = stand->config;
            ASSERT_TRUE(again.open(false, recovery_point));
            check(again, expected.size());
        }
    }
    // What was flushed survives a power loss.
    {
        auto left = disk.after_power_loss();
        Stand again(*left);
        again.config = stand->config;
        ASSERT_TRUE(again.open(false, log().flushed_offset().value));
        check(again, expected.size());
    }
    ASSERT_TRUE(stand->shard.await(log().truncate_to({14})));
    check(*stand, 3);
    ASSERT_TRUE(stand->shard.await(log().truncate_to({10})));
    check(*stand, 2);
    // Stopped cleanly and started again, more are added behind those in the file.
    ASSERT_TRUE(stand->shard.await(log().close()));
    restart();
    stand->config.segment_bytes = 500;
    ASSERT_TRUE(stand->open(true));
    ASSERT_TRUE(log().recovery().clean);
    ASSERT_EQ(log().end_offset(), Offset{10});
    check(*stand, 2);
    expected.resize(2);
    end(2, false);
    expected.push_back({{2}, {9}, {10}, {0}});
    check(*stand, 3);
}

TEST_F(LogTest, AMarkerWhoseIndexEntryCannotBeWrittenEndsTheDirectory) {
    ASSERT_TRUE(stand->open());
    BatchOptions options{
        .producer_id = 9, .producer_epoch = 0, .base_sequence = 0, .transactional = true};
    stand->append(options);
    stand->shard.settle();
    options.base_offset = 1;
    disk.change_error = EIO;
    disk.change_error_for = ".txnindex";
    const auto refused = log().append(make_marker(options, false, 7));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().number, EIO);
    EXPECT_EQ(stand->offline_calls, 1);
}

}  // namespace
}  // namespace cauce::storage
