#include "sim/checkers/start_checker.h"

#include <gtest/gtest.h>

namespace cauce::sim {
namespace {

struct Bench {
    explicit Bench(bool retention = false, bool durable = true)
        : checker(findings, "t-0", retention, durable) {
        checker.acknowledged(100, 5, Offset{0});
        checker.acknowledged(105, 5, Offset{5});
    }
    void read(std::int64_t from, std::int64_t to) {
        checker.begin_to_read(Offset{from});
        for (std::int64_t i = from; i < to; ++i)
            checker.seen(Offset{i}, 100 + i);
        checker.has_read_all();
    }
    std::size_t found() const { return findings.texts().size(); }

    Findings findings;
    StartChecker checker;
};

TEST(StartChecker, WhatWasAskedForIsFine) {
    Bench bench;
    bench.checker.start(Offset{0});
    bench.read(0, 10);
    bench.checker.removing(Offset{4});
    // Whether it has happened nobody knows yet.
    bench.checker.start(Offset{0});
    bench.checker.start(Offset{4});
    bench.checker.removed(Offset{4});
    bench.checker.start(Offset{4});
    bench.read(4, 10);
    bench.checker.acknowledged(110, 1, Offset{12});  // a retry stands between
    EXPECT_EQ(bench.checker.end(), Offset{13});
    EXPECT_EQ(bench.found(), 0u);
}

TEST(StartChecker, AStartThatGoesBackIsFound) {
    Bench bench;
    bench.checker.removing(Offset{4});
    bench.checker.removed(Offset{4});
    bench.checker.start(Offset{3});
    EXPECT_EQ(bench.found(), 1u);
    // Without durability it may.
    Bench page_cache(false, false);
    page_cache.checker.removing(Offset{4});
    page_cache.checker.removed(Offset{4});
    page_cache.checker.start(Offset{0});
    page_cache.read(0, 10);
    EXPECT_EQ(page_cache.found(), 0u);
}

TEST(StartChecker, AStartThatNobodyAskedForIsFound) {
    Bench bench;
    bench.checker.removing(Offset{4});
    bench.checker.start(Offset{5});
    EXPECT_EQ(bench.found(), 1u);
    Bench retention(true);
    retention.checker.start(Offset{10});
    EXPECT_EQ(retention.found(), 0u);
}

TEST(StartChecker, RecordsThatShouldNotBeThereOrShouldAreFound) {
    Bench removed;
    removed.checker.removing(Offset{4});
    removed.checker.removed(Offset{4});
    removed.read(3, 10);
    EXPECT_EQ(removed.found(), 1u);
    Bench short_log;
    short_log.read(0, 9);
    EXPECT_EQ(short_log.found(), 1u);
    Bench gap;
    gap.checker.begin_to_read(Offset{0});
    gap.checker.seen(Offset{1}, 101);
    EXPECT_EQ(gap.found(), 1u);
    Bench other;
    other.checker.begin_to_read(Offset{0});
    other.checker.seen(Offset{0}, 17);
    EXPECT_EQ(other.found(), 1u);
}

TEST(StartChecker, OffsetsThatAreGivenAgainAreFound) {
    Bench bench;
    bench.checker.acknowledged(110, 1, Offset{9});
    EXPECT_EQ(bench.found(), 1u);
}

}  // namespace
}  // namespace cauce::sim
