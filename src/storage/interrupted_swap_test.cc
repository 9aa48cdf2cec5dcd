// A compaction of Apache Kafka's that ended at any place in it: what was there before it, or what
// it made, and never a part of both.
#include "storage/interrupted_swap.h"

#include "storage/segment_files.h"
#include "storage/test_log.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::storage {
namespace {

using testing::file_of;
using testing::kFolder;
using testing::make_batch;
using testing::MemoryDisk;
using testing::Stand;

// Ten segments of two batches of two records; a successor of the first three that holds one batch
// of each.
struct InterruptedSwapTest : ::testing::Test {
    static constexpr std::int64_t kSegmentOffsets = 4;
    static constexpr std::int64_t kEnd = 40;

    LogConfig config;
    Buffer before;  // all batches
    Buffer after;   // with the successor in its place
    Buffer successor;

    InterruptedSwapTest() { config.compact = true; }

    static Buffer batch(std::int64_t offset) {
        return make_batch({.base_offset = offset,
                           .records = 2,
                           .value_bytes = 40,
                           .timestamp = 1'700'000'000'000 + offset});
    }

    void write(MemoryDisk& disk) {
        before.clear();
        after.clear();
        successor.clear();
        Stand stand(disk);
        stand.config = config;
        stand.config.segment_bytes = static_cast<std::int64_t>(2 * batch(0).size());
        CHECK(stand.open().has_value());
        for (std::int64_t offset = 0; offset < kEnd; offset += 2) {
            const Buffer bytes = batch(offset);
            CHECK(stand.log->append(bytes).has_value());
            stand.shard.settle();
            before.insert(before.end(), bytes.begin(), bytes.end());
            const bool cleaned = offset < 3 * kSegmentOffsets;
            if (cleaned && offset % kSegmentOffsets != 0) continue;
            after.insert(after.end(), bytes.begin(), bytes.end());
            if (cleaned) successor.insert(successor.end(), bytes.begin(), bytes.end());
        }
        CHECK(stand.shard.await(stand.log->close()).has_value());
    }

    static void put(MemoryDisk& disk, const std::string& name, const Buffer& bytes) {
        disk.put(name, std::string(as_text(bytes)));
    }
    static void remove_segment(MemoryDisk& disk, std::int64_t base) {
        for (const std::string_view suffix : {".log", ".index", ".timeindex"})
            CHECK(disk.remove(file_of(base, suffix)).has_value());
    }

    // Opens after a kill and after a stop, and reads everything.
    void expect(MemoryDisk& disk, const Buffer& content, const std::string& what) {
        for (const bool clean : {false, true}) {
            Stand stand(disk);
            stand.config = config;
            const auto opened = stand.open(clean, kEnd);
            ASSERT_TRUE(opened) << what << ": " << opened.error().to_string();
            EXPECT_EQ(stand.log->end_offset(), Offset{kEnd}) << what;
            EXPECT_EQ(stand.read_all(0, 500), content) << what;
            ASSERT_TRUE(stand.shard.await(stand.log->close())) << what;
        }
        for (const std::string& name : disk.all_files())
            EXPECT_FALSE(name.ends_with(".swap") || name.ends_with(".cleaned"))
                << what << ": " << name;
    }
};

TEST_F(InterruptedSwapTest, WhateverPlaceItEndedAt) {
    struct Case {
        std::string what;
        // To what was written; the successor's bytes are known.
        std::function<void(MemoryDisk&)> leave;
        bool exchanged = false;
    };
    const auto swap = [this](MemoryDisk& disk) {
        put(disk, file_of(0, ".log") + ".swap", successor);
        disk.put(file_of(0, ".index") + ".swap", "");
        disk.put(file_of(0, ".timeindex") + ".swap", "");
    };
    const std::vector<Case> cases = {
        {"while the successor was written",
         [this](MemoryDisk& disk) {
             put(disk, file_of(0, ".log") + ".cleaned",
                 Buffer(successor.begin(), successor.begin() + 70));
             disk.put(file_of(0, ".index") + ".cleaned", "");
         }},
        {"while it was renamed to .swap",
         [this](MemoryDisk& disk) {
             put(disk, file_of(0, ".log") + ".swap", successor);
             disk.put(file_of(0, ".index") + ".cleaned", "");
             disk.put(file_of(0, ".timeindex") + ".cleaned", "");
         }},
        {"before its predecessors went", swap, true},
        {"when some of them were gone",
         [&](MemoryDisk& disk) {
             swap(disk);
             remove_segment(disk, 0);
             CHECK(disk.remove(file_of(8, ".log")).has_value());
         },
         true},
        {"when all of them were renamed",
         [&](MemoryDisk& disk) {
             for (const std::int64_t base : {0, 4, 8}) {
                 for (const std::string_view suffix : {".log", ".index", ".timeindex"})
                     CHECK(disk.rename(file_of(base, suffix),
                                       file_of(base, suffix) + std::string(kDeletedSuffix))
                               .has_value());
             }
             swap(disk);
         },
         true},
        {"when its log had its name and its indexes had not",
         [&](MemoryDisk& disk) {
             for (const std::int64_t base : {0, 4, 8})
                 remove_segment(disk, base);
             put(disk, file_of(0, ".log"), successor);
             disk.put(file_of(0, ".index") + ".swap", "");
             disk.put(file_of(0, ".timeindex") + ".swap", "");
         },
         true},
    };
    for (const Case& one : cases) {
        MemoryDisk disk("/d");
        write(disk);
        one.leave(disk);
        expect(disk, one.exchanged ? after : before, one.what);
    }
}

TEST_F(InterruptedSwapTest, ASegmentThatWasSplit) {
    const auto half = [this](std::size_t number) {
        const auto middle = successor.begin() + static_cast<std::ptrdiff_t>(2 * batch(0).size());
        return number == 0 ? Buffer(successor.begin(), middle) : Buffer(middle, successor.end());
    };
    MemoryDisk disk("/d");
    write(disk);
    put(disk, file_of(0, ".log") + ".swap", half(0));
    put(disk, file_of(8, ".log") + ".swap", half(1));
    expect(disk, after, "both parts are there");

    MemoryDisk other("/d");
    write(other);
    put(other, file_of(8, ".log") + ".swap", half(1));
    put(other, file_of(0, ".log") + ".cleaned", half(0));
    expect(other, before, "the first part is not");
}

TEST_F(InterruptedSwapTest, EndsAfterFurtherKillsToo) {
    const auto leave = [this](MemoryDisk& disk) {
        put(disk, file_of(0, ".log") + ".swap", successor);
        disk.put(file_of(0, ".index") + ".swap", "");
    };
    // What put() does is in no journal, so the changes are made again on what it left.
    for (std::size_t changes = 0;; ++changes) {
        MemoryDisk disk("/d");
        write(disk);
        leave(disk);
        const std::size_t before_it = disk.journal().size();
        testing::OneShard shard;
        ASSERT_TRUE(shard.await(finish_swaps(disk, kFolder)));
        const std::size_t all = disk.journal().size() - before_it;
        EXPECT_GE(all, 9 + 2u);  // three segments of three files, two names
        MemoryDisk killed("/d");
        write(killed);
        leave(killed);
        for (std::size_t i = 0; i < changes; ++i)
            killed.repeat(disk.journal()[before_it + i]);
        expect(killed, after, "killed after " + std::to_string(changes) + " changes");
        if (changes == all) break;
    }
}

TEST_F(InterruptedSwapTest, ASuccessorThatIsNotWholeReplacesNothing) {
    MemoryDisk disk("/d");
    write(disk);
    put(disk, file_of(0, ".log") + ".swap", Buffer(successor.begin(), successor.end() - 5));
    const std::vector<std::string> files = disk.all_files();
    Stand stand(disk);
    stand.config = config;
    const auto opened = stand.open(true, kEnd);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().number, EBADMSG);
    EXPECT_NE(opened.error().to_string().find("00000000000000000000.log.swap at byte"),
              std::string::npos)
        << opened.error().to_string();
    EXPECT_EQ(disk.all_files(), files);
}

}  // namespace
}  // namespace cauce::storage
