#include "storage/retention.h"

#include <gtest/gtest.h>

namespace cauce::storage {
namespace {

struct RetentionTest : ::testing::Test {
    OldestSegment oldest{{100}, 1000, 50'000};
    LogConfig config;
    WallTime now{60'000};
    Offset start{0};
    Offset keep_from{500};
    std::uint64_t bytes = 10'000;

    Retention judge() { return judge_oldest(oldest, config, now, start, keep_from, bytes); }
};

TEST_F(RetentionTest, ByTimeOnceTheNewestRecordIsTooOld) {
    config.retention_ms = 10'000;
    EXPECT_EQ(judge(), Retention::keep);
    now.ms = 60'001;
    EXPECT_EQ(judge(), Retention::time);
    config.retention_ms = -1;
    EXPECT_EQ(judge(), Retention::keep);
    config.retention_ms = 10'000;
    oldest.largest_timestamp = 90'000;  // from the future: stays until then
    EXPECT_EQ(judge(), Retention::keep);
}

TEST_F(RetentionTest, BySizeAsLongAsEnoughIsLeft) {
    config.retention_bytes = 9'001;
    EXPECT_EQ(judge(), Retention::keep);
    config.retention_bytes = 9'000;
    EXPECT_EQ(judge(), Retention::size);
    config.retention_bytes = 0;
    EXPECT_EQ(judge(), Retention::size);
    config.retention_bytes = -1;
    EXPECT_EQ(judge(), Retention::keep);
}

TEST_F(RetentionTest, ByStartOffsetAlsoWhenOnlyCompacted) {
    config.delete_old = false;
    config.compact = true;
    config.retention_ms = 0;
    config.retention_bytes = 0;
    EXPECT_EQ(judge(), Retention::keep);
    start.value = 99;
    EXPECT_EQ(judge(), Retention::keep);
    start.value = 100;
    EXPECT_EQ(judge(), Retention::start_offset);
}

TEST_F(RetentionTest, NothingAtOrAboveTheHighWatermark) {
    config.retention_bytes = 0;
    config.retention_ms = 0;
    start.value = 100;
    keep_from.value = 99;
    EXPECT_EQ(judge(), Retention::keep);
    keep_from.value = 100;
    EXPECT_EQ(judge(), Retention::start_offset);
}

}  // namespace
}  // namespace cauce::storage
