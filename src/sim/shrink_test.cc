#include "sim/shrink.h"

#include <gtest/gtest.h>

namespace cauce::sim {
namespace {

FaultCounts one_of_each() {
    FaultCounts faults;
    for (std::size_t i = 0; i < kFaults; ++i)
        faults.add(static_cast<Fault>(i));
    return faults;
}

// A seed whose plan has something to take away.
std::uint64_t large_seed() {
    for (std::uint64_t seed = 1;; ++seed) {
        const Plan plan = draw_plan(seed, 0, Reductions());
        if (plan.faults >= 6 && plan.members >= 2 && plan.producers.size() >= 3 && plan.churn)
            return seed;
    }
}

TEST(Shrink, WhatTheFailureNeedsStays) {
    CrashRunOptions failed;
    failed.seed = large_seed();
    int asked = 0;
    const auto fails = [&](const CrashRunOptions& options) {
        ++asked;
        const Plan plan = draw_plan(options.seed, options.deaths, options.reductions);
        return plan.faults >= 3 && plan.members >= 1 &&
               !options.reductions.without.contains(Fault::cut);
    };
    const CrashRunOptions least = shrink(failed, one_of_each(), fails);
    EXPECT_TRUE(fails(least));
    EXPECT_EQ(least.reductions.faults_max, 3u);
    EXPECT_EQ(least.reductions.members_max, 1u);
    EXPECT_EQ(least.reductions.readers_max, 0u);
    EXPECT_EQ(least.reductions.producers_max, 1u);
    EXPECT_FALSE(least.reductions.churn);
    EXPECT_EQ(least.reductions.without.size(), kFaults - 1);
    EXPECT_LE(asked, 41);
}

TEST(Shrink, WhereNothingCanGoNothingGoes) {
    CrashRunOptions failed;
    failed.seed = large_seed();
    int asked = 0;
    const auto fails = [&](const CrashRunOptions&) {
        ++asked;
        return false;
    };
    const CrashRunOptions least = shrink(failed, one_of_each(), fails);
    EXPECT_EQ(least.reductions, Reductions());
    EXPECT_GT(asked, 10);
    EXPECT_LE(asked, 40);
}

TEST(Shrink, ItEndsWhenItHasTriedEnough) {
    CrashRunOptions failed;
    failed.seed = large_seed();
    int asked = 0;
    const auto fails = [&](const CrashRunOptions&) { return ++asked > 0; };
    shrink(failed, one_of_each(), fails, 3);
    EXPECT_EQ(asked, 3);
}

TEST(Reductions, SayHowToRunThem) {
    Reductions reductions;
    EXPECT_EQ(reductions.to_arguments(), "");
    reductions.faults_max = 2;
    reductions.without = {Fault::kill, Fault::cut};
    reductions.producers_max = 1;
    reductions.readers_max = 0;
    reductions.members_max = 0;
    reductions.churn = false;
    EXPECT_EQ(reductions.to_arguments(),
              " --faults 2 --without kill --without cut --producers 1 --readers 0 --members 0 "
              "--no-churn");
}

}  // namespace
}  // namespace cauce::sim
