#include "storage/log.h"

#include "storage/batch_head.h"
#include "storage/batches_test.h"
#include "storage/memory_disk_test.h"
#include "storage/offset_index.h"
#include "storage/segment_files.h"
#include "storage/time_index.h"

#include <gtest/gtest.h>

#include <memory>

namespace cauce::storage {
namespace {

using testing::BatchOptions;
using testing::make_batch;
using testing::make_marker;

const std::string kFolder = "/d/blog-0";
const TopicId kTopicId = *Uuid::parse("x3QZbGHDTkG7UYpZ0IPZkA");

std::string file_of(std::int64_t base, std::string_view suffix) {
    return segment_file(kFolder, Offset{base}, suffix);
}

// A node's worth of storage around one partition, on a disk that outlives it.
struct Stand {
    explicit Stand(testing::MemoryDisk& disk) : disk(disk) {}

    testing::MemoryDisk& disk;
    testing::OneShard shard;
    FileCache files{disk, 100};
    int offline_calls = 0;
    DirectoryShard home{disk, shard, files, "/d", {}, [this](const IoError&) { ++offline_calls; }};
    LogConfig config;
    std::unique_ptr<Log> log;

    IoResult<void> open(bool clean = false, std::int64_t recovery_point = 0,
                        std::int64_t start = 0) {
        LogOpenOptions options;
        options.partition = {"blog", 0};
        options.topic_id = kTopicId;
        options.config = std::make_shared<const LogConfig>(config);
        options.clean = clean;
        options.recovery_point = Offset{recovery_point};
        options.start_offset = Offset{start};
        auto opened = shard.await(Log::open(home, options));
        if (!opened) return std::unexpected(opened.error());
        log = std::move(*opened);
        shard.settle();
        return {};
    }

    // Appends at the end of the log.
    AppendInfo append(BatchOptions options) {
        options.base_offset = log->end_offset().value;
        auto appended = log->append(make_batch(options));
        CHECK(appended.has_value());
        return *appended;
    }

    Buffer read_bytes(std::int64_t from, std::int64_t bound = INT64_MAX,
                      std::size_t max = 1 << 30) {
        auto result = shard.await(log->read({Offset{from}, Offset{bound}, max, true}));
        CHECK(result.has_value());
        Buffer bytes;
        CHECK(shard.await(log->copy_out(*result, bytes)).has_value());
        return bytes;
    }

    // All batches from `from` on, through as many reads as it takes; checks that they join.
    Buffer read_all(std::int64_t from, std::size_t max) {
        Buffer all;
        Offset at{from};
        while (at < log->end_offset()) {
            auto result = shard.await(log->read({at, log->end_offset(), max, true}));
            CHECK(result.has_value() && result->size > 0, at);
            Buffer bytes;
            CHECK(shard.await(log->copy_out(*result, bytes)).has_value());
            check_batches(bytes, at, result->next);
            all.insert(all.end(), bytes.begin(), bytes.end());
            at = result->next;
        }
        return all;
    }

    // Whole, sound batches, the first of which holds `from`, and the last of which ends below
    // `next`.
    static void check_batches(BytesView bytes, Offset from, Offset next) {
        Offset last{-1};
        while (!bytes.empty()) {
            const auto head = BatchHead::read(bytes);
            CHECK(head && head->size_bytes <= bytes.size());
            CHECK(batch_crc_matches(bytes.first(head->size_bytes)));
            CHECK(head->base_offset > last);
            if (last.value < 0) CHECK(head->last_offset >= from);
            last = head->last_offset;
            bytes = bytes.subspan(head->size_bytes);
        }
        CHECK(last < next, last, next);
    }
};

struct LogTest : ::testing::Test {
    testing::MemoryDisk disk{"/d"};
    std::unique_ptr<Stand> stand = std::make_unique<Stand>(disk);
    Log& log() { return *stand->log; }
    void restart() { stand = std::make_unique<Stand>(disk); }
};

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

}  // namespace
}  // namespace cauce::storage
