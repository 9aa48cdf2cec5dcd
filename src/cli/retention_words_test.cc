#include "cli/retention_words.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

using Verdict = client::RetentionOutlook::Verdict;

constexpr std::int64_t kDay = 86'400'000;
constexpr WallTime kNow{1'763'719'200'000};  // 2025-11-21T10:00:00Z

struct Case {
    const char* name;
    client::RetentionOutlook outlook;
    RetentionRules rules;
    const char* when;
    const char* why;
};

client::RetentionOutlook segment(std::int64_t newest_ms, std::int64_t due_ms,
                                 std::int64_t bytes_left, Verdict verdict = Verdict::keep) {
    client::RetentionOutlook outlook;
    outlook.segment_count = 3;
    outlook.next_offset = 100;
    outlook.size_bytes = 1 << 20;
    outlook.max_timestamp = newest_ms;
    outlook.verdict = verdict;
    outlook.due_ms = due_ms;
    outlook.bytes_left = bytes_left;
    return outlook;
}

client::RetentionOutlook last(client::RetentionOutlook outlook) {
    outlook.segment_count = 1;
    outlook.is_last = true;
    return outlook;
}

TEST(RetentionWords, SayWhenAndWhy) {
    const std::int64_t day_ago = kNow.ms - kDay;
    const RetentionRules week{true, 7 * kDay, -1};
    const RetentionRules gibibyte{true, -1, 1 << 30};
    const RetentionRules both{true, 7 * kDay, 1 << 30};
    const Case cases[] = {
        {"by age", segment(day_ago, day_ago + 7 * kDay + 1, -1), week, "2025-11-27T10:00:00Z",
         "retention.ms (7 d) after its newest record, of 2025-11-20T10:00:00Z"},
        {"still written", last(segment(day_ago, day_ago + 7 * kDay + 1, -1)), week,
         "2025-11-27T10:00:00Z",
         "retention.ms (7 d) after its newest record, of 2025-11-20T10:00:00Z; later when more is "
         "written"},
        {"whichever comes first", segment(day_ago, day_ago + 7 * kDay + 1, 12 << 20), both,
         "2025-11-27T10:00:00Z",
         "retention.ms (7 d) after its newest record, of 2025-11-20T10:00:00Z; or after 12 MiB "
         "more"},
        {"by size", segment(day_ago, -1, 1536), gibibyte, "after 1.5 KiB more",
         "retention.bytes (1 GiB)"},
        {"the only one", last(segment(day_ago, -1, -1)), gibibyte, "never",
         "retention.bytes (1 GiB) begins to count once there is another segment"},
        {"from the future", segment(kNow.ms + 365 * kDay, kNow.ms + 372 * kDay + 1, -1), week,
         "2026-11-28T10:00:00Z",
         "retention.ms (7 d) after its newest record, of 2026-11-21T10:00:00Z, which lies in the "
         "future: the clock of its producer, or ours, was wrong"},
        {"from the far future", segment(INT64_MAX, INT64_MAX, -1), week, "9223372036854775807",
         "retention.ms (7 d) after its newest record, of 9223372036854775807, which lies in the "
         "future: the clock of its producer, or ours, was wrong"},
        {"without times", segment(-1, kNow.ms + kDay, -1), week, "2025-11-22T10:00:00Z",
         "retention.ms (7 d) after its file, which holds no times"},
        {"too old", segment(day_ago - 7 * kDay, day_ago + 1, -1, Verdict::time), week,
         "at the next check",
         "retention.ms (7 d) have passed since its newest record, of 2025-11-13T10:00:00Z"},
        {"too much", segment(day_ago, -1, 0, Verdict::size), gibibyte, "at the next check",
         "without it there is still as much as retention.bytes (1 GiB)"},
        {"deleted", segment(day_ago, -1, -1, Verdict::start_offset), week, "at the next check",
         "its records were deleted: the log starts behind it"},
        {"not committed, too old", segment(day_ago - 7 * kDay, day_ago + 1, -1), week,
         "once it is committed", "consumers cannot read to its end yet"},
        {"not committed, too much", segment(day_ago, -1, 0), gibibyte, "once it is committed",
         "consumers cannot read to its end yet"},
        {"compacted",
         segment(day_ago, -1, -1),
         {false, 7 * kDay, -1},
         "never",
         "cleanup.policy does not hold `delete`"},
        {"for ever",
         segment(day_ago, -1, -1),
         {true, -1, -1},
         "never",
         "retention.ms and retention.bytes are -1"},
    };
    for (const Case& each : cases) {
        const RetentionWords words = explain_retention(each.outlook, each.rules, kNow);
        EXPECT_EQ(words.when, each.when) << each.name;
        EXPECT_EQ(words.why, each.why) << each.name;
    }
}

}  // namespace
}  // namespace cauce::cli
