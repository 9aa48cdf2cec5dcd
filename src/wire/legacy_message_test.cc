#include "wire/legacy_message.h"

#include "wire/batch_builder.h"
#include "wire/legacy_lz4.h"
#include "wire/testing/legacy_log.h"
#include "wire/testing/old_message.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::wire {
namespace {

using testing::LegacyLog;

constexpr std::size_t kPlenty = 1 << 20;

std::optional<std::string> plain(const std::optional<Bytes>& bytes) {
    if (!bytes) return std::nullopt;
    return std::string(as_text(*bytes));
}

Buffer message(const testing::OldMessage& parts) {
    return encode(parts);
}

Buffer operator+(Buffer a, const Buffer& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Buffer gzip(const Buffer& bytes) {
    return compress(Codec::gzip, bytes).value();
}

// "10 11 12", or the error.
std::string offsets_in(const Buffer& bytes, std::size_t limit = kPlenty) {
    const auto parsed = parse_legacy_message(bytes);
    if (!parsed) return std::string(error_name(parsed.error().code));
    EXPECT_TRUE(parsed->crc_matches());
    Buffer storage;
    const auto records = records_of(*parsed, limit, storage);
    if (!records) return std::string(error_name(records.error().code));
    std::string text;
    for (const Record& record : *records)
        text += (text.empty() ? "" : " ") + std::to_string(record.offset.value);
    return text;
}

TEST(LegacyMessage, IsReadAsJavaReadsIt) {
    const LegacyLog log = LegacyLog::read();
    std::size_t wrappers = 0;
    for (const LegacyLog::Batch& batch : log.batches) {
        SCOPED_TRACE("offset " + std::to_string(batch.base_offset));
        const BytesView bytes = log.batch_bytes(batch);
        ASSERT_EQ(is_legacy(bytes), batch.magic < 2);
        if (batch.magic == 2) continue;
        const auto message = parse_legacy_message(bytes);
        ASSERT_TRUE(message) << message.error().message;
        EXPECT_EQ(message->magic(), batch.magic);
        EXPECT_EQ(message->offset(), Offset{batch.last_offset});
        EXPECT_EQ(message->timestamp(), batch.max_timestamp);
        EXPECT_EQ(message->size_bytes(), batch.size_bytes);
        EXPECT_EQ(codec_name(message->codec()), batch.codec);
        EXPECT_EQ(message->timestamp_type() == TimestampType::log_append_time,
                  batch.timestamp_type == "LogAppendTime");
        EXPECT_TRUE(message->crc_matches());
        Buffer storage;
        const auto records = records_of(*message, kPlenty, storage);
        ASSERT_TRUE(records) << records.error().message;
        std::vector<LegacyLog::Record> found;
        for (const Record& record : *records) {
            EXPECT_TRUE(record.headers.empty());
            found.push_back(
                {record.offset.value, record.timestamp, plain(record.key), plain(record.value)});
        }
        EXPECT_EQ(found, batch.records);
        wrappers += records->size() > 1 ? 1 : 0;
    }
    EXPECT_EQ(wrappers, 11u);
}

TEST(LegacyMessage, EveryBitOfItIsChecked) {
    const LegacyLog log = LegacyLog::read();
    for (const LegacyLog::Batch& batch : log.batches) {
        if (batch.magic == 2) continue;
        const BytesView sound = log.batch_bytes(batch);
        // From the checksum on: offset and size lie outside.
        for (std::size_t bit = legacy_layout::kCrc * 8; bit < sound.size() * 8; ++bit) {
            Buffer damaged(sound.begin(), sound.end());
            damaged[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
            const auto message = parse_legacy_message(damaged);
            EXPECT_FALSE(message && message->crc_matches()) << batch.base_offset << " " << bit;
            if (!message) continue;
            Buffer storage;
            (void)records_of(*message, kPlenty, storage);  // must not read outside
        }
        for (std::size_t size = 0; size < sound.size(); ++size)
            EXPECT_FALSE(parse_legacy_message(sound.first(size))) << size;
    }
}

TEST(LegacyMessage, OffsetsInsideAreThoseOfTheLogInFormat0AndRelativeInFormat1) {
    const Buffer inside0 = message({.offset = 7, .magic = 0}) + message({.offset = 9, .magic = 0});
    EXPECT_EQ(
        offsets_in(message({.offset = 9, .magic = 0, .attributes = 1, .value = gzip(inside0)})),
        "7 9");
    const Buffer inside1 = message({.offset = 0}) + message({.offset = 2});
    EXPECT_EQ(offsets_in(message({.offset = 12, .attributes = 1, .value = gzip(inside1)})),
              "10 12");
    // Some producers left the wrapper at 0.
    EXPECT_EQ(offsets_in(message({.offset = 0, .attributes = 1, .value = gzip(inside1)})), "0 2");
    EXPECT_EQ(offsets_in(message({.offset = 1, .attributes = 1, .value = gzip(inside1)})),
              "INVALID_RECORD");
}

TEST(LegacyMessage, WhatIsNoWrapperIsRefused) {
    const Buffer one = message({});
    const Buffer cut(one.begin(), one.end() - 1);
    Buffer negative = one;
    store_big_endian(negative.data() + legacy_layout::kSize, std::int32_t{-5});
    struct Case {
        std::string what;
        testing::OldMessage parts;
        std::string answer;
    };
    const std::vector<Case> cases = {
        {"no value", {.attributes = 1, .value = std::nullopt}, "INVALID_RECORD"},
        {"no gzip", {.attributes = 1}, "INVALID_RECORD"},
        {"nothing inside", {.attributes = 1, .value = gzip({})}, "INVALID_RECORD"},
        {"a cut one inside", {.attributes = 1, .value = gzip(cut)}, "INVALID_RECORD"},
        {"the rest of one is left out", {.attributes = 1, .value = gzip(one + cut)}, "0"},
        {"a size below zero", {.attributes = 1, .value = gzip(one + negative)}, "CORRUPT_MESSAGE"},
        {"another format",
         {.attributes = 1, .value = gzip(message({.magic = 0}))},
         "INVALID_RECORD"},
        {"another wrapper",
         {.attributes = 1, .value = gzip(message({.attributes = 1, .value = gzip(one)}))},
         "INVALID_RECORD"},
        {"a codec of later",
         {.attributes = 4, .value = compress(Codec::zstd, one).value()},
         "INVALID_RECORD"},
        {"a codec that is none", {.attributes = 7, .value = one}, "INVALID_RECORD"},
        {"a record", {.offset = 3}, "3"},
    };
    for (const Case& one_case : cases)
        EXPECT_EQ(offsets_in(message(one_case.parts)), one_case.answer) << one_case.what;
    const Buffer large = gzip(message({.value = Buffer(5000)}));
    EXPECT_EQ(offsets_in(message({.attributes = 1, .value = large}), 4000), "MESSAGE_TOO_LARGE");
    BatchBuilder builder{BatchOptions()};
    builder.append(1, std::nullopt, std::nullopt);
    EXPECT_EQ(offsets_in(*builder.build()), "CORRUPT_MESSAGE");
}

// Writers of format 0 computed the frame header's checksum over the magic number too; who computed
// it rightly is read as well.
TEST(LegacyMessage, Lz4OfFormat0MayHaveAnyHeaderChecksum) {
    const Buffer inside = message({.offset = 5, .magic = 0});
    Buffer frame = compress(Codec::lz4, inside).value();
    constexpr std::size_t kHeaderChecksum = 6;
    for (const int wrong : {0, 1, 2}) {
        frame[kHeaderChecksum] = static_cast<std::uint8_t>(frame[kHeaderChecksum] + wrong);
        EXPECT_EQ(offsets_in(message({.offset = 5, .magic = 0, .attributes = 3, .value = frame})),
                  "5");
        EXPECT_EQ(decompress(Codec::lz4, with_header_checksum(frame), kPlenty).value(), inside);
    }
    EXPECT_FALSE(decompress(Codec::lz4, frame, kPlenty));
    frame[0] ^= 1;
    EXPECT_EQ(with_header_checksum(frame), frame);
    for (std::size_t size = 0; size < 15; ++size) {
        const Buffer cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(with_header_checksum(cut), cut);
    }
}

}  // namespace
}  // namespace cauce::wire
