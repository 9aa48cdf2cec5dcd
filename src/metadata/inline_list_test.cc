#include "metadata/inline_list.h"

#include "base/ids.h"

#include <gtest/gtest.h>

#include <utility>

namespace cauce::metadata {
namespace {

using List = InlineList<NodeId, 3>;

List numbered(int count) {
    std::vector<NodeId> ids;
    for (int i = 0; i < count; ++i)
        ids.push_back(NodeId{i});
    return List(ids);
}

TEST(InlineList, HoldsFewAndManyThroughCopiesAndMoves) {
    for (int from = 0; from <= 6; ++from) {
        for (int to = 0; to <= 6; ++to) {
            const List source = numbered(from);
            List target = numbered(to);
            target = source;
            EXPECT_EQ(target, numbered(from));
            EXPECT_EQ(source, numbered(from));
            List moved = numbered(to);
            moved = std::move(target);
            EXPECT_EQ(moved, numbered(from));
            const List copy(moved);
            const List taken(std::move(moved));
            EXPECT_EQ(copy, taken);
            EXPECT_EQ(copy.size(), static_cast<std::size_t>(from));
        }
    }
}

TEST(InlineList, ComparesByContentAndFinds) {
    EXPECT_EQ((List{NodeId{1}, NodeId{2}}), (List{NodeId{1}, NodeId{2}}));
    EXPECT_NE((List{NodeId{1}, NodeId{2}}), (List{NodeId{2}, NodeId{1}}));
    EXPECT_NE(numbered(3), numbered(4));
    EXPECT_TRUE(numbered(5).contains(NodeId{4}));
    EXPECT_FALSE(numbered(5).contains(NodeId{5}));
    EXPECT_TRUE(List().empty());
    static_assert(sizeof(List) == 16);
}

}  // namespace
}  // namespace cauce::metadata
