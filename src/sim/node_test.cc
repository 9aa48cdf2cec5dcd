// The real node on the simulated seams: a few seeds of the crash run. Many more run in the stage
// `sim` (tools/stages/sim).
#include "sim/crash_run.h"

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
        EXPECT_EQ(report.kills + report.power_losses, options.deaths);
        acknowledged += report.acknowledged;
        commits += report.commits;
    }
    EXPECT_GT(acknowledged, 1000u);
    EXPECT_GT(commits, 10u);
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
