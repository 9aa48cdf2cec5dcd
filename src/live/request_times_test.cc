#include "live/request_times.h"

#include <gtest/gtest.h>

namespace cauce::live {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Spans, CountsAndAddsUp) {
    Spans spans;
    EXPECT_EQ(spans.count(), 0u);
    EXPECT_EQ(spans.quantile(0.5), 0);
    for (const auto span : {nanoseconds(-5), nanoseconds(0), nanoseconds(1023), nanoseconds(1024)})
        spans.add(span);
    spans.add(std::chrono::hours(1));
    EXPECT_EQ(spans.count(), 5u);
    EXPECT_EQ(spans.sum(), std::chrono::hours(1) + nanoseconds(2042));
    EXPECT_EQ(spans.shorter_than_octave(10), 3u);
    EXPECT_EQ(spans.shorter_than_octave(11), 4u);
    EXPECT_EQ(spans.shorter_than_octave(37), 4u);
}

// The bounds of octaves are exact: a span of 2^n ns is not shorter than 2^n ns.
TEST(Spans, OctavesAreExact) {
    for (int octave = 11; octave < 37; ++octave) {
        Spans spans;
        spans.add(nanoseconds(std::int64_t{1} << octave));
        spans.add(nanoseconds((std::int64_t{1} << octave) - 1));
        EXPECT_EQ(spans.shorter_than_octave(octave), 1u) << octave;
        EXPECT_EQ(spans.shorter_than_octave(octave + 1), 2u) << octave;
    }
}

TEST(Spans, QuantilesAreOffByAnEighthAtMost) {
    for (std::int64_t ns = 1500; ns < 100'000'000'000; ns = ns * 5 / 4) {
        Spans spans;
        spans.add(nanoseconds(ns));
        const double seconds = static_cast<double>(ns) * 1e-9;
        EXPECT_NEAR(spans.quantile(0.5), seconds, seconds / 8) << ns;
    }
    Spans spans;
    for (int i = 1; i <= 1000; ++i)
        spans.add(microseconds(i * 10));
    EXPECT_NEAR(spans.quantile(0.5), 0.005, 0.005 / 8);
    EXPECT_NEAR(spans.quantile(0.99), 0.0099, 0.0099 / 8);
}

TEST(Spans, TheDifferenceIsWhatCameSince) {
    Spans before;
    before.add(microseconds(10));
    Spans after = before;
    after.add(milliseconds(20));
    const Spans since = after.since(before);
    EXPECT_EQ(since.count(), 1u);
    EXPECT_EQ(since.sum(), milliseconds(20));
    EXPECT_NEAR(since.quantile(0.5), 0.02, 0.02 / 8);
}

}  // namespace
}  // namespace cauce::live
