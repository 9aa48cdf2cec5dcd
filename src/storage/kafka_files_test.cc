// Files that Apache Kafka wrote: we read them, and write the same ones from the same batches, to
// the byte.
#include "storage/log.h"
#include "storage/segment_files.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

namespace cauce::storage {
namespace {

struct KafkaFilesTest : ::testing::Test {
    testing::MemoryDisk disk{"/d"};
    testing::OneShard shard;
    FileCache files{disk, 100};
    LogConfig config;
    std::vector<std::string> names;

    KafkaFilesTest() {
        config.segment_bytes = 4000;
        config.index_interval_bytes = 500;
        // The producers wrote in November 2026.
        shard.manual_clock().set_wall({1'795'320'700'000});
        disk.put_folder("/d/kafka");
        disk.put_folder("/d/kafka/fixture-0");
        disk.put_folder("/d/ours");
        const std::filesystem::path folder =
            std::filesystem::path(CAUCE_OLD_DATA) / "kafka-4.4.0" / "fixture-0";
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            std::ifstream in(entry.path(), std::ios::binary);
            const std::string bytes((std::istreambuf_iterator<char>(in)), {});
            names.push_back(entry.path().filename());
            disk.put("/d/kafka/fixture-0/" + names.back(), bytes);
        }
    }

    std::unique_ptr<Log> open(DirectoryShard& home, bool clean, std::int64_t recovery_point) {
        LogOpenOptions options;
        options.partition = {"fixture", 0};
        options.topic_id = *Uuid::parse("d9B1FFOQQQiUbUqPKfAVdw");
        options.config = std::make_shared<const LogConfig>(config);
        options.clean = clean;
        options.recovery_point = Offset{recovery_point};
        auto opened = shard.await(Log::open(home, options));
        CHECK(opened.has_value(), opened.error().to_string());
        return std::move(*opened);
    }
};

TEST_F(KafkaFilesTest, AreReadAsTheyAre) {
    ASSERT_EQ(names.size(), 22u);
    DirectoryShard home(disk, shard, files, "/d/kafka", {}, nullptr);
    for (const bool clean : {true, false}) {
        auto log = open(home, clean, clean ? 232 : 0);
        EXPECT_EQ(log->recovery().clean, clean);
        EXPECT_EQ(log->recovery().cut_bytes, 0u);
        EXPECT_EQ(log->start_offset(), Offset{0});
        EXPECT_EQ(log->end_offset(), Offset{232});
        EXPECT_EQ(log->segment_count(), 5u);
        EXPECT_EQ(log->leader_epochs().latest(), LeaderEpoch{0});
        EXPECT_EQ(log->producers().producers().size(), 6u);
        EXPECT_EQ(log->producers().producers().front().last_sequence(), 39);
        // Both of its transactions are committed, and each end raised its epoch (KIP-890): its
        // sequences begin anew.
        EXPECT_EQ(log->producers().producers().back().epoch, 2);
        EXPECT_EQ(log->producers().producers().back().last_sequence(), -1);
        EXPECT_EQ(log->producers().producers().back().transaction_start, Offset{-1});
        EXPECT_TRUE(shard.await(log->aborted_transactions({0}, {232}))->empty());
        const auto newest = **shard.await(log->offset_of_max_timestamp());
        const auto found = **shard.await(log->offset_for_timestamp(newest.timestamp, {232}));
        EXPECT_EQ(found.offset, newest.offset);
        EXPECT_EQ(newest.offset, Offset{231});
    }
}

TEST_F(KafkaFilesTest, AreWrittenTheSameFromTheSameBatches) {
    DirectoryShard theirs_at(disk, shard, files, "/d/kafka", {}, nullptr);
    DirectoryShard ours_at(disk, shard, files, "/d/ours", {}, nullptr);
    auto theirs = open(theirs_at, true, 232);
    auto ours = open(ours_at, false, 0);
    while (ours->end_offset() < theirs->end_offset()) {
        const auto batch =
            shard.await(theirs->read({ours->end_offset(), theirs->end_offset(), 0, true}));
        ASSERT_TRUE(batch);
        Buffer bytes;
        ASSERT_TRUE(shard.await(theirs->copy_out(*batch, bytes)));
        ASSERT_TRUE(ours->append(bytes));
        ASSERT_EQ(ours->end_offset(), batch->next);
    }
    ASSERT_TRUE(shard.await(ours->close()));
    std::size_t compared = 0;
    for (const auto& name : names) {
        SCOPED_TRACE(name);
        ASSERT_TRUE(disk.exists("/d/ours/fixture-0/" + name));
        Buffer written = disk.contents("/d/ours/fixture-0/" + name);
        const Buffer& expected = disk.contents("/d/kafka/fixture-0/" + name);
        if (name.ends_with(kSnapshotSuffix)) {
            // What Kafka reads of it is the same; our part stands behind.
            ASSERT_GT(written.size(), expected.size());
            written.resize(expected.size());
            std::ranges::copy_n(expected.begin() + 2, 4, written.begin() + 2);  // the checksum
        }
        EXPECT_EQ(written, expected);
        ++compared;
    }
    EXPECT_EQ(compared, 22u);
    EXPECT_EQ(disk.list("/d/ours/fixture-0")->size(), 22u);
}

}  // namespace
}  // namespace cauce::storage
