// Opening a log after whatever may have happened to it.
#include "storage/recovery.h"

#include "storage/segment_files.h"
#include "storage/test_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace cauce::storage {
namespace {

using testing::BatchOptions;
using testing::file_of;
using testing::kFolder;
using testing::make_batch;
using testing::Stand;

// A log with a few segments, written by somebody who then vanished. What stands at which offset is
// known.
struct RecoveryTest : ::testing::Test {
    testing::MemoryDisk disk{"/d"};
    LogConfig config;
    Buffer all;
    std::vector<std::size_t> ends;  // of the batches, in `all`
    std::vector<std::int64_t> bases;

    RecoveryTest() {
        config.segment_bytes = 900;
        config.index_interval_bytes = 150;
    }

    Buffer batch(int i) const {
        return make_batch({.base_offset = i * 2,
                           .records = 2,
                           .value_bytes = static_cast<std::size_t>(10 + i % 5 * 8),
                           .timestamp = 1'700'000'000'000 + i,
                           .leader_epoch = i / 7,
                           .producer_id = 5,
                           .producer_epoch = 0,
                           .base_sequence = i * 2});
    }

    // `then`: what the writer does after all is appended.
    void write(int batches, bool close = false) {
        Stand stand(disk);
        stand.config = config;
        CHECK(stand.open(false, 0).has_value());
        for (int i = 0; i < batches; ++i) {
            const Buffer bytes = batch(i);
            CHECK(stand.log->append(bytes).has_value());
            stand.shard.settle();
            all.insert(all.end(), bytes.begin(), bytes.end());
            ends.push_back(all.size());
            bases.push_back(i * 2);
        }
        if (close) CHECK(stand.shard.await(stand.log->close()).has_value());
    }

    std::int64_t end() const { return static_cast<std::int64_t>(ends.size()) * 2; }
    std::int64_t last_segment(testing::MemoryDisk& from) const {
        std::int64_t base = 0;
        for (const auto& name : from.all_files())
            if (const auto found = offset_in_name(name.substr(kFolder.size() + 1), kLogSuffix))
                base = std::max(base, found->value);
        return base;
    }

    // Opens, checks everything there is to check, appends and reads on. Returns the end it was
    // found with.
    std::int64_t open_and_check(testing::MemoryDisk& on, std::int64_t recovery_point,
                                bool clean = false) {
        Stand stand(on);
        stand.config = config;
        const auto opened = stand.open(clean, recovery_point);
        EXPECT_TRUE(opened) << opened.error().to_string();
        if (!opened) return -1;
        Log& log = *stand.log;
        const std::int64_t found = log.end_offset().value;
        EXPECT_EQ(found % 2, 0);
        const std::size_t bytes = found == 0 ? 0 : ends[static_cast<std::size_t>(found / 2 - 1)];
        EXPECT_EQ(stand.read_all(stand.log->start_offset().value, 700),
                  Buffer(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(bytes)));
        EXPECT_LE(log.flushed_offset(), log.end_offset());
        if (found > 0) {
            EXPECT_EQ(log.leader_epochs().latest(),
                      LeaderEpoch{static_cast<int>((found / 2 - 1) / 7)});
            EXPECT_NE(log.producers().find({5}), nullptr);
            if (log.producers().find({5}) != nullptr)
                EXPECT_EQ(log.producers().find({5})->last_sequence(), found - 1);
            const auto newest = stand.shard.await(log.offset_of_max_timestamp());
            EXPECT_TRUE(newest && *newest &&
                        (*newest)->timestamp == 1'700'000'000'000 + found / 2 - 1 + 1);
        }
        // It goes on as if nothing had happened.
        EXPECT_TRUE(log.append(make_batch({.base_offset = found, .leader_epoch = 99})));
        stand.shard.settle();
        EXPECT_EQ(log.flushed_offset(), Offset{found + 1});
        return found;
    }
};

TEST_F(RecoveryTest, OpensWhatWasClosedWithoutReadingIt) {
    write(60, true);
    Stand stand(disk);
    stand.config = config;
    disk.reads = 0;
    ASSERT_TRUE(stand.open(true, end()));
    EXPECT_TRUE(stand.log->recovery().clean);
    EXPECT_EQ(stand.log->recovery().scanned_bytes, 0u);
    EXPECT_LT(disk.reads, 10u);
    EXPECT_EQ(stand.log->end_offset(), Offset{end()});
    EXPECT_EQ(stand.log->flushed_offset(), Offset{end()});
    EXPECT_EQ(stand.read_all(stand.log->start_offset().value, 700), all);
    EXPECT_EQ(stand.log->producers().find({5})->last_sequence(), end() - 1);
}

TEST_F(RecoveryTest, AKillAtAnyChangeLosesNothingThatWasWritten) {
    write(40, true);
    std::int64_t previous = 0;
    for (std::size_t at = 0; at <= disk.journal().size(); ++at) {
        SCOPED_TRACE(at);
        auto left = disk.after_kill(at);
        const std::int64_t found = open_and_check(*left, 0);
        EXPECT_GE(found, previous);
        previous = found;
        // Recovered once, it is found the same again, from whatever recovery point.
        auto again = disk.after_kill(at);
        EXPECT_EQ(open_and_check(*again, found / 4 * 2), found);
        if (HasFailure()) return;
    }
    EXPECT_EQ(previous, end());
}

TEST_F(RecoveryTest, ATornWriteIsCut) {
    write(25);
    const auto& journal = disk.journal();
    for (std::size_t at = 1; at <= journal.size(); ++at) {
        const auto& change = journal[at - 1];
        if (change.kind != testing::MemoryDisk::Change::Kind::write) continue;
        for (const std::size_t torn : {std::size_t{0}, std::size_t{1}, std::size_t{60},
                                       std::size_t{61}, std::size_t{70}, change.bytes.size() - 1}) {
            SCOPED_TRACE(std::to_string(at) + " " + std::to_string(torn) + " " + change.path);
            auto left = disk.after_kill(at, torn);
            open_and_check(*left, 0);
            if (HasFailure()) return;
        }
    }
}

TEST_F(RecoveryTest, AFlippedBitBehindTheRecoveryPointCutsThere) {
    config.segment_bytes = 1 << 20;
    write(20);
    for (std::size_t i = 0; i < 20; ++i) {
        const std::size_t begin = i == 0 ? 0 : ends[i - 1];
        for (const std::size_t at :
             {std::size_t{8}, std::size_t{16}, std::size_t{17}, std::size_t{25}, std::size_t{40},
              std::size_t{65}, ends[i] - begin - 1}) {
            SCOPED_TRACE(std::to_string(i) + " " + std::to_string(at));
            auto left = disk.after_kill(disk.journal().size());
            left->contents(file_of(0, ".log"))[begin + at] ^= 0x40;
            // A batch before the recovery point is not looked into; this one is.
            EXPECT_EQ(open_and_check(*left, static_cast<std::int64_t>(i) / 2 * 2),
                      static_cast<std::int64_t>(i) * 2);
            if (HasFailure()) return;
        }
    }
}

TEST_F(RecoveryTest, ZerosAtTheEndAreCut) {
    write(10);
    for (const std::size_t zeros :
         {std::size_t{1}, std::size_t{12}, std::size_t{61}, std::size_t{5000}}) {
        auto left = disk.after_kill(disk.journal().size());
        Buffer& log = left->contents(file_of(last_segment(*left), ".log"));
        log.resize(log.size() + zeros);
        EXPECT_EQ(open_and_check(*left, 0), end());
    }
}

TEST_F(RecoveryTest, ABadBatchTakesTheSegmentsBehindItAlong) {
    write(60);
    Stand stand(disk);
    stand.config = config;
    const std::int64_t damaged = 2 * 20;
    // Find the segment that holds it.
    std::int64_t base = 0;
    for (const auto& name : disk.all_files())
        if (const auto found = offset_in_name(name.substr(kFolder.size() + 1), kLogSuffix);
            found && found->value <= damaged)
            base = std::max(base, found->value);
    const std::size_t position =
        ends[19] - (base == 0 ? 0 : ends[static_cast<std::size_t>(base / 2 - 1)]);
    disk.contents(file_of(base, ".log"))[position + 70] ^= 1;
    ASSERT_TRUE(stand.open(false, 0));
    EXPECT_EQ(stand.log->end_offset(), Offset{damaged});
    EXPECT_GT(stand.log->recovery().cut_segments, 2u);
    EXPECT_EQ(stand.log->recovery().reason, "a wrong checksum");
    EXPECT_FALSE(disk.exists(file_of(last_segment(disk), ".log") + ".deleted"));
    stand.shard.settle();
    EXPECT_EQ(stand.log->flushed_offset(), Offset{damaged});
}

TEST_F(RecoveryTest, BelowTheRecoveryPointOnlyEndsAreRead) {
    config.segment_bytes = 1 << 20;
    config.index_interval_bytes = 1024;
    write(3000);
    {
        Stand stand(disk);
        stand.config = config;
        ASSERT_TRUE(stand.open(false, end()));
        // From the last stored index entry on.
        EXPECT_LT(stand.log->recovery().scanned_bytes, all.size());
        stand.log->release_memory();
    }
    // With a checkpoint taken, next to nothing.
    {
        Stand stand(disk);
        stand.config = config;
        ASSERT_TRUE(stand.open(false, end()));
        ASSERT_TRUE(stand.log->append(make_batch({.base_offset = end()})));
        ASSERT_TRUE(stand.shard.await(stand.log->prepare_checkpoint()));
        stand.shard.settle();
    }
    Stand stand(disk);
    stand.config = config;
    ASSERT_TRUE(stand.open(false, end()));
    EXPECT_LT(stand.log->recovery().scanned_bytes, 3 * 4096u);
    EXPECT_EQ(stand.log->end_offset(), Offset{end() + 1});
}

TEST_F(RecoveryTest, CheckpointSnapshotsBoundTheReplay) {
    config.segment_bytes = 1 << 30;
    config.durability = Durability::page_cache;
    Stand stand(disk);
    stand.config = config;
    ASSERT_TRUE(stand.open(false, 0));
    const auto append = [&](std::int32_t sequence, std::int64_t producer = 5) {
        ASSERT_TRUE(stand.log->append(make_batch({.base_offset = stand.log->end_offset().value,
                                                  .value_bytes = 100'000,
                                                  .timestamp = 1'700'000'000'000,
                                                  .producer_id = producer,
                                                  .producer_epoch = 0,
                                                  .base_sequence = sequence})));
        stand.shard.settle();
    };
    const auto snapshots = [&] {
        std::vector<std::int64_t> found;
        for (const auto& name : disk.all_files())
            if (const auto offset =
                    offset_in_name(name.substr(kFolder.size() + 1), kSnapshotSuffix))
                found.push_back(offset->value);
        return found;
    };
    for (std::int32_t i = 0; i < 300; ++i) {
        append(i < 2 ? i : i - 2, i < 2 ? 7 : 5);
        if (i % 50 == 49) ASSERT_TRUE(stand.shard.await(stand.log->prepare_checkpoint()));
    }
    EXPECT_EQ(snapshots(), (std::vector<std::int64_t>{250, 300}));
    append(298);
    auto left = disk.after_kill(disk.journal().size());
    left->contents(file_of(300, ".snapshot"))[12] ^= 1;
    for (auto* on : {&disk, left.get()}) {
        Stand again(*on);
        again.config = config;
        ASSERT_TRUE(again.open(false, 300));
        EXPECT_EQ(again.log->producers().find({5})->last_sequence(), 298);
        EXPECT_EQ(again.log->producers().find({5})->kept, 5);
        // Its batches lie far before what is replayed: it may still send both of them again.
        EXPECT_EQ(again.log->producers().find({7})->last_sequence(), 1);
        EXPECT_EQ(again.log->producers().find({7})->kept, 2);
    }
}

TEST_F(RecoveryTest, DamagedIndexesAreBuiltAnew) {
    write(60, true);
    for (const std::string_view suffix : {".index", ".timeindex"}) {
        for (int damage = 0; damage < 5; ++damage) {
            for (const bool clean : {true, false}) {
                SCOPED_TRACE(std::string(suffix) + " " + std::to_string(damage) +
                             (clean ? " clean" : ""));
                auto left = disk.after_kill(disk.journal().size());
                for (const auto& name : left->all_files()) {
                    if (!name.ends_with(suffix)) continue;
                    Buffer& index = left->contents(name);
                    if (damage == 0) ASSERT_TRUE(left->remove(name));
                    if (damage == 1) std::ranges::fill(index, std::uint8_t{0});
                    if (damage == 2) std::ranges::fill(index, std::uint8_t{0x7f});
                    if (damage == 3) index.resize(index.size() / 2 + 3);
                    if (damage == 4) index.resize(index.size() + 10'000);
                }
                // A time index that lost its entries, or holds others, is noticed only where it is
                // read again.
                Stand stand(*left);
                stand.config = config;
                ASSERT_TRUE(stand.open(clean, clean ? end() : end() - 20));
                EXPECT_EQ(stand.log->end_offset(), Offset{end()});
                EXPECT_EQ(stand.read_all(stand.log->start_offset().value, 700), all);
                stand.log->release_memory();
                for (std::int64_t at = 0; at < end(); at += 5) {
                    const auto read =
                        stand.shard.await(stand.log->read({{at}, {end()}, 300, true}));
                    ASSERT_TRUE(read) << at;
                    EXPECT_LE(read->first, Offset{at});
                    EXPECT_GT(read->next, Offset{at});
                }
            }
        }
    }
}

TEST_F(RecoveryTest, ASegmentOfAnotherPlacesBatchesIsNotRead) {
    write(60, true);
    std::vector<std::int64_t> segments;
    for (const auto& name : disk.all_files())
        if (const auto base = offset_in_name(name.substr(kFolder.size() + 1), kLogSuffix))
            segments.push_back(base->value);
    std::ranges::sort(segments);
    ASSERT_GT(segments.size(), 3u);
    // Older batches, and newer ones.
    for (const std::size_t source : {0u, 2u}) {
        SCOPED_TRACE(source);
        auto left = disk.after_kill(disk.journal().size());
        left->contents(file_of(segments[1], ".log")) =
            left->contents(file_of(segments[source], ".log"));
        Stand stand(*left);
        stand.config = config;
        ASSERT_TRUE(stand.open(true, end()));
        for (std::int64_t at = 0; at < end(); at += 5) {
            const auto read = stand.shard.await(stand.log->read({{at}, {end()}, 300, true}));
            if (at >= segments[1] && at < segments[2]) {
                ASSERT_FALSE(read) << at;
                EXPECT_EQ(read.error().number, EBADMSG) << at;
                continue;
            }
            ASSERT_TRUE(read) << at;
            EXPECT_LE(read->first, Offset{at});
            EXPECT_GT(read->next, Offset{at});
        }
    }
}

TEST_F(RecoveryTest, SmallFilesMayBeGoneOrDamaged) {
    write(60, true);
    for (const std::string& name :
         {kFolder + "/leader-epoch-checkpoint", file_of(end(), ".snapshot")}) {
        for (int damage = 0; damage < 3; ++damage) {
            SCOPED_TRACE(name + " " + std::to_string(damage));
            auto left = disk.after_kill(disk.journal().size());
            Buffer& bytes = left->contents(name);
            if (damage == 0) bytes.resize(bytes.size() / 2);
            if (damage == 1) bytes.assign(bytes.size(), 0);
            if (damage == 2) bytes[bytes.size() / 3] ^= 0x20;
            open_and_check(*left, end(), true);
        }
    }
}

// The next process finds all of it in the page cache, as sound as ever, and a flush that succeeds.
TEST_F(RecoveryTest, WhatAFailedFlushLostIsWrittenAgain) {
    for (const bool page_cache : {false, true}) {
        SCOPED_TRACE(page_cache);
        testing::MemoryDisk on("/d");
        if (page_cache) {
            config.durability = Durability::page_cache;
            config.flush_messages = 1;
        }
        std::int64_t flushed = 0;
        {
            Stand stand(on);
            stand.config = config;
            ASSERT_TRUE(stand.open());
            for (int i = 0; i < 30; ++i) {
                ASSERT_TRUE(stand.log->append(batch(i)));
                stand.shard.settle();
            }
            flushed = stand.log->flushed_offset().value;
            on.sync_error = EIO;
            // More than one segment's worth, in one round.
            for (int i = 30; i < 50; ++i)
                ASSERT_TRUE(stand.log->append(batch(i)));
            stand.shard.settle();
            ASSERT_TRUE(stand.home.offline());
            ASSERT_LT(stand.log->flushed_offset(), stand.log->end_offset());
        }
        on.sync_error = 0;
        Stand stand(on);
        stand.config = config;
        ASSERT_TRUE(stand.open(false, flushed));
        EXPECT_EQ(stand.log->end_offset(), Offset{100});
        stand.log->request_flush();
        stand.shard.settle();
        EXPECT_EQ(stand.log->flushed_offset(), Offset{100});
        const Buffer all_of_it = stand.read_all(0, 700);
        // What counts as flushed is on the device, wherever the log is said to be checked up to.
        for (const std::int64_t recovery_point : {flushed, std::int64_t{100}}) {
            auto left = on.after_power_loss();
            Stand later(*left);
            later.config = config;
            ASSERT_TRUE(later.open(false, recovery_point));
            EXPECT_EQ(later.log->end_offset(), Offset{100});
            EXPECT_EQ(later.read_all(0, 700), all_of_it);
        }
    }
}

TEST_F(RecoveryTest, LeaderEpochsAreThoseOfTheBatches) {
    write(60, true);
    const std::string name = kFolder + "/leader-epoch-checkpoint";
    const Buffer& text = disk.contents(name);
    const std::string sound(text.begin(), text.end());
    ASSERT_TRUE(sound.starts_with("0\n9\n0 0\n1 14\n2 28\n")) << sound;
    const std::string damages[] = {
        sound,  //
        "",
        "0\n0\n",
        "0\n2\n0 0\n1 14\n",
        sound.substr(0, 4) + "5" + sound.substr(5),  // 5 instead of 0: contradicts what follows
        sound.substr(0, sound.size() - 2) + "9\n",
        "0\n2\n7 98\n8 112\n",
    };
    for (const std::string& damage : damages) {
        for (const bool clean : {true, false}) {
            SCOPED_TRACE(damage + (clean ? "clean" : "killed"));
            auto left = disk.after_kill(disk.journal().size());
            left->put(name, damage);
            if (damage.empty() && clean) ASSERT_TRUE(left->remove(name));
            Stand stand(*left);
            stand.config = config;
            ASSERT_TRUE(stand.open(clean, end()));
            EXPECT_EQ(stand.log->leader_epochs().to_text(), sound);
            // And it is written down again.
            stand.log->request_flush();
            ASSERT_TRUE(stand.shard.await(stand.log->close()));
            const Buffer& now = left->contents(name);
            EXPECT_EQ(std::string(now.begin(), now.end()), sound);
        }
    }
}

TEST_F(RecoveryTest, AStartBehindTheEndOfAWholeLogDoesNotCount) {
    write(30, true);
    for (const bool clean : {true, false}) {
        auto left = disk.after_kill(disk.journal().size());
        Stand stand(*left);
        stand.config = config;
        ASSERT_TRUE(stand.open(clean, end(), 5000));
        EXPECT_EQ(stand.log->start_offset(), Offset{0});
        EXPECT_EQ(stand.log->end_offset(), Offset{end()});
        EXPECT_EQ(stand.read_all(0, 700), all);
    }
}

TEST_F(RecoveryTest, LeftoversAreRemoved) {
    write(10, true);
    disk.put(file_of(77, ".index"), "orphan");
    disk.put(file_of(0, ".log") + ".deleted", "x");
    disk.put(file_of(0, ".log") + ".cleaned", "x");
    disk.put(kFolder + "/leader-epoch-checkpoint.tmp", "x");
    disk.put(kFolder + "/00000000000000000100-0000000003.checkpoint.deleted", "x");
    open_and_check(disk, end(), true);
    for (const auto& name : disk.all_files()) {
        EXPECT_FALSE(name.ends_with(".cleaned") || name.ends_with(".tmp") ||
                     name.ends_with(".log.deleted"))
            << name;
        EXPECT_NE(name, file_of(77, ".index"));
    }
    EXPECT_TRUE(disk.exists(kFolder + "/00000000000000000100-0000000003.checkpoint.deleted"));
}

TEST_F(RecoveryTest, ALogThatEndsBeforeItsStartIsEmptied) {
    config.durability = Durability::page_cache;
    write(10);
    Stand stand(disk);
    stand.config = config;
    ASSERT_TRUE(stand.open(false, 0, 100));
    EXPECT_EQ(stand.log->start_offset(), Offset{100});
    EXPECT_EQ(stand.log->end_offset(), Offset{100});
    ASSERT_TRUE(stand.log->append(make_batch({.base_offset = 100})));
    EXPECT_EQ(stand.read_all(stand.log->start_offset().value, 700),
              make_batch({.base_offset = 100}));
}

TEST_F(RecoveryTest, APowerLossKeepsAllThatWasFlushed) {
    Stand stand(disk);
    stand.config = config;
    ASSERT_TRUE(stand.open(false, 0));
    for (int i = 0; i < 60; ++i) {
        const Buffer bytes = batch(i);
        ASSERT_TRUE(stand.log->append(bytes));
        all.insert(all.end(), bytes.begin(), bytes.end());
        ends.push_back(all.size());
        if (i % 3 == 0) stand.shard.settle();
        if (i % 10 == 9) ASSERT_TRUE(stand.shard.await(stand.log->prepare_checkpoint()));
        const std::int64_t flushed = stand.log->flushed_offset().value;
        for (const std::int64_t recovery_point : {std::int64_t{0}, flushed}) {
            SCOPED_TRACE(std::to_string(i) + " " + std::to_string(recovery_point));
            auto left = disk.after_power_loss();
            EXPECT_GE(open_and_check(*left, recovery_point), flushed);
        }
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace cauce::storage
