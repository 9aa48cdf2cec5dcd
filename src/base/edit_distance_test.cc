#include "base/edit_distance.h"

#include <gtest/gtest.h>

namespace cauce::inline base {
namespace {

TEST(EditDistance, CountsWhatPeopleDoWrong) {
    EXPECT_EQ(edit_distance("orders", "orders"), 0u);
    EXPECT_EQ(edit_distance("ordres", "orders"), 1u);  // two neighbours swapped
    EXPECT_EQ(edit_distance("oders", "orders"), 1u);
    EXPECT_EQ(edit_distance("orderss", "orders"), 1u);
    EXPECT_EQ(edit_distance("Orders", "orders"), 0u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("abc", ""), 3u);
}

}  // namespace
}  // namespace cauce::inline base
