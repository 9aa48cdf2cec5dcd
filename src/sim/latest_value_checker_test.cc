#include "sim/checkers/latest_value_checker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::sim {
namespace {

struct LatestValueTest : ::testing::Test {
    Findings findings;
    LatestValueChecker checker{findings};

    void change(const std::string& key, std::optional<std::int64_t> value) {
        checker.sent(key, value);
        checker.acknowledged(key);
    }
    // What is wrong with a log of these records, one behind the other.
    struct Record {
        const char* key;
        std::optional<std::int64_t> value;
    };
    std::string read(const std::vector<Record>& records) {
        Findings own;
        std::swap(own, findings);
        LatestValueChecker::Reading reading(checker);
        std::int64_t offset = 0;
        for (const Record& record : records)
            reading.seen(Offset{offset++}, record.key, record.value);
        reading.finish();
        std::swap(own, findings);
        return own.empty() ? "" : own.texts().front();
    }
};

TEST_F(LatestValueTest, TakesWhatCompactionMayLeave) {
    change("a", 1);
    change("a", 2);
    change("b", 1);
    change("b", std::nullopt);
    change("c", 5);
    checker.sent("c", 6);  // not answered yet
    EXPECT_EQ(read({{"a", 1}, {"a", 2}, {"b", 1}, {"b", {}}, {"c", 5}, {"c", 6}}), "");
    EXPECT_EQ(read({{"a", 2}, {"b", {}}, {"c", 5}}), "");
    EXPECT_EQ(read({{"a", 2}, {"c", 6}}), "");  // the tombstone has gone too
    EXPECT_EQ(read({{"a", 2}, {"a", 2}, {"b", 1}, {"b", 1}, {"b", {}}, {"c", 5}}), "");
}

TEST_F(LatestValueTest, FindsWhatItMustNotDo) {
    change("a", 1);
    change("a", 2);
    change("b", 1);
    change("b", std::nullopt);
    EXPECT_NE(read({{"a", 1}, {"b", {}}}).find("learned 1, and 2 was promised"), std::string::npos);
    EXPECT_NE(read({{"b", {}}}).find("learned nothing, and 2"), std::string::npos);
    EXPECT_NE(read({{"a", 2}, {"b", 1}}).find("learned 1, and nothing was promised"),
              std::string::npos);
    EXPECT_NE(read({{"a", 2}, {"a", 1}}).find("1 at offset 1 is no change after 2"),
              std::string::npos);
    EXPECT_NE(read({{"a", 2}, {"a", 7}}).find("7 at offset 1"), std::string::npos);
    EXPECT_NE(read({{"x", 1}, {"a", 2}}).find("was never sent"), std::string::npos);
    LatestValueChecker::Reading reading(checker);
    reading.seen(Offset{4}, "a", 2);
    reading.seen(Offset{4}, "b", std::nullopt);
    EXPECT_FALSE(findings.empty());
}

TEST_F(LatestValueTest, WhatIsPromisedWhileAReadingGoesOnIsForTheNextOne) {
    change("a", 1);
    LatestValueChecker::Reading reading(checker);
    reading.seen(Offset{0}, "a", 1);
    change("a", 2);
    reading.finish();
    EXPECT_TRUE(findings.empty());
    EXPECT_NE(read({{"a", 1}}), "");
}

}  // namespace
}  // namespace cauce::sim
