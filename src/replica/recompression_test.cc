#include "replica/recompression.h"

#include "wire/batch_builder.h"
#include "wire/record.h"

#include <gtest/gtest.h>

namespace cauce::replica {
namespace {

Buffer sample(wire::Codec codec) {
    wire::BatchOptions options;
    options.base_offset = Offset{100};
    options.codec = codec;
    options.producer_id = ProducerId{7};
    options.producer_epoch = 3;
    options.base_sequence = 40;
    wire::BatchBuilder builder(options);
    const wire::RecordHeader header{"h", wire::Bytes(as_bytes("v"))};
    builder.append(1000, wire::Bytes(as_bytes("key")), wire::Bytes(as_bytes("value")),
                   std::span(&header, 1));
    builder.append(1005, std::nullopt, wire::Bytes(as_bytes("second")));
    builder.append(990, wire::Bytes(as_bytes("gone")), std::nullopt);
    return builder.build().value();
}

std::vector<wire::Record> records_in(const wire::BatchHeader& batch, Buffer& storage) {
    std::vector<wire::Record> out;
    const auto bytes = wire::records_of(batch, 1 << 20, storage);
    EXPECT_TRUE(bytes);
    wire::RecordIterator iterator(batch, *bytes);
    for (wire::Record record; iterator.next(record);)
        out.push_back(record);
    EXPECT_TRUE(iterator.ok());
    return out;
}

TEST(Recompress, KeepsEverythingButTheCodec) {
    for (wire::Codec from : {wire::Codec::none, wire::Codec::zstd}) {
        for (wire::Codec to : {wire::Codec::none, wire::Codec::gzip, wire::Codec::snappy,
                               wire::Codec::lz4, wire::Codec::zstd}) {
            const Buffer before = sample(from);
            const auto batch = wire::parse_batch(before);
            ASSERT_TRUE(batch);
            const auto bytes = recompress(*batch, to, std::nullopt, 1 << 20);
            ASSERT_TRUE(bytes);
            const auto after = wire::parse_batch(*bytes);
            ASSERT_TRUE(after);
            EXPECT_EQ(after->codec(), to);
            EXPECT_TRUE(after->crc_matches());
            EXPECT_EQ(after->producer_id(), ProducerId{7});
            EXPECT_EQ(after->last_sequence(), 42);
            EXPECT_EQ(after->max_timestamp(), 1005);
            Buffer one, two;
            EXPECT_EQ(records_in(*batch, one), records_in(*after, two));
        }
    }
}

TEST(Recompress, ABombIsTooLarge) {
    const Buffer before = sample(wire::Codec::zstd);
    const auto batch = wire::parse_batch(before);
    ASSERT_TRUE(batch);
    const auto refused = recompress(*batch, wire::Codec::none, std::nullopt, 4);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::message_too_large);
}

}  // namespace
}  // namespace cauce::replica
