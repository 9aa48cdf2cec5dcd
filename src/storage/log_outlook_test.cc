// What a log says of its retention is what its retention does.
#include "storage/test_log.h"

#include <gtest/gtest.h>

#include <optional>

namespace cauce::storage {
namespace {

using testing::LogTest;

struct LogOutlookTest : LogTest {
    // Segments of a few batches, a minute of retention, and stamps that follow the clock.
    void SetUp() override {
        stand->config.segment_bytes = 500;
        stand->config.retention_ms = 60'000;
        ASSERT_TRUE(stand->open());
    }
    void append_now(int batches, std::int64_t ahead_ms = 0) {
        for (int i = 0; i < batches; ++i)
            stand->append(
                {.value_bytes = 100, .timestamp = stand->shard.clock().wall().ms + ahead_ms});
        stand->shard.settle();
    }
    std::optional<RetentionOutlook> outlook() {
        const auto found = stand->shard.await(log().retention_outlook(log().end_offset()));
        EXPECT_TRUE(found);
        return *found;
    }
    std::size_t drop() {
        return *stand->shard.await(log().delete_old_segments(log().end_offset()));
    }
};

TEST_F(LogOutlookTest, AnEmptyLogHasNone) {
    EXPECT_FALSE(outlook());
    append_now(1);
    EXPECT_TRUE(outlook());
    ASSERT_TRUE(stand->shard.await(log().truncate_fully_and_start_at({7})));
    EXPECT_FALSE(outlook());
}

TEST_F(LogOutlookTest, WhatItAnnouncesHappensThenAndNotBefore) {
    append_now(20);
    ASSERT_GT(log().segment_count(), 3u);
    const std::int64_t stamped = stand->shard.clock().wall().ms;
    const auto first = outlook();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->segment_count, log().segment_count());
    EXPECT_EQ(first->first, Offset{0});
    EXPECT_FALSE(first->is_last);
    EXPECT_TRUE(first->has_times);
    EXPECT_EQ(first->oldest.largest_timestamp, stamped);
    EXPECT_EQ(first->forecast.due_ms, stamped + 60'001);
    EXPECT_EQ(first->forecast.verdict, Retention::keep);
    EXPECT_EQ(first->forecast.bytes_left, std::nullopt);
    stand->shard.advance(milliseconds(60'000));
    EXPECT_EQ(drop(), 0u);
    stand->shard.advance(milliseconds(1));
    EXPECT_EQ(outlook()->forecast.verdict, Retention::time);
    // All of them, the active one too, though nobody wrote since.
    EXPECT_GT(drop(), 3u);
    EXPECT_EQ(log().start_offset(), log().end_offset());
    EXPECT_FALSE(outlook());
}

TEST_F(LogOutlookTest, BySizeItSaysHowMuchIsMissing) {
    append_now(20);
    LogConfig config = stand->config;
    config.retention_ms = -1;
    const auto now = outlook();
    config.retention_bytes =
        static_cast<std::int64_t>(log().size_bytes() - now->oldest.size_bytes) + 150;
    log().reconfigure(std::make_shared<const LogConfig>(config));
    EXPECT_EQ(outlook()->forecast.bytes_left, 150u);
    EXPECT_EQ(outlook()->forecast.due_ms, std::nullopt);
    EXPECT_EQ(drop(), 0u);
    append_now(1);  // more than that
    EXPECT_EQ(outlook()->forecast.bytes_left, 0u);
    EXPECT_EQ(outlook()->forecast.verdict, Retention::size);
    EXPECT_EQ(drop(), 1u);
}

TEST_F(LogOutlookTest, ASegmentFromTheFutureStaysAndIsKnown) {
    append_now(1);
    append_now(1, 3'600'000);
    append_now(20);
    stand->shard.advance(seconds(61));
    EXPECT_EQ(drop(), 0u);
    const auto kept = outlook();
    ASSERT_TRUE(kept);
    EXPECT_GT(kept->oldest.largest_timestamp, stand->shard.clock().wall().ms);
    EXPECT_EQ(kept->forecast.due_ms, kept->oldest.largest_timestamp + 60'001);
    // Once its time has come, it goes as any other, with all behind it.
    stand->shard.advance(seconds(3'601));
    EXPECT_GT(drop(), 3u);
    EXPECT_EQ(log().start_offset(), log().end_offset());
}

TEST_F(LogOutlookTest, NothingAboveTheHighWatermark) {
    append_now(20);
    stand->shard.advance(seconds(61));
    const auto held = stand->shard.await(log().retention_outlook({1}));
    ASSERT_TRUE(held && *held);
    EXPECT_EQ((*held)->forecast.verdict, Retention::keep);
    EXPECT_LT(*(*held)->forecast.due_ms, stand->shard.clock().wall().ms);
}

}  // namespace
}  // namespace cauce::storage
