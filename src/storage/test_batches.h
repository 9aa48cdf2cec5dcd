// For the tests of this folder: record batches as producers send them.
#pragma once

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/ids.h"

#include <cstdint>
#include <string>

namespace cauce::storage::testing {

struct BatchOptions {
    std::int64_t base_offset = 0;
    std::int32_t records = 1;
    std::size_t value_bytes = 10;
    std::int64_t timestamp = 1'000;  // of the first; each next one is a millisecond later
    std::int32_t leader_epoch = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    bool transactional = false;
    std::int32_t gap_behind = 0;  // offsets at the end that compaction took
};

inline void put_varint(Buffer& out, std::int64_t value) {
    auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
    for (; bits >= 0x80; bits >>= 7)
        out.push_back(static_cast<std::uint8_t>(bits | 0x80));
    out.push_back(static_cast<std::uint8_t>(bits));
}

inline Buffer finish_batch(Buffer records, const BatchOptions& o, std::int64_t max_timestamp,
                           std::uint16_t attributes) {
    Buffer batch(61);
    batch.insert(batch.end(), records.begin(), records.end());
    std::uint8_t* at = batch.data();
    store_big_endian<std::int64_t>(at, o.base_offset);
    store_big_endian(at + 8, static_cast<std::int32_t>(batch.size() - 12));
    store_big_endian(at + 12, o.leader_epoch);
    at[16] = 2;
    store_big_endian(at + 21, attributes);
    store_big_endian(at + 23, o.records - 1 + o.gap_behind);
    store_big_endian(at + 27, o.timestamp);
    store_big_endian(at + 35, max_timestamp);
    store_big_endian(at + 43, o.producer_id);
    store_big_endian(at + 51, o.producer_epoch);
    store_big_endian(at + 53, o.base_sequence);
    store_big_endian(at + 57, o.records);
    store_big_endian(at + 17, crc32c(BytesView(batch).subspan(21)));
    return batch;
}

inline Buffer make_batch(const BatchOptions& o) {
    Buffer records;
    for (std::int32_t i = 0; i < o.records; ++i) {
        Buffer record;
        record.push_back(0);
        put_varint(record, i);
        put_varint(record, i);
        put_varint(record, -1);
        put_varint(record, static_cast<std::int64_t>(o.value_bytes));
        for (std::size_t b = 0; b < o.value_bytes; ++b)
            record.push_back(static_cast<std::uint8_t>('a' + (o.base_offset + i) % 26));
        put_varint(record, 0);
        put_varint(records, static_cast<std::int64_t>(record.size()));
        records.insert(records.end(), record.begin(), record.end());
    }
    return finish_batch(std::move(records), o, o.timestamp + o.records - 1,
                        o.transactional ? 0x10 : 0);
}

// The control batch that ends a transaction.
inline Buffer make_marker(BatchOptions o, bool commit, std::int32_t coordinator_epoch) {
    o.records = 1;
    Buffer record{0, 0, 0};
    put_varint(record, 4);
    record.insert(record.end(), {0, 0, 0, static_cast<std::uint8_t>(commit ? 1 : 0)});
    put_varint(record, 6);
    record.insert(record.end(), {0, 0});
    std::uint8_t epoch[4];
    store_big_endian(epoch, coordinator_epoch);
    record.insert(record.end(), epoch, epoch + 4);
    put_varint(record, 0);
    Buffer records;
    put_varint(records, static_cast<std::int64_t>(record.size()));
    records.insert(records.end(), record.begin(), record.end());
    return finish_batch(std::move(records), o, o.timestamp, 0x30);
}

}  // namespace cauce::storage::testing
