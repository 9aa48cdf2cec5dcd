#include "sim/checkers/setting_checker.h"

#include <gtest/gtest.h>

namespace cauce::sim {
namespace {

TEST(SettingChecker, TheLastAnsweredChangeCounts) {
    Findings findings;
    SettingChecker checker(findings);
    checker.has("t", "segment.ms", "7");
    checker.told("t", "segment.ms", "7");
    checker.altering("t", "segment.ms", "8");
    checker.told("t", "segment.ms", "7");
    checker.told("t", "segment.ms", "8");
    checker.altered("t", "segment.ms", "8");
    checker.told("t", "segment.ms", "8");
    checker.told("u", "segment.ms", "9");  // nothing is known of it
    EXPECT_TRUE(findings.empty());
    EXPECT_FALSE(checker.may_have("t", "segment.ms", "7"));
    checker.told("t", "segment.ms", "7");
    ASSERT_EQ(findings.texts().size(), 1u);
    EXPECT_EQ(findings.texts().front(), "topic t is told to have segment.ms=7, and was given 8");
}

TEST(SettingChecker, AChangeWithoutAnAnswerMayComeLate) {
    Findings findings;
    SettingChecker checker(findings);
    checker.has("t", "k", "1");
    checker.altering("t", "k", "2");
    checker.altering("t", "k", "3");
    checker.altered("t", "k", "3");
    checker.told("t", "k", "3");
    checker.told("t", "k", "2");
    EXPECT_TRUE(findings.empty());
    checker.told("t", "k", "1");
    EXPECT_EQ(findings.texts().size(), 1u);
}

}  // namespace
}  // namespace cauce::sim
