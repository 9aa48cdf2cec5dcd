#include "sim/checkers/epoch_checker.h"

#include <gtest/gtest.h>

namespace cauce::sim {
namespace {

const TopicPartition kPartition{"t", 0};

EpochChecker::Question ask(int epoch, std::int64_t last, bool over) {
    return {kPartition, LeaderEpoch{epoch}, Offset{last}, over};
}

class EpochCheckerTest : public testing::Test {
protected:
    EpochCheckerTest() {
        checker_.seen(kPartition, LeaderEpoch{1}, Offset{0}, Offset{4});
        checker_.seen(kPartition, LeaderEpoch{1}, Offset{5}, Offset{9});
        checker_.seen(kPartition, LeaderEpoch{3}, Offset{10}, Offset{12});
    }

    Findings findings_;
    EpochChecker checker_{findings_};
};

TEST_F(EpochCheckerTest, AnswersThatFitAreFine) {
    checker_.answered(ask(1, 9, true), LeaderEpoch{1}, Offset{10});
    checker_.answered(ask(1, 4, true), LeaderEpoch{1}, Offset{10});
    checker_.answered(ask(3, 12, false), LeaderEpoch{3}, Offset{13});
    checker_.answered(ask(3, 12, false), LeaderEpoch{3}, Offset{20});
    EXPECT_TRUE(findings_.empty()) << findings_.texts().front();
}

TEST_F(EpochCheckerTest, EveryWrongAnswerIsFound) {
    const struct {
        EpochChecker::Question question;
        int epoch;
        std::int64_t end;
    } kWrong[] = {
        {ask(1, 9, true), 3, 10},   // forgotten
        {ask(1, 9, true), -1, -1},  // never heard of
        {ask(1, 9, true), 1, 9},    // in front of its last record
        {ask(1, 9, true), 1, 11},   // behind the next epoch's first
    };
    for (const auto& wrong : kWrong) {
        Findings findings;
        EpochChecker checker(findings);
        checker.seen(kPartition, LeaderEpoch{1}, Offset{0}, Offset{9});
        checker.seen(kPartition, LeaderEpoch{3}, Offset{10}, Offset{12});
        checker.answered(wrong.question, LeaderEpoch{wrong.epoch}, Offset{wrong.end});
        EXPECT_EQ(findings.texts().size(), 1u) << wrong.epoch << ' ' << wrong.end;
    }
}

TEST(EpochChecker, AnEndThatMovesIsFound) {
    Findings findings;
    EpochChecker checker(findings);
    checker.seen(kPartition, LeaderEpoch{1}, Offset{0}, Offset{4});
    checker.seen(kPartition, LeaderEpoch{3}, Offset{10}, Offset{12});
    checker.answered(ask(1, 4, true), LeaderEpoch{1}, Offset{8});
    EXPECT_TRUE(findings.empty());
    checker.answered(ask(1, 4, true), LeaderEpoch{1}, Offset{9});
    EXPECT_EQ(findings.texts().size(), 1u);
}

TEST(EpochChecker, EpochsThatGoBackAreFound) {
    Findings findings;
    EpochChecker checker(findings);
    checker.seen(kPartition, LeaderEpoch{2}, Offset{5}, Offset{9});
    checker.seen(kPartition, LeaderEpoch{1}, Offset{0}, Offset{4});
    EXPECT_TRUE(findings.empty());
    checker.seen(kPartition, LeaderEpoch{1}, Offset{10}, Offset{11});
    EXPECT_EQ(findings.texts().size(), 1u);
}

TEST_F(EpochCheckerTest, OnlyEpochsWithRecordsAreAsked) {
    runtime::Random random(1);
    int over = 0;
    for (int i = 0; i < 50; ++i) {
        const auto question = checker_.pick(random);
        ASSERT_TRUE(question);
        EXPECT_TRUE(question->epoch == LeaderEpoch{1} || question->epoch == LeaderEpoch{3});
        EXPECT_EQ(question->over, question->epoch == LeaderEpoch{1});
        EXPECT_EQ(question->last, question->over ? Offset{9} : Offset{12});
        over += question->over ? 1 : 0;
    }
    EXPECT_GT(over, 5);
    Findings none;
    EXPECT_FALSE(EpochChecker(none).pick(random));
}

}  // namespace
}  // namespace cauce::sim
