#include "storage/tail_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::storage {
namespace {

struct TailBufferTest : ::testing::Test {
    TailBudget budget{1 << 20};
    TailBuffer tail{budget};
    std::string written;

    void append(const std::string& text, std::int64_t segment = 0) {
        const BytesView parts[] = {as_bytes(text).first(text.size() / 2),
                                   as_bytes(text).subspan(text.size() / 2)};
        tail.appended(Offset{segment}, static_cast<std::uint32_t>(written.size()), parts,
                      text.size());
        written += text;
    }
    std::string find(std::size_t begin, std::size_t end, std::int64_t segment = 0) {
        const auto found = tail.find(Offset{segment}, static_cast<std::uint32_t>(begin),
                                     static_cast<std::uint32_t>(end));
        return found ? std::string(as_text(found->bytes)) : "nothing";
    }
};

TEST_F(TailBufferTest, KeepsNothingForNobody) {
    append("abc");
    EXPECT_TRUE(tail.empty());
    EXPECT_EQ(budget.left(), 1u << 20);
}

TEST_F(TailBufferTest, ServesWhatCameSinceAReaderWasThere) {
    append("old");
    tail.read_at_tail();
    append("abc");
    append("defg");
    EXPECT_EQ(find(3, 10), "abcdefg");
    EXPECT_EQ(find(6, 10), "defg");
    EXPECT_EQ(find(2, 10), "nothing");
    EXPECT_EQ(find(6, 11), "nothing");
    EXPECT_EQ(find(3, 6, 99), "nothing");
    // What a reader holds stays as it is.
    const auto held = tail.find(Offset{0}, 3, 10);
    append("hij");
    tail.clear();
    EXPECT_EQ(as_text(held->bytes), "abcdefg");
    EXPECT_EQ(budget.left(), 1u << 20);
}

TEST_F(TailBufferTest, TheChunkBeforeTheNewestStaysToo) {
    tail.read_at_tail();
    for (int i = 0; i < 10; ++i)
        append(std::string(4000, static_cast<char>('a' + i)));
    // 16,000 bytes fit into one; the third is begun.
    EXPECT_EQ(find(0, 4000), "nothing");
    EXPECT_EQ(find(16'000, 20'000), std::string(4000, 'e'));
    EXPECT_EQ(find(36'000, 40'000), std::string(4000, 'j'));
    EXPECT_EQ(budget.left(), (1u << 20) - 2 * 16 * 1024);
}

TEST_F(TailBufferTest, AnotherSegmentOrAHoleBeginsAnew) {
    tail.read_at_tail();
    append("abc");
    append("def", 50);
    EXPECT_EQ(find(0, 3), "nothing");
    EXPECT_EQ(find(3, 6, 50), "def");
    written += "not told";
    append("ghi", 50);
    EXPECT_EQ(find(3, 6, 50), "nothing");
    EXPECT_EQ(find(14, 17, 50), "ghi");
}

TEST_F(TailBufferTest, EndsWhenReadersStayAwayAppendsAreLargeOrMemoryIsShort) {
    tail.read_at_tail();
    for (int i = 0; i < 64; ++i)
        append("x");
    EXPECT_FALSE(tail.empty());
    append("x");
    EXPECT_TRUE(tail.empty());

    tail.read_at_tail();
    append("x");
    append(std::string(TailBuffer::kAppendMax + 1, 'x'));
    EXPECT_TRUE(tail.empty());

    ASSERT_TRUE(budget.take(budget.left() - 1000));
    append("x");
    EXPECT_TRUE(tail.empty());
    EXPECT_EQ(budget.left(), 1000u);
}

}  // namespace
}  // namespace cauce::storage
