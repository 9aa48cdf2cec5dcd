#include "cli/time_text.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

TEST(TimeText, IsOfTheCalendarWhereThereIsOne) {
    EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(time_text(1'763'719'200'999), "2025-11-21T10:00:00Z");
    EXPECT_EQ(time_text(253'402'300'799'999), "9999-12-31T23:59:59Z");
    EXPECT_EQ(time_text(253'402'300'800'000), "253402300800000");
    EXPECT_EQ(time_text(INT64_MAX), "9223372036854775807");
    EXPECT_EQ(time_text(-1), "-1");
}

TEST(SpanText, IsInTheLargestUnitThatFits) {
    EXPECT_EQ(span_text(604'800'000), "7 d");
    EXPECT_EQ(span_text(129'600'000), "36 h");
    EXPECT_EQ(span_text(90'000), "90 s");
    EXPECT_EQ(span_text(250), "250 ms");
    EXPECT_EQ(span_text(1500), "1500 ms");
    EXPECT_EQ(span_text(12'345), "12 s");
    EXPECT_EQ(span_text(0), "0 ms");
    EXPECT_EQ(span_text(-1), "-1 ms");
}

}  // namespace
}  // namespace cauce::cli
