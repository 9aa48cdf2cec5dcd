// A log that holds messages of formats 0 and 1: served as it is, found, recovered, cut, and gone on
// with.
#include "storage/segment_files.h"
#include "storage/test_log.h"
#include "wire/legacy_message.h"
#include "wire/testing/legacy_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace cauce::storage {
namespace {

using testing::BatchOptions;
using testing::file_of;
using testing::kFolder;
using testing::make_batch;
using testing::MemoryDisk;
using testing::Stand;
using wire::testing::LegacyLog;

struct LegacyFilesTest : ::testing::Test {
    const LegacyLog log = LegacyLog::read();
    MemoryDisk disk{"/d"};
    std::unique_ptr<Stand> stand;

    LegacyFilesTest() { put(log.bytes); }

    void put(BytesView bytes) {
        if (!disk.exists(kFolder)) disk.put_folder(kFolder);
        disk.put(file_of(0, ".log"), as_text(bytes));
    }
    // Index entries for most batches, as in a log of gigabytes.
    IoResult<void> open(bool clean, std::int64_t recovery_point = 0) {
        stand = std::make_unique<Stand>(disk);
        stand->config.index_interval_bytes = 200;
        return stand->open(clean, recovery_point);
    }
    std::int64_t end() const { return log.batches.back().last_offset + 1; }
    Buffer bytes_from(const LegacyLog::Batch& batch) const {
        return {log.bytes.begin() + static_cast<std::ptrdiff_t>(batch.position), log.bytes.end()};
    }
    void expect_all_there() {
        ASSERT_EQ(stand->log->end_offset(), Offset{end()});
        EXPECT_EQ(stand->log->start_offset(), Offset{0});
        for (const std::size_t max : {1u, 300u, 100'000u})
            EXPECT_EQ(stand->read_all(0, max), log.bytes) << max;
    }
};

TEST_F(LegacyFilesTest, AreServedAsTheyAreAfterAnyStop) {
    ASSERT_TRUE(open(false));
    EXPECT_EQ(stand->log->recovery().cut_bytes, 0u) << stand->log->recovery().reason;
    EXPECT_EQ(stand->log->recovery().scanned_bytes, log.bytes.size());
    expect_all_there();
    // Only the batch of format 2 has an epoch.
    const LegacyLog::Batch& newest = log.batches.back();
    EXPECT_EQ(stand->log->leader_epochs().epoch_at(Offset{newest.base_offset}), LeaderEpoch{4});
    EXPECT_EQ(stand->log->leader_epochs().epoch_at(Offset{0}), std::nullopt);
    EXPECT_TRUE(stand->log->producers().empty());
    ASSERT_TRUE(stand->shard.await(stand->log->close()));
    EXPECT_GT(disk.contents(file_of(0, ".index")).size(), 8u * 4);
    for (const bool clean : {true, false}) {
        for (const std::int64_t recovery_point : {std::int64_t{0}, std::int64_t{16}, end()}) {
            ASSERT_TRUE(open(clean, recovery_point));
            EXPECT_EQ(stand->log->recovery().clean, clean);
            expect_all_there();
        }
    }
}

TEST_F(LegacyFilesTest, AReadFromAnyOffsetBeginsWithTheMessageThatHoldsIt) {
    ASSERT_TRUE(open(false));
    for (std::int64_t offset = 0; offset < end(); ++offset) {
        const auto holds = std::ranges::find_if(
            log.batches, [offset](const auto& batch) { return batch.last_offset >= offset; });
        EXPECT_EQ(stand->read_bytes(offset), bytes_from(*holds)) << offset;
        // At most one message, whole, when no more is asked for.
        const BytesView one = log.batch_bytes(*holds);
        EXPECT_EQ(stand->read_bytes(offset, end(), 1), Buffer(one.begin(), one.end())) << offset;
    }
}

TEST_F(LegacyFilesTest, RecordsAreFoundByTimestampInsideThem) {
    ASSERT_TRUE(open(false));
    const auto expect_found = [&](std::int64_t timestamp) {
        const auto found =
            stand->shard.await(stand->log->offset_for_timestamp(timestamp, Offset{end()}));
        ASSERT_TRUE(found);
        const auto records = log.records();
        const auto wanted = std::ranges::find_if(
            records, [timestamp](const auto& record) { return record.timestamp >= timestamp; });
        ASSERT_EQ(found->has_value(), wanted != records.end()) << timestamp;
        if (!*found) return;
        EXPECT_EQ((*found)->offset, Offset{wanted->offset}) << timestamp;
        EXPECT_EQ((*found)->timestamp, wanted->timestamp) << timestamp;
        const bool has_epoch = wanted->offset >= log.batches.back().base_offset;
        EXPECT_EQ((*found)->leader_epoch, LeaderEpoch{has_epoch ? 4 : -1}) << timestamp;
    };
    for (const LegacyLog::Record& record : log.records()) {
        if (record.timestamp < 0) continue;
        expect_found(record.timestamp);
        expect_found(record.timestamp + 1);
    }
    expect_found(0);
    const auto newest = stand->shard.await(stand->log->offset_of_max_timestamp());
    const auto wanted = std::ranges::max_element(log.batches, {}, &LegacyLog::Batch::max_timestamp);
    ASSERT_TRUE(newest && *newest);
    EXPECT_EQ((*newest)->timestamp, wanted->max_timestamp);
    EXPECT_EQ((*newest)->offset, Offset{wanted->offset_of_max_timestamp});
}

TEST_F(LegacyFilesTest, ALogOfFormat0AloneHasNoTimestamps) {
    const auto first1 = std::ranges::find(log.batches, 1, &LegacyLog::Batch::magic);
    put(BytesView(log.bytes).first(first1->position));
    ASSERT_TRUE(open(false));
    EXPECT_EQ(stand->log->end_offset(), Offset{first1->base_offset});
    EXPECT_EQ(*stand->shard.await(stand->log->offset_for_timestamp(0, Offset{100})), std::nullopt);
    EXPECT_EQ(*stand->shard.await(stand->log->offset_of_max_timestamp()), std::nullopt);
}

// An upgrade from long ago, or somebody who removed them.
TEST_F(LegacyFilesTest, IndexesThatAreGoneAreMadeAgainWhenATimestampIsAskedFor) {
    const std::int64_t next = end();
    disk.put(file_of(next, ".log"),
             as_text(make_batch({.base_offset = next, .timestamp = 1'300'000'000'000})));
    ASSERT_TRUE(open(true, next + 1));
    ASSERT_TRUE(stand->log->recovery().clean);
    EXPECT_FALSE(disk.exists(file_of(0, ".timeindex")));
    const auto found =
        stand->shard.await(stand->log->offset_for_timestamp(1'400'000'016'000, Offset{next + 1}));
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->offset, Offset{13});
    EXPECT_GT(disk.contents(file_of(0, ".timeindex")).size(), 0u);
    EXPECT_EQ(stand->read_bytes(60, next), bytes_from(log.batches[log.batches.size() - 2]));
}

TEST_F(LegacyFilesTest, DamageIsCutOff) {
    for (const LegacyLog::Batch& batch : log.batches) {
        SCOPED_TRACE("offset " + std::to_string(batch.base_offset));
        // The last byte of its contents; and the format, which makes another kind of it.
        for (const std::size_t at : {batch.size_bytes - 1, wire::legacy_layout::kMagic}) {
            Buffer damaged = log.bytes;
            damaged[batch.position + at] ^= 1;
            put(damaged);
            ASSERT_TRUE(open(false));
            const RecoveryReport& report = stand->log->recovery();
            EXPECT_EQ(report.cut_bytes, log.bytes.size() - batch.position);
            EXPECT_FALSE(report.reason.empty());
            const Offset sound =
                batch.position == 0
                    ? Offset{0}
                    : Offset{std::ranges::find(log.batches, batch.position,
                                               [](const auto& other) {
                                                   return other.position + other.size_bytes;
                                               })
                                 ->last_offset +
                             1};
            EXPECT_EQ(stand->log->end_offset(), sound);
        }
    }
}

TEST_F(LegacyFilesTest, AnEndInsideAMessageIsCutOff) {
    const LegacyLog::Batch& first = log.batches.front();
    for (std::size_t size = first.size_bytes + 1; size < first.size_bytes + 60; ++size) {
        put(BytesView(log.bytes).first(size));
        ASSERT_TRUE(open(false));
        EXPECT_EQ(stand->log->end_offset(), Offset{first.last_offset + 1}) << size;
        EXPECT_EQ(disk.contents(file_of(0, ".log")).size(), first.size_bytes) << size;
    }
}

TEST_F(LegacyFilesTest, AreCutWhereAMessageBeginsAndGoneOnWith) {
    for (const std::int64_t cut : {std::int64_t{1}, std::int64_t{4}, std::int64_t{16},
                                   std::int64_t{47}, log.batches.back().base_offset}) {
        SCOPED_TRACE(cut);
        put(log.bytes);
        ASSERT_TRUE(open(false));
        ASSERT_TRUE(stand->shard.await(stand->log->truncate_to(Offset{cut})));
        EXPECT_EQ(stand->log->end_offset(), Offset{cut});
        const auto gone = std::ranges::find_if(
            log.batches, [cut](const auto& batch) { return batch.last_offset >= cut; });
        Buffer kept(log.bytes.begin(),
                    log.bytes.begin() + static_cast<std::ptrdiff_t>(gone->position));
        stand->append({.leader_epoch = 9});
        const Buffer added = make_batch({.base_offset = cut, .leader_epoch = 9});
        kept.insert(kept.end(), added.begin(), added.end());
        EXPECT_EQ(stand->read_all(0, 500), kept);
        EXPECT_EQ(stand->log->leader_epochs().latest(), LeaderEpoch{9});
        ASSERT_TRUE(stand->shard.await(stand->log->close()));
        const std::int64_t end_offset = stand->log->end_offset().value;
        ASSERT_TRUE(open(true, end_offset));
        EXPECT_EQ(stand->read_all(0, 500), kept);
    }
}

}  // namespace
}  // namespace cauce::storage
