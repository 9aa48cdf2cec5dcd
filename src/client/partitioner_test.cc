#include "client/partitioner.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace cauce::client {
namespace {

// The values are those of the Java client's own test (UtilsTest.testMurmur2).
TEST(Murmur2, SameAsTheJavaClient) {
    const std::map<std::string, std::int32_t> vectors{
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    for (const auto& [text, hash] : vectors)
        EXPECT_EQ(static_cast<std::int32_t>(murmur2(as_bytes(text))), hash) << text;
}

TEST(PartitionForKey, DropsTheSign) {
    // -973932308 & 0x7fffffff = 1173551340
    EXPECT_EQ(partition_for_key(as_bytes("21"), 1'000'000'000), 173'551'340);
    EXPECT_EQ(partition_for_key(as_bytes("21"), 1), 0);
    EXPECT_EQ(partition_for_key(as_bytes("abc"), 7), 479470107 % 7);
    EXPECT_GE(partition_for_key({}, 3), 0);
}

TEST(StickyPartition, StaysForABatchThenMovesOn) {
    runtime::Random random(3);
    StickyPartition sticky;
    const std::vector<std::int32_t> available{0, 1, 2, 3};
    std::map<std::int32_t, int> counts;
    std::int32_t run_of = -1;
    int run = 0;
    std::set<int> runs;
    for (int i = 0; i < 4000; ++i) {
        const std::int32_t partition = sticky.choose(available, 100, 1000, random);
        ++counts[partition];
        if (partition != run_of) {
            if (run_of >= 0) runs.insert(run);
            run_of = partition;
            run = 0;
        }
        ++run;
    }
    EXPECT_EQ(counts.size(), 4u);
    for (const auto& [partition, count] : counts) {
        EXPECT_GT(count, 700) << partition;
        EXPECT_LT(count, 1300) << partition;
    }
    for (const int length : runs)  // the same one may be drawn twice
        EXPECT_EQ(length % 10, 0);
}

TEST(StickyPartition, LeavesAPartitionThatLostItsLeader) {
    runtime::Random random(3);
    StickyPartition sticky;
    const std::int32_t first = sticky.choose({0, 1}, 1, 1000, random);
    const std::int32_t other = 1 - first;
    EXPECT_EQ(sticky.choose({other}, 1, 1000, random), other);
    EXPECT_EQ(sticky.choose({0, 1}, 1, 1000, random), other);
}

}  // namespace
}  // namespace cauce::client
