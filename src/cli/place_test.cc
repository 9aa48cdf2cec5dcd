#include "cli/place.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

using enum Place::Kind;

TEST(Place, EveryForm) {
    EXPECT_EQ(parse_place("start"), (Place{start, 0}));
    EXPECT_EQ(parse_place("end"), (Place{end, 0}));
    EXPECT_EQ(parse_place("0"), (Place{offset, 0}));
    EXPECT_EQ(parse_place("9223372036854775807"),
              (Place{offset, std::numeric_limits<std::int64_t>::max()}));
    EXPECT_EQ(parse_place("-10"), (Place{before_end, 10}));
    EXPECT_EQ(parse_place("+3"), (Place{after_start, 3}));
    EXPECT_EQ(parse_place("-1h"), (Place{ago, 3'600'000}));
    EXPECT_EQ(parse_place("@-90s"), (Place{ago, 90'000}));
    EXPECT_EQ(parse_place("@1763719200000"), (Place{time, 1'763'719'200'000}));
    EXPECT_EQ(parse_place("@1763719200"), (Place{time, 1'763'719'200'000}));
}

TEST(Place, RefusesWhatItIsNot) {
    for (const char* text : {"", "ten", "1x", "-", "+", "@", "--1", "-1y", "+1h", "@2026-13-01",
                             "9223372036854775808", "-9223372036854775807h", " 1"})
        EXPECT_FALSE(parse_place(text)) << text;
}

TEST(Time, CalendarForms) {
    const std::int64_t midnight = 1'795'219'200'000;  // 2026-11-21T00:00:00Z
    EXPECT_EQ(parse_time("2026-11-21"), WallTime{midnight});
    EXPECT_EQ(parse_time("2026-11-21T10:00"), WallTime{midnight + 36'000'000});
    EXPECT_EQ(parse_time("2026-11-21 10:00:30Z"), WallTime{midnight + 36'030'000});
    EXPECT_EQ(parse_time("2026-11-21T10:00:00.25+01:00"), WallTime{midnight + 32'400'250});
    EXPECT_EQ(parse_time("2026-11-21T00:00:00-0530"), WallTime{midnight + 19'800'000});
    EXPECT_EQ(parse_time("1970-01-01"), WallTime{0});
}

TEST(Time, RefusesWhatNoCalendarHas) {
    for (const char* text :
         {"2026-02-30", "2026-11-21T24:00", "2026-11-21T10", "2026-11-21T10:00:00.",
          "2026-11-21T10:00+25:00", "2026-11-21x", "21/11/2026"})
        EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Time, FormatsWhatItParses) {
    for (const std::int64_t ms : {0ll, 1'795'219'200'000ll, 951'782'399'999ll, -1ll}) {
        const std::string text = format_time(WallTime{ms});
        EXPECT_EQ(parse_time(text), WallTime{ms}) << text;
    }
    EXPECT_EQ(format_time(WallTime{951'782'399'007}), "2000-02-28T23:59:59.007Z");
}

}  // namespace
}  // namespace cauce::cli
