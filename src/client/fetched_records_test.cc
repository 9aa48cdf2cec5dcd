#include "client/fetched_records.h"

#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/testing/legacy_log.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::client {
namespace {

Buffer batch(std::int64_t base, const std::vector<std::string>& values,
             wire::BatchOptions options = {}) {
    options.base_offset = Offset{base};
    wire::BatchBuilder builder(options);
    for (const std::string& value : values)
        builder.append(1000, std::nullopt, wire::Bytes(as_bytes(value)));
    return *builder.build();
}

Buffer operator+(Buffer a, const Buffer& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

FetchedBytes fetched(Buffer bytes, std::int64_t position = 0) {
    FetchedBytes out;
    out.partition = {"t", 0};
    out.bytes = std::move(bytes);
    out.position = Offset{position};
    return out;
}

std::vector<std::string> values(const FetchedRecords& records) {
    std::vector<std::string> list;
    for (const auto& record : records.records)
        list.push_back(std::to_string(record.offset.value) + ":" +
                       std::string(as_text(*record.value)));
    return list;
}

using Strings = std::vector<std::string>;

TEST(DecodeRecords, BatchesOfEveryCodecOneAfterTheOther) {
    Buffer bytes;
    std::int64_t next = 0;
    Strings expected;
    for (const wire::Codec codec : {wire::Codec::none, wire::Codec::gzip, wire::Codec::snappy,
                                    wire::Codec::lz4, wire::Codec::zstd}) {
        wire::BatchOptions options;
        options.codec = codec;
        bytes = bytes + batch(next, {"a", "b"}, options);
        expected.push_back(std::to_string(next) + ":a");
        expected.push_back(std::to_string(next + 1) + ":b");
        next += 2;
    }
    const auto records = decode_records(fetched(bytes));
    ASSERT_TRUE(records) << records.error().message;
    EXPECT_EQ(values(*records), expected);
    EXPECT_EQ(records->next, Offset{10});
}

TEST(DecodeRecords, BeginsInTheMiddleOfABatchAndEndsBeforeACutOne) {
    const Buffer cut = batch(3, {"d", "e"});
    const Buffer bytes = batch(0, {"a", "b", "c"}) + Buffer(cut.begin(), cut.end() - 1);
    const auto records = decode_records(fetched(bytes, 1));
    ASSERT_TRUE(records);
    EXPECT_EQ(values(*records), (Strings{"1:b", "2:c"}));
    EXPECT_EQ(records->next, Offset{3});
}

TEST(DecodeRecords, AtTheEndByTheHighWatermark) {
    FetchedBytes bytes = fetched(batch(0, {"a", "b"}));
    bytes.high_watermark = 2;
    EXPECT_TRUE(decode_records(std::move(bytes))->at_end);
    bytes = fetched(batch(0, {"a", "b"}));
    bytes.high_watermark = 3;
    EXPECT_FALSE(decode_records(std::move(bytes))->at_end);
    bytes = fetched({}, 7);
    bytes.high_watermark = 7;
    const auto empty = decode_records(std::move(bytes));
    EXPECT_TRUE(empty->at_end);
    EXPECT_EQ(empty->next, Offset{7});
}

TEST(DecodeRecords, ControlBatchesAreLeftOutButPassed) {
    wire::BatchOptions options;
    options.base_offset = Offset{1};
    options.producer_id = ProducerId{5};
    const Buffer marker = wire::end_transaction_batch(options, 1000, true, 0);
    const auto records = decode_records(fetched(batch(0, {"a"}) + marker));
    ASSERT_TRUE(records) << records.error().message;
    EXPECT_EQ(values(*records), Strings{"0:a"});
    EXPECT_EQ(records->next, Offset{2});
}

TEST(DecodeRecords, ReadCommittedLeavesOutWhatWasAborted) {
    wire::BatchOptions five;
    five.producer_id = ProducerId{5};
    five.producer_epoch = 0;
    five.base_sequence = 0;
    five.transactional = true;
    wire::BatchOptions six = five;
    six.producer_id = ProducerId{6};
    wire::BatchOptions marker = five;
    marker.base_offset = Offset{3};
    marker.base_sequence = wire::kNoSequence;
    const Buffer bytes = batch(0, {"aborted"}, five) + batch(1, {"committed"}, six) +
                         batch(2, {"plain"}) + wire::end_transaction_batch(marker, 1000, false, 0) +
                         batch(4, {"next transaction"}, five);
    FetchedBytes committed = fetched(bytes);
    committed.isolation = Isolation::read_committed;
    committed.aborted = {{ProducerId{5}, Offset{0}}};
    committed.last_stable_offset = 5;
    const auto records = decode_records(std::move(committed));
    ASSERT_TRUE(records) << records.error().message;
    EXPECT_EQ(values(*records), (Strings{"1:committed", "2:plain", "4:next transaction"}));
    EXPECT_TRUE(records->at_end);
    EXPECT_EQ(values(*decode_records(fetched(bytes))),
              (Strings{"0:aborted", "1:committed", "2:plain", "4:next transaction"}));
}

// What brokers of before 0.11 wrote, formats 0 and 1, with a batch of today behind it.
TEST(DecodeRecords, MessagesOfOldLogs) {
    const auto log = wire::testing::LegacyLog::read();
    const auto text = [](const std::optional<wire::Bytes>& bytes) {
        return bytes ? std::optional(std::string(as_text(*bytes))) : std::nullopt;
    };
    for (const std::int64_t position : {0, 1, 4, 16, 40, 47, 69}) {
        const auto records = decode_records(fetched(log.bytes, position));
        ASSERT_TRUE(records) << records.error().message;
        std::vector<wire::testing::LegacyLog::Record> found;
        for (const FetchedRecord& record : records->records)
            found.push_back(
                {record.offset.value, record.timestamp, text(record.key), text(record.value)});
        auto wanted = log.records();
        std::erase_if(wanted, [position](const auto& one) { return one.offset < position; });
        EXPECT_EQ(found, wanted) << position;
        EXPECT_EQ(records->next, Offset{log.batches.back().last_offset + 1});
    }
    const auto all = decode_records(fetched(log.bytes));
    EXPECT_EQ(all->records.front().leader_epoch, LeaderEpoch{-1});
    EXPECT_EQ(all->records.back().leader_epoch, LeaderEpoch{4});
    EXPECT_EQ(all->records.at(30).timestamp_type, wire::TimestampType::log_append_time);
    for (const auto& batch : log.batches) {
        Buffer damaged = log.bytes;
        damaged[batch.position + batch.size_bytes - 1] ^= 1;
        EXPECT_FALSE(decode_records(fetched(damaged))) << batch.base_offset;
    }
}

TEST(DecodeRecords, DamageIsFound) {
    const Buffer sound = batch(0, {"some value"});
    for (std::size_t i = 0; i < sound.size(); ++i) {
        // Base offset and leader epoch lie outside the checksum; a length cuts the batch off.
        if (i < 16) continue;
        Buffer damaged = sound;
        damaged[i] ^= 0x10;
        EXPECT_FALSE(decode_records(fetched(damaged))) << i;
    }
    Buffer cut = sound;
    cut.pop_back();
    EXPECT_EQ(decode_records(fetched(cut))->next, Offset{0});
}

}  // namespace
}  // namespace cauce::client
