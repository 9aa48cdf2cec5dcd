// The real node on the simulated seams: a few seeds of the crash run. Many more run in the stage
// `sim` (tools/stages/sim).
#include "sim/crash_run.h"
#include "sim/plan.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::sim {
namespace {

std::string text_of(const CrashRunReport& report) {
    std::string text = report.drawn + "\n";
    for (const std::string& finding : report.findings)
        text += finding + "\n";
    return text;
}

TEST(Node, SurvivesKillsAndPowerLossesUnderLoad) {
    std::uint64_t acknowledged = 0, commits = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CrashRunOptions options;
        options.seed = seed;
        options.deaths = 5;
        const CrashRunReport report = crash_run(options);
        ASSERT_TRUE(report.findings.empty()) << "seed " << seed << ": " << text_of(report);
        EXPECT_EQ(report.faults.crashes(), options.deaths);
        acknowledged += report.acknowledged;
        commits += report.commits;
    }
    EXPECT_GT(acknowledged, 1000u);
    EXPECT_GT(commits, 10u);
}

// Whole seeds, as they are counted: more than a minute each, with faults of several kinds.
TEST(Node, SeedsThatCountShowEnough) {
    FaultCounts faults;
    int counted = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CrashRunOptions options;
        options.seed = seed;
        const CrashRunReport report = crash_run(options);
        ASSERT_TRUE(report.findings.empty()) << "seed " << seed << ": " << text_of(report);
        if (!report.counts()) continue;
        ++counted;
        EXPECT_GE(report.simulated_seconds, 60.0) << seed;
        EXPECT_GE(report.acknowledged, 200u) << seed;
        EXPECT_GE(report.faults.crashes(), 1u) << seed;
        EXPECT_GE(report.faults.kinds(), 2u) << seed;
        faults.add(report.faults);
    }
    EXPECT_GE(counted, 8);
    EXPECT_GE(faults.kinds(), 6u) << faults.to_string();
}

// A few seeds in which reads fail and the broker dies, and nothing else happens.
TEST(Node, ReadsThatFailHarmNobodyElse) {
    std::uint64_t met = 0;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        CrashRunOptions options;
        options.seed = seed;
        options.reductions.producers_max = 1;
        for (std::size_t i = 0; i < kFaults; ++i) {
            const auto fault = static_cast<Fault>(i);
            if (fault != Fault::kill && fault != Fault::failed_read)
                options.reductions.without.insert(fault);
        }
        const CrashRunReport report = crash_run(options);
        ASSERT_TRUE(report.findings.empty()) << "seed " << seed << ": " << text_of(report);
        met += report.faults.of(Fault::failed_read);
    }
    EXPECT_GE(met, 6u);
}

// What is left out of a seed is left out, and the rest is as the seed draws it.
TEST(Node, AReducedSeedHasLess) {
    CrashRunOptions options;
    options.seed = 3;
    options.reductions.faults_max = 2;
    options.reductions.producers_max = 1;
    options.reductions.members_max = 0;
    options.reductions.churn = false;
    for (std::size_t i = 0; i < kFaults; ++i)
        if (static_cast<Fault>(i) != Fault::kill)
            options.reductions.without.insert(static_cast<Fault>(i));
    const CrashRunReport report = crash_run(options);
    ASSERT_TRUE(report.findings.empty()) << text_of(report);
    EXPECT_EQ(report.faults.to_string(), "kill 2");
    EXPECT_EQ(report.commits, 0u);
    const Plan whole = draw_plan(3, 0, Reductions());
    const Plan less = draw_plan(3, 0, options.reductions);
    EXPECT_EQ(less.properties, whole.properties);
    EXPECT_EQ(less.shards, whole.shards);
    EXPECT_EQ(less.safety, whole.safety);
    EXPECT_EQ(less.producers.size(), 1u);
    EXPECT_EQ(less.members, 0u);
}

TEST(Node, OneSeedIsOneRun) {
    for (std::uint64_t seed = 101; seed <= 103; ++seed) {
        CrashRunOptions options;
        options.seed = seed;
        options.deaths = 3;
        const CrashRunReport first = crash_run(options);
        const CrashRunReport second = crash_run(options);
        EXPECT_EQ(first.trace_hash, second.trace_hash) << seed;
        EXPECT_EQ(first.turns, second.turns);
    }
}

// What the checkers are worth: a disk that only says it has synced must be found out.
bool is_found(CrashRunOptions options, std::uint64_t seeds) {
    for (options.seed = 1; options.seed <= seeds; ++options.seed)
        if (!crash_run(options).findings.empty()) return true;
    return false;
}

TEST(Node, ADiskThatDoesNotSyncIsFoundOut) {
    CrashRunOptions options;
    options.deaths = 10;
    options.syncs_do_nothing = true;
    EXPECT_TRUE(is_found(options, 20));
}

TEST(Node, ADiskThatForgetsNamesIsFoundOut) {
    CrashRunOptions options;
    options.deaths = 10;
    options.folder_syncs_do_nothing = true;
    EXPECT_TRUE(is_found(options, 20));
}

}  // namespace
}  // namespace cauce::sim
