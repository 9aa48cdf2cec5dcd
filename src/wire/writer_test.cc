#include "wire/writer.h"

#include "wire/reader.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace cauce::wire {
namespace {

TEST(WriterTest, ReaderReadsWhatWasWritten) {
    Writer w;
    w.int8(-5);
    w.int16(std::numeric_limits<std::int16_t>::min());
    w.int32(123456789);
    w.int64(std::numeric_limits<std::int64_t>::min());
    w.float64(-0.25);
    w.uuid({1, 2});
    for (const std::uint32_t v : {0u, 127u, 128u, 16383u, 16384u, 0xffffffffu})
        w.uvarint(v);
    for (const std::int32_t v : {0, -1, 1, 1000, std::numeric_limits<std::int32_t>::min()})
        w.varint(v);
    for (const std::int64_t v :
         {std::int64_t{0}, std::int64_t{-300}, std::numeric_limits<std::int64_t>::max()}) {
        w.varlong(v);
    }
    ASSERT_TRUE(w.ok());

    Reader r(w.written());
    EXPECT_EQ(r.int8(), -5);
    EXPECT_EQ(r.int16(), std::numeric_limits<std::int16_t>::min());
    EXPECT_EQ(r.int32(), 123456789);
    EXPECT_EQ(r.int64(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(r.float64(), -0.25);
    EXPECT_EQ(r.uuid(), (Uuid{1, 2}));
    for (const std::uint32_t v : {0u, 127u, 128u, 16383u, 16384u, 0xffffffffu}) {
        EXPECT_EQ(r.uvarint(), v);
    }
    for (const std::int32_t v : {0, -1, 1, 1000, std::numeric_limits<std::int32_t>::min()}) {
        EXPECT_EQ(r.varint(), v);
    }
    for (const std::int64_t v :
         {std::int64_t{0}, std::int64_t{-300}, std::numeric_limits<std::int64_t>::max()}) {
        EXPECT_EQ(r.varlong(), v);
    }
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.remaining(), 0u);
}

TEST(WriterTest, TagSizeStandsInFrontOfItsContent) {
    Writer w;
    w.uvarint(2);
    const std::size_t small = w.begin_tag(0);
    w.int8(7);
    w.end_tag(small);
    const std::size_t large = w.begin_tag(9);
    w.string(std::string(200, 'x'), true);
    w.end_tag(large);
    w.int8(0x55);

    Reader r(w.written());
    EXPECT_EQ(r.tag_count(), 2u);
    Reader::Tag tag = r.tag();
    EXPECT_EQ(tag.number, 0u);
    EXPECT_EQ(r.int8(), 7);
    r.end_tag(tag);
    tag = r.tag();
    EXPECT_EQ(tag.number, 9u);
    EXPECT_EQ(r.string(true, "x"), std::string(200, 'x'));
    r.end_tag(tag);
    EXPECT_EQ(r.int8(), 0x55);
    EXPECT_TRUE(r.ok()) << r.error();
}

TEST(WriterTest, ExternalRecordsLeaveAGap) {
    const Buffer head = {1, 2, 3};
    Writer w;
    w.int32(0);
    w.records({head, 1000}, true);
    w.int8(9);
    w.records({{}, 50}, false);

    // Lengths count what is not there: 1003 + 1 in compact form, and 50.
    const Buffer expected = {0, 0, 0, 0, 0xec, 0x07, 1, 2, 3, 9, 0, 0, 0, 50};
    EXPECT_EQ(Bytes(w.written()), Bytes(expected));
    EXPECT_EQ(w.gaps(), (std::vector<Gap>{{9, 1000}, {14, 50}}));
    EXPECT_EQ(w.wire_size(), 14u + 1050u);
}

TEST(WriterTest, ClearKeepsTheMemoryAndForgetsTheRest) {
    Writer w;
    w.records({{}, 5}, true);
    w.fail("something");
    const std::uint8_t* memory = w.written().data();
    w.clear();
    EXPECT_TRUE(w.ok());
    EXPECT_EQ(w.wire_size(), 0u);
    EXPECT_TRUE(w.gaps().empty());
    w.int8(1);
    EXPECT_EQ(w.written().data(), memory);
    EXPECT_EQ(w.take(), Buffer{1});
    EXPECT_EQ(w.position(), 0u);
}

TEST(WriterTest, StringsThatNoReaderAcceptsAreRefused) {
    Writer w;
    w.string(std::string(32767, 'x'), true);
    EXPECT_TRUE(w.ok());
    w.string(std::string(32768, 'x'), true);
    EXPECT_FALSE(w.ok());
}

TEST(WriterTest, GrowsPastEveryFirstGuess) {
    Writer w;
    for (std::int32_t i = 0; i < 100'000; ++i)
        w.int32(i);
    w.patch_int32(0, -1);
    Reader r(w.written());
    EXPECT_EQ(r.int32(), -1);
    for (std::int32_t i = 1; i < 100'000; ++i)
        ASSERT_EQ(r.int32(), i);
    EXPECT_EQ(r.remaining(), 0u);
}

}  // namespace
}  // namespace cauce::wire
