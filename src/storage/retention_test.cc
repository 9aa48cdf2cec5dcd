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

TEST_F(RetentionTest, TheForecastSaysWhatIsWaitedFor) {
    const auto forecast = [this](bool is_last = false) {
        return forecast_oldest(oldest, is_last, config, now, start, keep_from, bytes);
    };
    config.retention_ms = 10'000;
    EXPECT_EQ(forecast().verdict, Retention::keep);
    EXPECT_EQ(forecast().due_ms, 60'001);
    EXPECT_EQ(forecast().bytes_left, std::nullopt);
    now.ms = 60'001;  // just that
    EXPECT_EQ(forecast().verdict, Retention::time);

    config.retention_ms = -1;
    config.retention_bytes = 9'500;
    EXPECT_EQ(forecast().due_ms, std::nullopt);
    EXPECT_EQ(forecast().bytes_left, 500u);
    bytes += 499;
    EXPECT_EQ(forecast().verdict, Retention::keep);
    bytes += 1;
    EXPECT_EQ(forecast().verdict, Retention::size);
    EXPECT_EQ(forecast().bytes_left, 0u);
    // The last segment grows with the log.
    EXPECT_EQ(forecast(true).bytes_left, std::nullopt);

    config.delete_old = false;
    config.retention_ms = 10'000;
    EXPECT_EQ(forecast().due_ms, std::nullopt);
    EXPECT_EQ(forecast().bytes_left, std::nullopt);
    EXPECT_EQ(forecast().verdict, Retention::keep);
}

TEST_F(RetentionTest, ATimeThatNeverComesIsNoOverflow) {
    config.retention_ms = 10'000;
    for (const std::int64_t newest : {INT64_MAX, INT64_MAX - 10'000, INT64_MAX - 10'001}) {
        oldest.largest_timestamp = newest;
        EXPECT_EQ(judge(), Retention::keep);
        const auto forecast = forecast_oldest(oldest, false, config, now, start, keep_from, bytes);
        EXPECT_EQ(forecast.due_ms, INT64_MAX) << newest;
    }
    oldest.largest_timestamp = 50'000;
    config.retention_ms = INT64_MAX;
    EXPECT_EQ(judge(), Retention::keep);
    EXPECT_EQ(forecast_oldest(oldest, false, config, now, start, keep_from, bytes).due_ms,
              INT64_MAX);
}

TEST_F(RetentionTest, WhoIsKeptByAFutureTime) {
    config.retention_ms = 10'000;
    EXPECT_FALSE(is_kept_by_future(oldest, config, now));
    oldest.largest_timestamp = 60'000;
    EXPECT_FALSE(is_kept_by_future(oldest, config, now));
    oldest.largest_timestamp = 60'001;
    EXPECT_TRUE(is_kept_by_future(oldest, config, now));
    config.retention_ms = -1;  // nobody asks for the time
    EXPECT_FALSE(is_kept_by_future(oldest, config, now));
    config.retention_ms = 10'000;
    config.delete_old = false;
    EXPECT_FALSE(is_kept_by_future(oldest, config, now));
}

}  // namespace
}  // namespace cauce::storage
