#include "wire/reader.h"

#include "wire/writer.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::wire {
namespace {

TEST(ReaderTest, ReadsBigEndianIntegers) {
    const Buffer input = {0xff, 0x12, 0x34, 0x80, 0x00, 0x00, 0x01, 0x00, 0x00,
                          0x00, 0x00, 0x00, 0x00, 0x00, 0x2a, 0xff, 0xfe, 0x01,
                          0x3f, 0xf8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    Reader r(input);
    EXPECT_EQ(r.int8(), -1);
    EXPECT_EQ(r.int16(), 0x1234);
    EXPECT_EQ(r.int32(), -2147483647);
    EXPECT_EQ(r.int64(), 42);
    EXPECT_EQ(r.uint16(), 0xfffe);
    EXPECT_TRUE(r.boolean());
    EXPECT_EQ(r.float64(), 1.5);
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.remaining(), 0u);
}

TEST(ReaderTest, VarintsOfEveryLength) {
    // As in the Protocol Buffers encoding: 300 = 0xac 0x02.
    const Buffer input = {0x00, 0x7f, 0xac, 0x02, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x01, 0x02};
    Reader r(input);
    EXPECT_EQ(r.uvarint(), 0u);
    EXPECT_EQ(r.uvarint(), 127u);
    EXPECT_EQ(r.uvarint(), 300u);
    EXPECT_EQ(r.uvarint(), 0xffffffffu);
    EXPECT_EQ(r.varint(), -1);
    EXPECT_EQ(r.varint(), 1);
    EXPECT_TRUE(r.ok());
}

TEST(ReaderTest, OverlongVarintIsAnError) {
    const Buffer five = {0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
    Reader r(five);
    EXPECT_EQ(r.uvarint(), 0u);
    EXPECT_FALSE(r.ok());
    const Buffer ten(11, 0x80);
    Reader long_one(ten);
    EXPECT_EQ(long_one.varlong(), 0);
    EXPECT_FALSE(long_one.ok());
}

TEST(ReaderTest, FirstErrorStaysAndReadsGiveNothing) {
    const Buffer input = {0x00, 0x05, 'a'};
    Reader r(input);
    EXPECT_EQ(r.string(false, "M.name"), "");
    EXPECT_FALSE(r.ok());
    const std::string first = r.error();
    EXPECT_NE(first.find("5 bytes wanted, 1 left"), std::string::npos) << first;
    EXPECT_EQ(r.int64(), 0);
    EXPECT_EQ(r.remaining(), 0u);
    EXPECT_EQ(r.error(), first);
}

TEST(ReaderTest, StringsInBothForms) {
    const Buffer input = {0x00, 0x02, 'h', 'i', 0xff, 0xff, 0x03, 'h', 'o', 0x00, 0x01};
    Reader r(input);
    EXPECT_EQ(r.string(false, "a"), "hi");
    EXPECT_EQ(r.nullable_string(false), std::nullopt);
    EXPECT_EQ(r.string(true, "b"), "ho");
    EXPECT_EQ(r.nullable_string(true), std::nullopt);
    EXPECT_EQ(r.nullable_string(true), "");
    EXPECT_TRUE(r.ok());
}

TEST(ReaderTest, NullWhereNoneIsAllowedNamesTheField) {
    const Buffer input = {0xff, 0xff};
    Reader r(input);
    r.string(false, "FetchRequest.rack_id");
    EXPECT_NE(r.error().find("FetchRequest.rack_id is null"), std::string::npos) << r.error();
}

TEST(ReaderTest, ViewsPointIntoTheInput) {
    const Buffer input = {0x04, 1, 2, 3};
    Reader r(input);
    const Bytes bytes = r.bytes(true, "x");
    EXPECT_EQ(bytes.data(), input.data() + 1);
    EXPECT_EQ(bytes.size(), 3u);
}

TEST(ReaderTest, ArrayCountsAreBoundedByTheBytesLeft) {
    Writer w;
    w.int32(1'000'000);
    w.int32(7);
    Reader r(w.written());
    std::vector<std::int32_t> values;
    r.array(values, false, "x");
    EXPECT_FALSE(r.ok());
    EXPECT_EQ(values.capacity(), 0u);
}

TEST(ReaderTest, ArrayCountsAreBoundedAbsolutely) {
    Writer w;
    w.uvarint(static_cast<std::uint32_t>(kArrayElementsMax) + 2);
    Buffer input = w.take();
    input.resize(input.size() + kArrayElementsMax + 1, 1);
    Reader r(input);
    EXPECT_EQ(r.array_size(true, 1), 0);
    EXPECT_FALSE(r.ok());

    Writer fits;
    fits.uvarint(static_cast<std::uint32_t>(kArrayElementsMax) + 1);
    input = fits.take();
    input.resize(input.size() + kArrayElementsMax, 1);
    Reader second(input);
    std::vector<std::int8_t> values;
    second.array(values, true, "x");
    EXPECT_TRUE(second.ok()) << second.error();
    EXPECT_EQ(values.size(), static_cast<std::size_t>(kArrayElementsMax));
}

TEST(ReaderTest, NegativeLengthsOtherThanNullAreErrors) {
    const Buffer input = {0xff, 0xff, 0xff, 0xfe};
    Reader array(input);
    EXPECT_EQ(array.array_size(false, 1), 0);
    EXPECT_FALSE(array.ok());
    Reader bytes(input);
    bytes.nullable_bytes(false);
    EXPECT_FALSE(bytes.ok());
}

TEST(ReaderTest, TaggedFieldsAreSkipped) {
    // Two fields: number 1000 with 0 bytes, number 70000 with 3; then one byte of something else.
    const Buffer input = {0x02, 0xe8, 0x07, 0x00, 0xf0, 0xa2, 0x04, 0x03, 1, 2, 3, 0x55};
    Reader r(input);
    r.skip_tags();
    EXPECT_EQ(r.int8(), 0x55);
    EXPECT_TRUE(r.ok());
}

TEST(ReaderTest, TaggedFieldLongerThanTheFrame) {
    const Buffer input = {0x01, 0x00, 0x7f, 0x00};
    Reader r(input);
    r.skip_tags();
    EXPECT_FALSE(r.ok());
}

TEST(ReaderTest, TagFloodIsRefused) {
    Writer w;
    w.uvarint(kTaggedFieldsMax + 1);
    Buffer input = w.take();
    input.resize(100'000, 0);
    Reader r(input);
    r.skip_tags();
    EXPECT_NE(r.error().find("10001 tagged fields"), std::string::npos) << r.error();
}

TEST(ReaderTest, KnownTagOfAnotherSizeIsAnError) {
    const Buffer input = {0x00, 0x05, 0, 0, 0, 1, 9};
    Reader r(input);
    const Reader::Tag tag = r.tag();
    EXPECT_EQ(tag.number, 0u);
    EXPECT_EQ(r.int32(), 1);
    r.end_tag(tag);
    EXPECT_FALSE(r.ok());
}

}  // namespace
}  // namespace cauce::wire
