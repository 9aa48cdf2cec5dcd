#include "base/properties.h"

#include <gtest/gtest.h>

namespace cauce::inline base {
namespace {

std::vector<Property> parse(std::string_view text) {
    auto result = parse_properties(text);
    EXPECT_TRUE(result.has_value());
    return result.value_or(std::vector<Property>{});
}

TEST(Properties, SeparatorsCommentsAndBlanks) {
    const auto got = parse("# comment\n! too\n\n a=1\nb : 2\r\nc 3\nd=\ne\n");
    const std::vector<Property> want{
        {"a", "1", 4}, {"b", "2", 5}, {"c", "3", 6}, {"d", "", 7}, {"e", "", 8}};
    EXPECT_EQ(got, want);
}

TEST(Properties, ContinuationsAndEscapes) {
    const auto got = parse("list=a,\\\n     b,\\\n  c\npath=C\\:\\\\x\\u00e9\nk\\=ey=v\n");
    const std::vector<Property> want{
        {"list", "a,b,c", 1}, {"path", "C:\\x\xc3\xa9", 4}, {"k=ey", "v", 5}};
    EXPECT_EQ(got, want);
}

TEST(Properties, ValuesMayHoldSeparators) {
    const auto got = parse("listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://:9093\n");
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].value, "PLAINTEXT://127.0.0.1:9092,CONTROLLER://:9093");
}

TEST(Properties, ABadEscapeNamesItsLine) {
    const auto result = parse_properties("a=1\nb=\\u12\n");
    ASSERT_FALSE(result.has_value());
    EXPECT_NE(result.error().message.find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace cauce::inline base
