#include "base/ids.h"

#include <gtest/gtest.h>

namespace cauce {
namespace {

TEST(Uuid, TextFormIsUrlSafeBase64OfTheBigEndianBytes) {
    // Kafka's METADATA_TOPIC_ID: the number one.
    EXPECT_EQ((Uuid{0, 1}).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
    EXPECT_EQ((Uuid{~0ull, ~0ull}).to_string(), "_____________________w");
}

TEST(Uuid, ParseIsTheInverse) {
    const Uuid id{0x0123456789abcdefull, 0xfedcba9876543210ull};
    EXPECT_EQ(Uuid::parse(id.to_string()), id);
    EXPECT_EQ(Uuid::parse(""), std::nullopt);
    EXPECT_EQ(Uuid::parse("AAAAAAAAAAAAAAAAAAAA+Q"), std::nullopt);
}

}  // namespace
}  // namespace cauce
