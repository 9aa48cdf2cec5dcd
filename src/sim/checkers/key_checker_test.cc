#include "sim/checkers/key_checker.h"

#include <gtest/gtest.h>

namespace cauce::sim {
namespace {

// Key 1 has a value and a newer one, key 2 a value and a tombstone.
struct Bench {
    explicit Bench(bool tombstones_stay = true) : checker(findings, "t-0", tombstones_stay) {
        write(0, 1, 10);
        write(1, 2, 11);
        write(2, 1, 12);
        write(3, 2, std::nullopt);
        checker.begin_pass();
    }
    void write(std::int64_t offset, int key, KeyChecker::Content content) {
        checker.sending(key, content);
        checker.acknowledged(key, content, Offset{offset});
    }
    void see(std::int64_t offset, int key, KeyChecker::Content content) {
        checker.seen(Offset{offset}, key, content);
    }
    std::size_t found() {
        checker.end_pass();
        return findings.texts().size();
    }

    Findings findings;
    KeyChecker checker;
};

TEST(KeyChecker, WhatCompactionMayLeaveIsFine) {
    Bench whole;
    whole.see(0, 1, 10);
    whole.see(1, 2, 11);
    whole.see(2, 1, 12);
    whole.see(3, 2, std::nullopt);
    EXPECT_EQ(whole.found(), 0u);
    Bench compacted;
    compacted.see(2, 1, 12);
    compacted.see(3, 2, std::nullopt);
    EXPECT_EQ(compacted.found(), 0u);
    Bench without_tombstone(false);
    without_tombstone.see(2, 1, 12);
    EXPECT_EQ(without_tombstone.found(), 0u);
}

TEST(KeyChecker, ANewestRecordThatIsGoneIsFound) {
    Bench older;
    older.see(0, 1, 10);
    older.see(3, 2, std::nullopt);
    EXPECT_EQ(older.found(), 1u);
    Bench nothing;
    nothing.see(3, 2, std::nullopt);
    EXPECT_EQ(nothing.found(), 1u);
}

TEST(KeyChecker, ATombstoneThatNobodyWasAnsweredForMayHaveDeletedItsKeyAndGone) {
    for (const bool sent : {true, false}) {
        Bench bench(false);
        if (sent) bench.checker.sending(1, std::nullopt);
        bench.see(3, 2, std::nullopt);
        EXPECT_EQ(bench.found(), sent ? 0u : 1u);
    }
    // But nothing older comes back.
    Bench older(false);
    older.checker.sending(1, std::nullopt);
    older.see(0, 1, 10);
    EXPECT_EQ(older.found(), 1u);
}

TEST(KeyChecker, ATombstoneThatWentTooEarlyIsFound) {
    Bench gone;
    gone.see(2, 1, 12);
    EXPECT_EQ(gone.found(), 1u);
    // What it hid is there instead.
    Bench back;
    back.see(1, 2, 11);
    back.see(2, 1, 12);
    EXPECT_EQ(back.found(), 1u);
}

TEST(KeyChecker, AWriteWithoutAnAnswerMayBeThere) {
    Bench bench;
    bench.checker.sending(1, 13);
    bench.see(2, 1, 12);
    bench.see(3, 2, std::nullopt);
    bench.see(4, 1, 13);
    EXPECT_EQ(bench.found(), 0u);
}

TEST(KeyChecker, WrongRecordsAreFound) {
    Bench never_sent;
    never_sent.see(2, 1, 12);
    never_sent.see(3, 2, std::nullopt);
    never_sent.see(4, 1, 99);
    EXPECT_EQ(never_sent.found(), 1u);
    Bench moved;
    moved.see(2, 1, 10);
    moved.see(3, 2, std::nullopt);
    EXPECT_EQ(moved.found(), 1u);
    Bench order;
    order.see(3, 2, std::nullopt);
    order.see(2, 1, 12);
    EXPECT_EQ(order.found(), 1u);
    Bench twice;
    twice.write(2, 2, 14);
    twice.see(2, 1, 12);
    twice.see(3, 2, std::nullopt);
    EXPECT_EQ(twice.found(), 1u);
}

}  // namespace
}  // namespace cauce::sim
