#include "storage/leader_epochs.h"

#include <gtest/gtest.h>

namespace cauce::storage {
namespace {

LeaderEpochs epochs(std::initializer_list<EpochEntry> entries) {
    LeaderEpochs result;
    for (const auto& entry : entries)
        result.assign(entry.epoch, entry.start_offset);
    return result;
}

std::vector<EpochEntry> list(const LeaderEpochs& epochs) {
    return {epochs.entries().begin(), epochs.entries().end()};
}

using Entries = std::vector<EpochEntry>;
using EndOffset = LeaderEpochs::EndOffset;

TEST(LeaderEpochs, AssignKeepsBothColumnsGrowing) {
    LeaderEpochs e;
    EXPECT_FALSE(e.assign({-1}, {0}));
    EXPECT_TRUE(e.assign({2}, {0}));
    EXPECT_FALSE(e.assign({2}, {5}));  // still the same reign
    EXPECT_TRUE(e.assign({4}, {10}));
    EXPECT_EQ(list(e), (Entries{{{2}, {0}}, {{4}, {10}}}));
    // A reign without records gives way to the next one at the same offset.
    EXPECT_TRUE(e.assign({5}, {10}));
    EXPECT_EQ(list(e), (Entries{{{2}, {0}}, {{5}, {10}}}));
    // An older epoch later in the log contradicts the newer ones.
    EXPECT_TRUE(e.assign({3}, {7}));
    EXPECT_EQ(list(e), (Entries{{{2}, {0}}, {{3}, {7}}}));
    // One that began before them goes on.
    EXPECT_TRUE(e.assign({2}, {9}));
    EXPECT_EQ(list(e), (Entries{{{2}, {0}}}));
}

TEST(LeaderEpochs, EndOffsetsAsInKip279) {
    const LeaderEpochs e = epochs({{{2}, {10}}, {{5}, {20}}, {{6}, {35}}});
    const Offset end{50};
    EXPECT_EQ(e.end_offset_for({6}, end), (EndOffset{{6}, {50}}));
    EXPECT_EQ(e.end_offset_for({5}, end), (EndOffset{{5}, {35}}));
    EXPECT_EQ(e.end_offset_for({4}, end), (EndOffset{{2}, {20}}));  // unknown, between
    EXPECT_EQ(e.end_offset_for({2}, end), (EndOffset{{2}, {20}}));
    EXPECT_EQ(e.end_offset_for({1}, end), (EndOffset{{1}, {10}}));  // before the first
    EXPECT_EQ(e.end_offset_for({7}, end), std::nullopt);            // after the last
    EXPECT_EQ(e.end_offset_for({-1}, end), std::nullopt);
    EXPECT_EQ(LeaderEpochs().end_offset_for({0}, end), std::nullopt);
}

TEST(LeaderEpochs, EpochAtAnOffset) {
    const LeaderEpochs e = epochs({{{2}, {10}}, {{5}, {20}}});
    EXPECT_EQ(e.epoch_at({9}), std::nullopt);
    EXPECT_EQ(e.epoch_at({10}), LeaderEpoch{2});
    EXPECT_EQ(e.epoch_at({19}), LeaderEpoch{2});
    EXPECT_EQ(e.epoch_at({20}), LeaderEpoch{5});
    EXPECT_EQ(e.previous({5}), (EpochEntry{{2}, {10}}));
    EXPECT_EQ(e.previous({2}), std::nullopt);
    EXPECT_EQ(e.latest(), LeaderEpoch{5});
}

TEST(LeaderEpochs, TruncationAtBothEnds) {
    LeaderEpochs e = epochs({{{2}, {10}}, {{5}, {20}}, {{6}, {35}}});
    EXPECT_FALSE(e.truncate_from_end({36}));
    EXPECT_TRUE(e.truncate_from_end({35}));
    EXPECT_EQ(list(e), (Entries{{{2}, {10}}, {{5}, {20}}}));
    EXPECT_FALSE(e.truncate_from_start({10}));
    EXPECT_TRUE(e.truncate_from_start({15}));
    EXPECT_EQ(list(e), (Entries{{{2}, {15}}, {{5}, {20}}}));
    EXPECT_TRUE(e.truncate_from_start({40}));
    EXPECT_EQ(list(e), (Entries{{{5}, {40}}}));
    EXPECT_FALSE(e.truncate_from_start({3}));
}

TEST(LeaderEpochs, TheFileIsKafkas) {
    const LeaderEpochs e = epochs({{{0}, {0}}, {{5}, {20}}});
    EXPECT_EQ(e.to_text(), "0\n2\n0 0\n5 20\n");
    EXPECT_EQ(list(*LeaderEpochs::parse(e.to_text())), list(e));
    EXPECT_EQ(LeaderEpochs().to_text(), "0\n0\n");
    EXPECT_TRUE(LeaderEpochs::parse("0\n0\n")->empty());
    EXPECT_EQ(list(*LeaderEpochs::parse("0\r\n1\r\n3   7\r\n")), (Entries{{{3}, {7}}}));
    for (const char* damaged :
         {"", "0", "0\n", "1\n0\n", "0\n1\n", "0\n1\n3\n", "0\n1\n3 7 9\n", "0\n1\n3 7\n4 8\n",
          "0\n2\n3 7\n", "0\n1\n-3 7\n", "0\n1\nx 7\n", "0\n1\n3 99999999999999999999\n"})
        EXPECT_FALSE(LeaderEpochs::parse(damaged)) << damaged;
}

}  // namespace
}  // namespace cauce::storage
