// The numbers come from Java's String.hashCode(); clients and brokers of any make must agree on
// them.
#include "coordinator/group/partition_for.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cauce::coordinator::group {
namespace {

TEST(PartitionFor, HashesAsJavaDoes) {
    struct Case {
        std::string_view text;
        std::int32_t hash;
    };
    const Case cases[] = {
        {"", 0},
        {"a", 97},
        {"my-group", -1906497762},
        {"consumer-group", -1738392088},
        {"blog-consumer", 1409306049},
        {"grüße", 98768023},
        {"グループ", 383750870},
        {"😀-group", -1198440043},
        {"console-consumer-12345", 158455506},
    };
    for (const Case& c : cases)
        EXPECT_EQ(java_string_hash(c.text), c.hash) << c.text;
}

TEST(PartitionFor, TakesTheAbsoluteValue) {
    EXPECT_EQ(java_string_hash("polygenelubricants"), INT32_MIN);
    EXPECT_EQ(partition_for("polygenelubricants", 50), 0);
    EXPECT_LT(java_string_hash("consumer-group"), 0);
    EXPECT_EQ(partition_for("my-group", 50), 12);
    EXPECT_EQ(partition_for("consumer-group", 50), 38);
    EXPECT_EQ(partition_for("blog-consumer", 50), 49);
}

TEST(PartitionFor, OneMalformedByteIsOneReplacementCharacter) {
    EXPECT_EQ(java_string_hash("a\x80z"), java_string_hash("a\xef\xbf\xbdz"));
    EXPECT_EQ(java_string_hash("a\xc3"), java_string_hash("a\xef\xbf\xbd"));
    EXPECT_EQ(java_string_hash("\xc0\xaf"), java_string_hash("\xef\xbf\xbd\xef\xbf\xbd"));
}

}  // namespace
}  // namespace cauce::coordinator::group
