#include "http/exposition.h"

#include <gtest/gtest.h>

#include <array>

namespace cauce::http {
namespace {

using enum live::MetricType;

TEST(Exposition, WritesFamiliesAndSamples) {
    Exposition out;
    out.family("up", gauge, "Whether it is up.");
    out.sample(1);
    out.family("seen_total", counter, "What was seen.");
    out.sample({{"topic", "a"}, {"partition", "0"}}, std::uint64_t{18446744073709551615ull});
    out.sample({{"topic", "b"}}, -1.5);
    EXPECT_EQ(out.take(),
              "# HELP up Whether it is up.\n"
              "# TYPE up gauge\n"
              "up 1\n"
              "# HELP seen_total What was seen.\n"
              "# TYPE seen_total counter\n"
              "seen_total{topic=\"a\",partition=\"0\"} 18446744073709551615\n"
              "seen_total{topic=\"b\"} -1.5\n");
    EXPECT_EQ(out.size(), 0u);
}

TEST(Exposition, GoesOnAfterAPieceWasTaken) {
    Exposition out;
    out.family("a", gauge, "A.");
    out.take();
    out.sample({{"x", "1"}}, 2);
    EXPECT_EQ(out.take(), "a{x=\"1\"} 2\n");
}

TEST(Exposition, EscapesWhatOthersWrote) {
    Exposition out;
    out.family("a", gauge, "A \\ and\na second line, \"quoted\".");
    out.sample({{"group", "a\"b\\c\nd"}}, 0);
    EXPECT_EQ(out.take(),
              "# HELP a A \\\\ and\\na second line, \"quoted\".\n"
              "# TYPE a gauge\n"
              "a{group=\"a\\\"b\\\\c\\nd\"} 0\n");
}

TEST(Exposition, NumbersThatAreNone) {
    Exposition out;
    out.family("a", summary, "A.");
    out.take();
    const std::array<Label, 1> labels{Label{"le", "+Inf"}};
    out.sample("_bucket", labels, std::numeric_limits<double>::infinity());
    out.sample("_sum", {}, std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(out.take(), "a_bucket{le=\"+Inf\"} +Inf\na_sum NaN\n");
}

}  // namespace
}  // namespace cauce::http
