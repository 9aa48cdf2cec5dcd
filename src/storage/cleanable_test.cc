#include "storage/cleanable.h"

#include <gtest/gtest.h>

#include <optional>
#include <tuple>
#include <vector>

namespace cauce::storage {
namespace {

constexpr std::int64_t kNow = 1'000'000;

// Segments of ten offsets and a hundred bytes each; the last is the active one.
std::vector<CleanableSegment> segments(std::size_t count) {
    std::vector<CleanableSegment> row;
    for (std::size_t i = 0; i < count; ++i) {
        const auto number = static_cast<std::int64_t>(i);
        // Each a thousand milliseconds younger than the one before it.
        const std::int64_t time = kNow - static_cast<std::int64_t>(count - i) * 1'000;
        row.push_back({Offset{number * 10}, 100, time + 900, time});
    }
    return row;
}

TEST(CleanableTest, WhatIsDirtyAndHowMuchOfIt) {
    struct Case {
        const char* what;
        std::int64_t cleaned;  // -1: never
        std::int64_t start;
        std::int64_t stable;
        std::int64_t min_lag;
        std::int64_t from;
        std::int64_t upto;
        std::uint64_t clean_bytes;
        std::uint64_t dirty_bytes;
    };
    for (const Case& c : {
             Case{"never seen", -1, 0, 50, 0, 0, 40, 0, 400},
             Case{"seen in part", 20, 0, 50, 0, 20, 40, 200, 200},
             Case{"seen up to the middle of a segment", 25, 0, 50, 0, 25, 40, 300, 200},
             Case{"all seen", 40, 0, 50, 0, 40, 40, 400, 0},
             Case{"a mark before the start", 5, 20, 50, 0, 20, 40, 200, 200},
             Case{"a mark behind the end", 51, 0, 50, 0, 0, 40, 0, 400},
             Case{"a mark at the end", 50, 0, 50, 0, 50, 40, 500, 0},
             Case{"a transaction is open", -1, 0, 25, 0, 0, 20, 0, 200},
             Case{"... at a segment's beginning", -1, 0, 20, 0, 0, 20, 0, 200},
             Case{"... below what was seen", 20, 0, 15, 0, 20, 10, 200, 0},
             Case{"too young", -1, 0, 50, 2'000, 0, 30, 0, 300},
             Case{"all too young", -1, 0, 50, 10'000, 0, 0, 0, 0},
             Case{"as old as asked for", -1, 0, 50, 3'100, 0, 20, 0, 200},
         }) {
        SCOPED_TRACE(c.what);
        LogConfig config;
        config.min_compaction_lag_ms = c.min_lag;
        CleanableLog log;
        if (c.cleaned >= 0) log.cleaned_upto = Offset{c.cleaned};
        log.start = Offset{c.start};
        log.end = Offset{50};
        log.stable = Offset{c.stable};
        log.now = WallTime{kNow};
        const Dirt dirt = judge_dirt(segments(5), log, config);
        EXPECT_EQ(dirt.from, Offset{c.from});
        EXPECT_EQ(dirt.upto, Offset{c.upto});
        EXPECT_EQ(dirt.clean_bytes, c.clean_bytes);
        EXPECT_EQ(dirt.dirty_bytes, c.dirty_bytes);
        EXPECT_FALSE(dirt.overdue);
    }
}

TEST(CleanableTest, AnEmptyLogIsClean) {
    const Dirt dirt = judge_dirt({}, {}, {});
    EXPECT_EQ(dirt.ratio(), 0);
    EXPECT_FALSE(wants_cleaning(dirt, {}, {}, WallTime{kNow}));
}

TEST(CleanableTest, WhatWaitedTooLongIsOverdue) {
    // The oldest is 5,000 ms old, the active one is not asked.
    for (const auto& [most, cleaned, overdue] :
         {std::tuple{4'999, 0, true}, std::tuple{5'000, 0, false}, std::tuple{2'500, 20, true},
          std::tuple{3'000, 20, false}, std::tuple{1, 40, false}}) {
        LogConfig config;
        config.max_compaction_lag_ms = most;
        CleanableLog log;
        log.cleaned_upto = Offset{cleaned};
        log.end = log.stable = Offset{50};
        log.now = WallTime{kNow};
        EXPECT_EQ(judge_dirt(segments(5), log, config).overdue, overdue) << most << " " << cleaned;
    }
}

TEST(CleanableTest, WhatIsWorthARound) {
    struct Case {
        const char* what;
        std::uint64_t clean_bytes;
        std::uint64_t dirty_bytes;
        bool overdue;
        double ratio;
        std::optional<WallTime> next_deletion;
        std::int64_t last;  // round
        bool wants;
    };
    const WallTime due{kNow};
    const WallTime not_due{kNow + 1};
    for (const Case& c : {
             Case{"half is dirty", 50, 50, false, 0.5, {}, 0, false},
             Case{"more than half", 49, 51, false, 0.5, {}, 0, true},
             Case{"everything", 0, 1, false, 0.99, {}, 0, true},
             Case{"everything, and never wanted", 0, 1, false, 1.0, {}, 0, false},
             Case{"any", 99, 1, false, 0.0, {}, 0, true},
             Case{"nothing", 100, 0, false, 0.0, {}, 0, false},
             Case{"overdue", 99, 1, true, 0.5, {}, 0, true},
             Case{"overdue, and it may not be looked at", 99, 0, true, 0.5, {}, 0, false},
             Case{"a tombstone may go", 99, 1, false, 0.5, due, kNow - 500, true},
             Case{"a tombstone may go soon", 99, 1, false, 0.5, not_due, kNow - 500, false},
             Case{"there was a round since", 99, 1, false, 0.5, due, kNow - 499, false},
         }) {
        SCOPED_TRACE(c.what);
        LogConfig config;
        config.min_cleanable_dirty_ratio = c.ratio;
        config.delete_retention_ms = 500;
        Dirt dirt;
        dirt.clean_bytes = c.clean_bytes;
        dirt.dirty_bytes = c.dirty_bytes;
        dirt.overdue = c.overdue;
        const LastRound last{WallTime{c.last}, c.next_deletion};
        EXPECT_EQ(wants_cleaning(dirt, config, last, WallTime{kNow}), c.wants);
    }
}

TEST(CleanableTest, AsManySegmentsBecomeOneAsFit) {
    LogConfig config;
    config.segment_bytes = 250;
    std::vector<CleanableSegment> row = segments(5);
    EXPECT_EQ(row_of_segments(row, Offset{50}, config), 2u);
    config.segment_bytes = 500;
    EXPECT_EQ(row_of_segments(row, Offset{50}, config), 5u);
    // One that is too large already stays by itself.
    config.segment_bytes = 99;
    EXPECT_EQ(row_of_segments(row, Offset{50}, config), 1u);
    // Offsets are counted from the base in 31 bits.
    config.segment_bytes = 500;
    const std::int64_t far = std::int64_t{INT32_MAX} + 1;
    EXPECT_EQ(row_of_segments(row, Offset{far}, config), 5u);
    EXPECT_EQ(row_of_segments(row, Offset{far + 1}, config), 4u);
    // Indexes have a size of their own.
    config.index_interval_bytes = 1;
    config.segment_index_bytes = 12 * 300;
    EXPECT_EQ(row_of_segments(row, Offset{50}, config), 3u);
    for (CleanableSegment& segment : row)
        segment.bytes = 0;
    EXPECT_EQ(row_of_segments(row, Offset{50}, config), 5u);
}

}  // namespace
}  // namespace cauce::storage
