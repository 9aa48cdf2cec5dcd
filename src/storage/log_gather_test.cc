// Small batches that are written together: Log::append_gathering.
#include "storage/test_log.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

namespace cauce::storage {
namespace {

using testing::file_of;
using testing::make_batch;
using testing::Stand;

struct LogGatherTest : testing::LogTest {};

// Batches appended with append_gathering; they stay where they are, as a caller sees to.
struct Gathered {
    explicit Gathered(Stand& stand) : stand(stand) {}

    Stand& stand;
    std::vector<std::unique_ptr<Buffer>> kept;
    Buffer all;

    IoResult<AppendInfo> append(std::size_t value_bytes = 10) {
        kept.push_back(std::make_unique<Buffer>(make_batch(
            {.base_offset = stand.log->end_offset().value, .value_bytes = value_bytes})));
        all.insert(all.end(), kept.back()->begin(), kept.back()->end());
        return stand.log->append_gathering(*kept.back());
    }
};

TEST_F(LogGatherTest, SmallBatchesAreWrittenTogether) {
    stand->config.durability = Durability::page_cache;
    ASSERT_TRUE(stand->open());
    Gathered gathered(*stand);
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(gathered.append());
    const auto writes = disk.writes;
    EXPECT_EQ(log().end_offset(), Offset{5});
    EXPECT_EQ(log().size_bytes(), gathered.all.size());
    EXPECT_TRUE(disk.contents(file_of(0, ".log")).empty());
    ASSERT_TRUE(log().write_gathered());
    EXPECT_EQ(disk.writes, writes + 1);
    EXPECT_EQ(disk.contents(file_of(0, ".log")), gathered.all);
    ASSERT_TRUE(log().write_gathered());
    EXPECT_EQ(disk.writes, writes + 1);
    EXPECT_EQ(stand->read_bytes(0), gathered.all);
    // A large one does not wait, and takes those before it along.
    ASSERT_TRUE(gathered.append());
    ASSERT_TRUE(gathered.append(100'000));
    EXPECT_EQ(disk.contents(file_of(0, ".log")), gathered.all);
    // Neither do many.
    for (int i = 0; i < 64; ++i)
        ASSERT_TRUE(gathered.append());
    EXPECT_EQ(disk.contents(file_of(0, ".log")), gathered.all);
}

TEST_F(LogGatherTest, WhoeverNeedsTheFileFindsWhatGathered) {
    using Step = std::function<void()>;
    const Step steps[] = {
        [&] { stand->read_bytes(2); },
        [&] { ASSERT_TRUE(log().try_read({{2}, {3}, 100, true})->has_value()); },
        [&] { ASSERT_TRUE(stand->shard.await(log().wait_flushed({3}))); },
        [&] { ASSERT_TRUE(log().roll()); },
        [&] { stand->append({}); },
        [&] { ASSERT_TRUE(stand->shard.await(log().truncate_to({2}))); },
        [&] { ASSERT_TRUE(stand->shard.await(log().prepare_checkpoint())); },
        [&] { ASSERT_TRUE(stand->shard.await(log().close())); },
    };
    for (const Step& step : steps) {
        SCOPED_TRACE(&step - steps);
        testing::MemoryDisk other("/d");
        stand = std::make_unique<Stand>(other);
        ASSERT_TRUE(stand->open());
        Gathered gathered(*stand);
        stand->append({});
        stand->append({});
        ASSERT_TRUE(gathered.append());
        const std::size_t two = other.contents(file_of(0, ".log")).size();
        ASSERT_EQ(log().size_bytes(), two + gathered.all.size());
        step();
        const std::size_t found = other.contents(file_of(0, ".log")).size();
        if (log().end_offset() == Offset{2})
            EXPECT_EQ(found, two);
        else
            EXPECT_GE(found, two + gathered.all.size());
        ASSERT_TRUE(log().write_gathered());
        EXPECT_EQ(other.contents(file_of(0, ".log")).size(), found);
        stand = nullptr;  // before its disk
    }
}

TEST_F(LogGatherTest, KilledBeforeItWasWrittenItWasNeverThere) {
    stand->config.index_interval_bytes = 1;
    ASSERT_TRUE(stand->open());
    Gathered gathered(*stand);
    for (int i = 0; i < 300; ++i) {
        ASSERT_TRUE(gathered.append());
        if (i % 3 == 0) ASSERT_TRUE(log().write_gathered());
        auto left = disk.after_kill(disk.journal().size());
        Stand again(*left);
        again.config = stand->config;
        ASSERT_TRUE(again.open());
        EXPECT_EQ(again.log->recovery().cut_bytes, 0u);
        // Index entries take what they name along, every now and then.
        EXPECT_GE(again.log->end_offset(), Offset{i - i % 3 + 1});
        EXPECT_LE(again.log->end_offset(), Offset{i + 1});
    }
}

TEST_F(LogGatherTest, WhatCannotBeWrittenAfterAllEndsTheDirectory) {
    for (const int error : {EIO, ENOSPC}) {
        testing::MemoryDisk other("/d");
        stand = std::make_unique<Stand>(other);
        stand->config.durability = Durability::page_cache;
        ASSERT_TRUE(stand->open());
        stand->append({});
        Gathered gathered(*stand);
        ASSERT_TRUE(gathered.append());
        other.change_error = error;
        EXPECT_EQ(log().write_gathered().error().number, error);
        EXPECT_EQ(stand->offline_calls, 1);
        other.change_error = 0;
        EXPECT_EQ(log().write_gathered().error().number, EIO);
        EXPECT_EQ(gathered.append().error().number, EIO);
        // Reading goes on, up to there.
        EXPECT_EQ(stand->read_bytes(0, 1), make_batch({}));
        const auto beyond = stand->shard.await(log().read({{1}, {2}, 1000, true}));
        EXPECT_TRUE(!beyond || beyond->size == 0);
        stand = nullptr;  // before its disk
    }
}

TEST_F(LogGatherTest, WithoutSecuredSpaceNothingGathers) {
    disk.can_reserve = false;
    ASSERT_TRUE(stand->open());
    Gathered gathered(*stand);
    ASSERT_TRUE(gathered.append());
    EXPECT_EQ(disk.contents(file_of(0, ".log")), gathered.all);
    disk.capacity_bytes = 1;
    EXPECT_EQ(gathered.append().error().number, ENOSPC);
    EXPECT_EQ(log().end_offset(), Offset{1});
    EXPECT_EQ(stand->offline_calls, 0);
}

}  // namespace
}  // namespace cauce::storage
