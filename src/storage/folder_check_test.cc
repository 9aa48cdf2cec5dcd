// Every kind of damage to a partition's folder is found, named, and told from what a kill leaves.
#include "storage/folder_check.h"

#include "storage/offset_index.h"
#include "storage/segment_files.h"
#include "storage/test_log.h"
#include "storage/time_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cauce::storage {
namespace {

using testing::file_of;
using testing::kFolder;
using testing::make_batch;
using testing::MemoryDisk;
using testing::Stand;

constexpr int kBatches = 60;

// Several segments with indexes and producers, closed in order.
void write(MemoryDisk& disk) {
    Stand stand(disk);
    stand.config.segment_bytes = 1500;
    stand.config.index_interval_bytes = 150;
    ASSERT_TRUE(stand.open());
    for (int i = 0; i < kBatches; ++i)
        stand.append({.records = 2,
                      .timestamp = 1'700'000'000'000 + i,
                      .leader_epoch = i / 20,
                      .producer_id = 5,
                      .producer_epoch = 0,
                      .base_sequence = 2 * i});
    stand.shard.settle();
    ASSERT_TRUE(stand.shard.await(stand.log->close()));
}

FolderCheck check(MemoryDisk& disk, FolderCheckOptions options) {
    testing::OneShard shard;
    auto checked = shard.await(check_folder(disk, kFolder, options));
    EXPECT_TRUE(checked) << checked.error().to_string();
    return checked ? *std::move(checked) : FolderCheck();
}

std::int64_t last_segment(const MemoryDisk& disk) {
    std::int64_t base = 0;
    for (const auto& name : disk.all_files())
        if (const auto found = offset_in_name(name.substr(kFolder.size() + 1), kLogSuffix))
            base = std::max(base, found->value);
    return base;
}

TEST(FolderCheck, ASoundFolder) {
    MemoryDisk disk("/d");
    write(disk);
    const std::size_t changes = disk.journal().size();
    for (const bool checksums : {true, false}) {
        const FolderCheck found = check(disk, {.clean = true, .checksums = checksums});
        for (const auto& finding : found.findings)
            ADD_FAILURE() << finding.file << ": " << finding.text;
        EXPECT_EQ(found.batches, kBatches);
        EXPECT_GT(found.segments, 2u);
        EXPECT_EQ(found.start, Offset{0});
        EXPECT_EQ(found.end, Offset{2 * kBatches});
        EXPECT_EQ(found.newest_epoch, LeaderEpoch{2});
        EXPECT_EQ(found.topic_id, testing::kTopicId);
        EXPECT_TRUE(found.open_transactions.empty());
    }
    EXPECT_EQ(disk.journal().size(), changes);
}

TEST(FolderCheck, DamageIsFoundAndNamed) {
    struct Case {
        std::string what;
        std::function<void(MemoryDisk&)> harm;
        std::string file;  // the start of what is found
        std::string text;
        // After a kill it is what a start mends.
        bool leftover_after_kill = false;
    };
    const auto flip = [](std::string name, std::size_t at) {
        return [name, at](MemoryDisk& disk) { disk.contents(name).at(at) ^= 0xff; };
    };
    const auto exchange = [](std::string name, std::ptrdiff_t entry_bytes) {
        return [name, entry_bytes](MemoryDisk& disk) {
            const auto first = disk.contents(name).begin();
            std::swap_ranges(first, first + entry_bytes, first + entry_bytes);
        };
    };
    const auto cut_last = [](MemoryDisk& disk) {
        Buffer& log = disk.contents(file_of(last_segment(disk), ".log"));
        log.resize(log.size() - 3);
    };
    const Case cases[] = {
        {"a byte of a record", flip(file_of(0, ".log"), 80), "00000000000000000000.log",
         "at byte 0: the checksum of the batch of offset 0 is wrong"},
        {"the size of a batch", flip(file_of(0, ".log"), 8), "00000000000000000000.log",
         "at byte 0: "},
        {"the epoch of a batch", flip(file_of(0, ".log"), 14), "00000000000000000000.log",
         "follows epoch"},
        {"an entry of the offset index", flip(file_of(0, ".index"), 7),
         "00000000000000000000.index", "does not stand at position", true},
        {"an entry of the time index", flip(file_of(0, ".timeindex"), 8),
         "00000000000000000000.timeindex", "at byte", true},
        {"the order of the offset index", exchange(file_of(0, ".index"), OffsetEntry::kSize),
         "00000000000000000000.index", "at byte 8: the entries do not grow", true},
        {"the order of the time index", exchange(file_of(0, ".timeindex"), TimeEntry::kSize),
         "00000000000000000000.timeindex", "at byte 12: the entries do not grow", true},
        {"the list of epochs",
         [](MemoryDisk& disk) { disk.put(kFolder + "/leader-epoch-checkpoint", "0\n7\n"); },
         "leader-epoch-checkpoint", "no list of epochs"},
        {"the topic id", [](MemoryDisk& disk) { disk.put(kFolder + "/partition.metadata", "x"); },
         "partition.metadata", "no topic id"},
        {"a snapshot of producers",
         [](MemoryDisk& disk) { disk.put(file_of(2 * kBatches, ".snapshot"), "xx"); },
         "00000000000000000120.snapshot", "no snapshot of producers", true},
        {"the end of the log", cut_last, "", "the file ends inside a batch", true},
        {"a segment of offsets that are there already",
         [](MemoryDisk& disk) {
             const Buffer batch = make_batch({.base_offset = 50});
             disk.put(file_of(1, ".log"), as_text(batch));
         },
         "00000000000000000000.log", "and the next segment begins at 1"},
    };
    for (const Case& one : cases) {
        for (const bool clean : {true, false}) {
            MemoryDisk disk("/d");
            write(disk);
            one.harm(disk);
            const FolderCheck found = check(disk, {.clean = clean});
            const bool leftover = one.leftover_after_kill && !clean;
            EXPECT_EQ(found.damaged(), !leftover) << one.what;
            const auto at = std::ranges::find_if(found.findings, [&](const auto& finding) {
                return finding.file.starts_with(one.file) &&
                       finding.text.find(one.text) != std::string::npos;
            });
            EXPECT_NE(at, found.findings.end())
                << one.what << ": "
                << (found.findings.empty() ? "nothing" : found.findings.front().text);
        }
    }
}

TEST(FolderCheck, WhatOtherBrokersLeaveBehind) {
    MemoryDisk disk("/d");
    write(disk);
    // Kafka allocates the indexes of its newest segment ahead.
    for (const std::string_view suffix : {".index", ".timeindex"}) {
        Buffer& index = disk.contents(file_of(last_segment(disk), suffix));
        index.resize(index.size() + 960);
    }
    disk.put(file_of(7, ".index"), "");
    disk.put(file_of(0, ".log") + ".deleted", "x");
    disk.put(file_of(0, ".log") + ".cleaned", "x");
    disk.put(file_of(0, ".log") + ".swap", "x");
    const FolderCheck found = check(disk, {.clean = true});
    EXPECT_FALSE(found.damaged());
    EXPECT_EQ(found.findings.size(), 4u);
}

TEST(FolderCheck, OpenTransactions) {
    MemoryDisk disk("/d");
    {
        Stand stand(disk);
        ASSERT_TRUE(stand.open());
        for (const std::int64_t producer : {5, 6})
            stand.append({.records = 2,
                          .producer_id = producer,
                          .producer_epoch = 0,
                          .base_sequence = 0,
                          .transactional = true});
        stand.shard.settle();
        ASSERT_TRUE(stand.shard.await(stand.log->close()));
    }
    EXPECT_EQ(check(disk, {.clean = true}).open_transactions, (std::vector{Offset{0}, Offset{2}}));
}

TEST(FolderCheck, AFolderThatIsNotThere) {
    MemoryDisk disk("/d");
    testing::OneShard shard;
    EXPECT_FALSE(shard.await(check_folder(disk, "/d/none-0", {})));
}

}  // namespace
}  // namespace cauce::storage
