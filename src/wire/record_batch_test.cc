#include "wire/record_batch.h"

#include "base/crc32c.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace cauce::wire {
namespace {

constexpr Codec kAll[] = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
constexpr std::size_t kPlenty = 16 << 20;

Bytes text(std::string_view t) {
    return Bytes(as_bytes(t));
}

// Copies what a record views, to compare after the batch is gone.
struct Plain {
    std::int64_t offset;
    std::int64_t timestamp;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;
    bool operator==(const Plain&) const = default;
};

std::optional<std::string> plain(const std::optional<Bytes>& bytes) {
    if (!bytes) return std::nullopt;
    return std::string(as_text(*bytes));
}

std::vector<Plain> records_in(BytesView bytes) {
    const auto batch = parse_batch(bytes);
    EXPECT_TRUE(batch.has_value());
    Buffer storage;
    const auto body = records_of(*batch, kPlenty, storage);
    EXPECT_TRUE(body.has_value());
    std::vector<Plain> result;
    RecordIterator records(*batch, *body);
    for (Record r; records.next(r);) {
        Plain& p = result.emplace_back(
            Plain{r.offset.value, r.timestamp, plain(r.key), plain(r.value), {}});
        for (const RecordHeader& h : r.headers)
            p.headers.emplace_back(h.key, plain(h.value));
    }
    EXPECT_TRUE(records.ok()) << records.error();
    return result;
}

// Three records, offsets 10 to 12.
Buffer three(BatchOptions options = {}) {
    options.base_offset = Offset{10};
    BatchBuilder builder(options);
    const RecordHeader headers[] = {{"trace", text("abc")}, {"flag", std::nullopt}};
    builder.append(1000, text("k"), text("v1"));
    builder.append(1500, std::nullopt, text("v2"), headers);
    builder.append(1200, text("k"), std::nullopt);
    return builder.build().value();
}

// Writes the checksum anew after a test has meddled with the batch.
void reseal(Buffer& batch) {
    store_big_endian(batch.data() + batch_layout::kCrc,
                     crc32c(BytesView(batch).subspan(batch_layout::kAttributes)));
}

ErrorCode verdict(BytesView bytes, const BatchCheck& check = {}) {
    const auto batch = parse_batch(bytes);
    if (!batch) return batch.error().code;
    const auto result = check_batch(*batch, check);
    return result ? ErrorCode::none : result.error().code;
}

TEST(RecordBatchTest, BytesByHand) {
    BatchOptions options;
    options.base_offset = Offset{5};
    options.partition_leader_epoch = LeaderEpoch{3};
    BatchBuilder builder(options);
    builder.append(1000, text("k"), text("hi"));
    builder.append(1001, std::nullopt, std::nullopt);
    Buffer expected = {
        0, 0, 0, 0, 0, 0, 0, 5,        // base offset
        0, 0, 0, 67,                   // length: 49 of the header, 18 of records
        0, 0, 0, 3,                    // leader epoch
        2,                             // magic
        0, 0, 0, 0,                    // checksum, below
        0, 0,                          // attributes
        0, 0, 0, 1,                    // last offset delta
        0, 0, 0, 0, 0, 0, 0x03, 0xe8,  // base timestamp
        0, 0, 0, 0, 0, 0, 0x03, 0xe9,  // max timestamp
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  // no producer
        0, 0, 0, 2,                                                            // count
        18, 0, 0, 0, 2, 'k', 4, 'h', 'i', 0,  // 9 bytes: attributes, deltas, key,
                                              // value, headers
        12, 0, 2, 2, 1, 1, 0,                 // 6 bytes: deltas 1 and 1, null, null
    };
    reseal(expected);
    store_big_endian<std::int32_t>(expected.data() + batch_layout::kLength,
                                   static_cast<std::int32_t>(expected.size() - 12));
    EXPECT_EQ(builder.build().value(), expected);
}

TEST(RecordBatchTest, HeaderFields) {
    BatchOptions options;
    options.partition_leader_epoch = LeaderEpoch{4};
    options.producer_id = ProducerId{77};
    options.producer_epoch = 2;
    options.base_sequence = 2147483646;
    options.transactional = true;
    const Buffer bytes = three(options);
    const auto batch = parse_batch(bytes);
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->base_offset(), Offset{10});
    EXPECT_EQ(batch->last_offset(), Offset{12});
    EXPECT_EQ(batch->next_offset(), Offset{13});
    EXPECT_EQ(batch->partition_leader_epoch(), LeaderEpoch{4});
    EXPECT_EQ(batch->magic(), 2);
    EXPECT_EQ(batch->codec(), Codec::none);
    EXPECT_EQ(batch->count(), 3);
    EXPECT_EQ(batch->base_timestamp(), 1000);
    EXPECT_EQ(batch->max_timestamp(), 1500);
    EXPECT_EQ(batch->producer_id(), ProducerId{77});
    EXPECT_EQ(batch->producer_epoch(), 2);
    EXPECT_EQ(batch->base_sequence(), 2147483646);
    EXPECT_EQ(batch->last_sequence(), 0);  // Wraps: ...646, ...647, 0.
    EXPECT_TRUE(batch->is_transactional());
    EXPECT_FALSE(batch->is_control());
    EXPECT_EQ(batch->size_bytes(), bytes.size());
    EXPECT_TRUE(batch->crc_matches());
}

TEST(RecordBatchTest, RecordsSurviveEveryCodec) {
    const std::vector<Plain> expected = {
        {10, 1000, "k", "v1", {}},
        {11, 1500, std::nullopt, "v2", {{"trace", "abc"}, {"flag", std::nullopt}}},
        {12, 1200, "k", std::nullopt, {}},
    };
    for (const Codec codec : kAll) {
        const Buffer bytes = three({.codec = codec});
        EXPECT_EQ(records_in(bytes), expected) << codec_name(codec);
        EXPECT_EQ(verdict(bytes), ErrorCode::none) << codec_name(codec);
        EXPECT_EQ(verdict(bytes, {.decompressed_bytes_max = kPlenty}), ErrorCode::none);
    }
}

TEST(RecordBatchTest, FactsOfTheRecords) {
    const Buffer bytes = three();
    const auto facts = check_batch(parse_batch(bytes).value()).value();
    EXPECT_TRUE(facts.records_seen);
    EXPECT_EQ(facts.max_timestamp, 1500);
    EXPECT_EQ(facts.min_timestamp, 1000);
    EXPECT_EQ(facts.offset_delta_of_max_timestamp, 1);
    EXPECT_EQ(facts.first_without_key, 1);

    const Buffer packed = three({.codec = Codec::zstd});
    const auto by_header = check_batch(parse_batch(packed).value()).value();
    EXPECT_FALSE(by_header.records_seen);
    EXPECT_EQ(by_header.max_timestamp, 1500);
    EXPECT_EQ(by_header.offset_delta_of_max_timestamp, 2);
    const auto walked =
        check_batch(parse_batch(packed).value(), {.decompressed_bytes_max = kPlenty}).value();
    EXPECT_TRUE(walked.records_seen);
    EXPECT_EQ(walked.offset_delta_of_max_timestamp, 1);
}

TEST(RecordBatchTest, EveryFlippedBitIsNoticed) {
    const Buffer original = three();
    for (std::size_t at = batch_layout::kMagic; at < original.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            Buffer bytes = original;
            bytes[at] ^= static_cast<std::uint8_t>(1u << bit);
            EXPECT_EQ(verdict(bytes), ErrorCode::corrupt_message) << at << " " << bit;
        }
    }
}

TEST(RecordBatchTest, CutOffAnywhereIsCorrupt) {
    const Buffer bytes = three();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_EQ(verdict(BytesView(bytes).first(size)), ErrorCode::corrupt_message) << size;
    }
    Buffer two = bytes;
    two.insert(two.end(), bytes.begin(), bytes.end());
    EXPECT_EQ(parse_batch(two).value().size_bytes(), bytes.size());
}

TEST(RecordBatchTest, ImpossibleLengthsAndOldFormats) {
    Buffer bytes = three();
    for (const std::int32_t length : {-1, 0, 48, std::numeric_limits<std::int32_t>::min(),
                                      std::numeric_limits<std::int32_t>::max()}) {
        store_big_endian(bytes.data() + batch_layout::kLength, length);
        EXPECT_EQ(verdict(bytes), ErrorCode::corrupt_message) << length;
    }
    bytes = three();
    bytes[batch_layout::kMagic] = 1;
    const auto old = parse_batch(bytes);
    ASSERT_FALSE(old.has_value());
    EXPECT_NE(old.error().message.find("version 1"), std::string::npos) << old.error().message;
    EXPECT_EQ(peek_batch_size(BytesView(bytes).first(11)), std::nullopt);
    EXPECT_EQ(peek_batch_size(bytes), bytes.size());
}

// Changes that the checksum does not show, because the sender made them.
TEST(RecordBatchTest, HeadersThatContradictThemselvesAreInvalid) {
    struct Case {
        const char* name;
        std::size_t at;
        std::int64_t value;
        int width;
        bool in_log_too;
    };
    const Case cases[] = {
        {"codec 5", batch_layout::kAttributes, 5, 2, true},
        {"codec 7", batch_layout::kAttributes, 7, 2, true},
        {"control", batch_layout::kAttributes, 0x20, 2, false},
        {"no records", batch_layout::kCount, 0, 4, true},
        {"negative count", batch_layout::kCount, -1, 4, true},
        {"fewer than there are", batch_layout::kCount, 2, 4, true},
        {"more than there are", batch_layout::kCount, 4, 4, true},
        {"large count", batch_layout::kCount, 0x7fffffff, 4, true},
        {"last offset too small", batch_layout::kLastOffsetDelta, 1, 4, true},
        {"last offset too large", batch_layout::kLastOffsetDelta, 3, 4, false},
        {"negative last offset", batch_layout::kLastOffsetDelta, -1, 4, true},
        {"producer without sequence", batch_layout::kProducerId, 5, 8, false},
        {"negative offset", batch_layout::kBaseOffset, -1, 8, true},
        {"least offset", batch_layout::kBaseOffset, std::numeric_limits<std::int64_t>::min(), 8,
         true},
        {"offsets overflow", batch_layout::kBaseOffset, 0x7fffffff80000000, 8, true},
        {"timestamps overflow", batch_layout::kBaseTimestamp, 0x7fffffffffffffff, 8, true},
    };
    for (const Case& c : cases) {
        Buffer bytes = three();
        if (c.width == 2) store_big_endian(bytes.data() + c.at, static_cast<std::int16_t>(c.value));
        if (c.width == 4) store_big_endian(bytes.data() + c.at, static_cast<std::int32_t>(c.value));
        if (c.width == 8) store_big_endian(bytes.data() + c.at, c.value);
        reseal(bytes);
        EXPECT_EQ(verdict(bytes), ErrorCode::invalid_record) << c.name;
        EXPECT_EQ(verdict(bytes, {.origin = BatchOrigin::log}),
                  c.in_log_too ? ErrorCode::invalid_record : ErrorCode::none)
            << c.name;
    }
}

TEST(RecordBatchTest, DamagedRecordsAreInvalid) {
    // Positions in the batch of BytesByHand: one record "k" "hi" of 10 bytes behind the header.
    BatchBuilder builder({});
    builder.append(1000, text("k"), text("hi"));
    const Buffer original = builder.build().value();
    struct Case {
        const char* name;
        std::size_t at;
        std::uint8_t value;
    };
    const Case cases[] = {
        {"record shorter than its fields", 0, 16},
        {"record longer than the batch", 0, 20},
        {"negative record length", 0, 1},
        {"empty record", 0, 0},
        {"offset delta 1", 3, 2},
        {"negative offset delta", 3, 1},
        {"key longer than the record", 4, 100},
        {"value longer than the record", 6, 6},
        {"value shorter", 6, 2},
        {"one header, not there", 9, 2},
        {"negative header count", 9, 1},
        {"endless varint", 0, 0x80},
    };
    for (const Case& c : cases) {
        Buffer bytes = original;
        bytes[batch_layout::kHeaderBytes + c.at] = c.value;
        reseal(bytes);
        EXPECT_EQ(verdict(bytes), ErrorCode::invalid_record) << c.name;
        // The iterator, which is what opens compressed batches, agrees but for offsets.
        const auto batch = parse_batch(bytes).value();
        RecordIterator records(batch, batch.body());
        Record record;
        while (records.next(record)) {
        }
        EXPECT_EQ(records.ok(), c.at == 3) << c.name;
    }
}

TEST(RecordBatchTest, BytesBehindTheLastRecordAreInvalid) {
    Buffer bytes = three();
    bytes.push_back(0);
    store_big_endian<std::int32_t>(bytes.data() + batch_layout::kLength,
                                   static_cast<std::int32_t>(bytes.size() - 12));
    reseal(bytes);
    EXPECT_EQ(verdict(bytes), ErrorCode::invalid_record);
}

TEST(RecordBatchTest, DamagedCompressionIsFoundWhenAskedFor) {
    Buffer bytes = three({.codec = Codec::gzip});
    bytes[batch_layout::kHeaderBytes + 12] ^= 0xff;
    reseal(bytes);
    EXPECT_EQ(verdict(bytes), ErrorCode::none);
    EXPECT_EQ(verdict(bytes, {.decompressed_bytes_max = kPlenty}), ErrorCode::invalid_record);
    EXPECT_EQ(verdict(three({.codec = Codec::gzip}), {.decompressed_bytes_max = 10}),
              ErrorCode::message_too_large);
}

TEST(RecordBatchTest, WhatCompactionLeaves) {
    BatchOptions options;
    options.base_offset = Offset{1000};
    BatchBuilder builder(options);
    builder.append_at(Offset{1003}, 5, text("a"), text("1"));
    builder.append_at(Offset{1019}, 6, text("b"), text("2"));
    const Buffer bytes = builder.build(Offset{1030}).value();
    const auto batch = parse_batch(bytes).value();
    EXPECT_EQ(batch.next_offset(), Offset{1031});
    EXPECT_EQ(verdict(bytes, {.origin = BatchOrigin::log}), ErrorCode::none);
    EXPECT_EQ(verdict(bytes), ErrorCode::invalid_record);
    EXPECT_EQ(records_in(bytes),
              (std::vector<Plain>{{1003, 5, "a", "1", {}}, {1019, 6, "b", "2", {}}}));

    options.producer_id = ProducerId{9};
    options.base_sequence = 15;
    const Buffer nothing = empty_batch(options, Offset{1009}, 1234);
    EXPECT_EQ(nothing.size(), batch_layout::kHeaderBytes);
    EXPECT_EQ(verdict(nothing, {.origin = BatchOrigin::log}), ErrorCode::none);
    EXPECT_EQ(verdict(nothing), ErrorCode::invalid_record);
    EXPECT_TRUE(records_in(nothing).empty());
    EXPECT_EQ(parse_batch(nothing).value().last_sequence(), 24);
    EXPECT_EQ(parse_batch(nothing).value().base_timestamp(), kNoTimestamp);
}

TEST(RecordBatchTest, DeleteHorizonStandsInForTheBaseTimestamp) {
    BatchBuilder builder({.delete_horizon_ms = 5000});
    builder.append(1000, text("k"), std::nullopt);
    const Buffer bytes = builder.build().value();
    const auto batch = parse_batch(bytes).value();
    EXPECT_TRUE(batch.has_delete_horizon());
    EXPECT_EQ(batch.base_timestamp(), 5000);
    EXPECT_EQ(batch.max_timestamp(), 1000);
    EXPECT_EQ(records_in(bytes).at(0).timestamp, 1000);
    EXPECT_EQ(check_batch(batch).value().max_timestamp, 1000);
}

TEST(RecordBatchTest, PatchesOutsideTheChecksum) {
    Buffer bytes = three();
    patch_base_offset(bytes, Offset{1'000'000});
    patch_partition_leader_epoch(bytes, LeaderEpoch{42});
    EXPECT_EQ(verdict(bytes), ErrorCode::none);
    const auto batch = parse_batch(bytes).value();
    EXPECT_EQ(batch.base_offset(), Offset{1'000'000});
    EXPECT_EQ(batch.partition_leader_epoch(), LeaderEpoch{42});
    EXPECT_EQ(records_in(bytes).at(2).offset, 1'000'002);
}

TEST(RecordBatchTest, LogAppendTimeRewritesTheChecksumToo) {
    for (const Codec codec : kAll) {
        Buffer bytes = three({.codec = codec});
        patch_log_append_time(bytes, 99'999);
        EXPECT_EQ(verdict(bytes), ErrorCode::none) << codec_name(codec);
        const auto batch = parse_batch(bytes).value();
        EXPECT_EQ(batch.timestamp_type(), TimestampType::log_append_time);
        EXPECT_EQ(batch.max_timestamp(), 99'999);
        EXPECT_EQ(batch.codec(), codec);
        for (const Plain& record : records_in(bytes))
            EXPECT_EQ(record.timestamp, 99'999);
    }
    Buffer bytes = three();
    patch_log_append_time(bytes, 99'999);
    const auto facts = check_batch(parse_batch(bytes).value()).value();
    EXPECT_EQ(facts.max_timestamp, 99'999);
    EXPECT_EQ(facts.min_timestamp, 99'999);
    EXPECT_EQ(facts.offset_delta_of_max_timestamp, 0);
}

TEST(RecordBatchTest, BuilderIsReusableAndKnowsItsSize) {
    BatchBuilder builder({});
    std::size_t bound = builder.size_bytes();
    for (int i = 0; i < 100; ++i) {
        const std::string value(static_cast<std::size_t>(i), 'x');
        const RecordHeader headers[] = {{"h", text("12")}};
        bound += BatchBuilder::record_size_max(1, value.size(), headers);
        builder.append(i * 1'000'000'000LL, text("k"), text(value), headers);
        EXPECT_LE(builder.size_bytes(), bound);
    }
    EXPECT_EQ(builder.count(), 100);
    EXPECT_EQ(builder.next_offset(), Offset{100});
    const std::size_t size = builder.size_bytes();
    EXPECT_EQ(builder.build().value().size(), size);
    EXPECT_EQ(builder.count(), 0);
    builder.append(1, text("a"), text("b"));
    EXPECT_EQ(records_in(builder.build().value()), (std::vector<Plain>{{0, 1, "a", "b", {}}}));
}

Record only_record(const Buffer& bytes, const BatchHeader& batch) {
    EXPECT_EQ(verdict(bytes, {.origin = BatchOrigin::log}), ErrorCode::none);
    EXPECT_TRUE(batch.is_control());
    EXPECT_EQ(batch.count(), 1);
    RecordIterator records(batch, batch.body());
    Record record;
    EXPECT_TRUE(records.next(record));
    return record;
}

TEST(ControlBatchTest, TransactionMarkers) {
    BatchOptions options;
    options.base_offset = Offset{7};
    options.producer_id = ProducerId{5};
    options.producer_epoch = 1;
    for (const bool commit : {true, false}) {
        const Buffer bytes = end_transaction_batch(options, 1000, commit, 12);
        const auto batch = parse_batch(bytes).value();
        const Record record = only_record(bytes, batch);
        EXPECT_TRUE(batch.is_transactional());
        EXPECT_EQ(batch.base_sequence(), kNoSequence);
        EXPECT_EQ(Buffer(record.key->begin(), record.key->end()),
                  (Buffer{0, 0, 0, static_cast<std::uint8_t>(commit)}));
        EXPECT_EQ(Buffer(record.value->begin(), record.value->end()), (Buffer{0, 0, 0, 0, 0, 12}));
        EXPECT_EQ(control_type(record), commit ? ControlType::commit : ControlType::abort);
        EXPECT_EQ(coordinator_epoch(record), 12);
    }
}

TEST(ControlBatchTest, MetadataLog) {
    LeaderChangeMessage change;
    change.leader_id = 2;
    change.voters = {{.voter_id = 1}, {.voter_id = 2}};
    const std::pair<Buffer, ControlType> batches[] = {
        {leader_change_batch({}, 1, change), ControlType::leader_change},
        {snapshot_header_batch({}, 1, {.last_contained_log_timestamp = 9}),
         ControlType::snapshot_header},
        {snapshot_footer_batch({}, 1, {}), ControlType::snapshot_footer},
        {kraft_version_batch({}, 1, {.kraft_version = 1}), ControlType::kraft_version},
        {kraft_voters_batch({}, 1, {}), ControlType::kraft_voters},
    };
    for (const auto& [bytes, type] : batches) {
        const auto batch = parse_batch(bytes).value();
        EXPECT_FALSE(batch.is_transactional());
        EXPECT_EQ(control_type(only_record(bytes, batch)), type);
    }
    const auto batch = parse_batch(batches[0].first).value();
    const Record record = only_record(batches[0].first, batch);
    // Version 0, leader 2, two voters, none granting, no tagged fields.
    EXPECT_EQ(Buffer(record.value->begin(), record.value->end()),
              (Buffer{0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 1, 0}));
}

TEST(ControlBatchTest, KeysThatAreNone) {
    Record record;
    EXPECT_EQ(control_type(record), std::nullopt);
    const Buffer tiny = {0, 0, 0};
    record.key = tiny;
    EXPECT_EQ(control_type(record), std::nullopt);
}

}  // namespace
}  // namespace cauce::wire
