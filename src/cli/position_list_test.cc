#include "cli/position_list.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

TEST(PositionList, Reads) {
    EXPECT_EQ(parse_positions("orders:0=42"), (Positions{{{"orders", 0}, 42}}));
    EXPECT_EQ(parse_positions("a.b-c:0=1,12=none"),
              (Positions{{{"a.b-c", 0}, 1}, {{"a.b-c", 12}, std::nullopt}}));
}

TEST(PositionList, RefusesTheRest) {
    for (const char* text :
         {"", "orders", "orders:", ":0=1", "orders:0", "orders:0=", "orders:=1", "orders:0=-1",
          "orders:-1=1", "orders:0=1,", "orders:0=NONE", "orders:0=1 ", "orders:99999999999=1"}) {
        const auto positions = parse_positions(text);
        ASSERT_FALSE(positions.has_value()) << text;
        EXPECT_TRUE(positions.error().contains("orders:0=42"));
    }
}

TEST(PositionList, WritesWhatItReads) {
    const Positions positions{
        {{"a", 0}, 1}, {{"a", 3}, std::nullopt}, {{"b", 0}, 9'000'000'000}, {{"b c", 1}, 2}};
    EXPECT_EQ(position_options(positions),
              "--position a:0=1,3=none --position b:0=9000000000 --position 'b c:1=2'");
    EXPECT_EQ(position_options({}), "");
    Positions read;
    const Accept accept = into(read);
    for (const char* word : {"a:0=1,3=none", "b:0=9000000000", "b c:1=2"})
        EXPECT_TRUE(accept(word).has_value());
    EXPECT_EQ(read, positions);
    EXPECT_FALSE(accept("b").has_value());
}

}  // namespace
}  // namespace cauce::cli
