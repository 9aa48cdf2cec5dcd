// Record batches, format version 2 (docs/formats/record-batch.md): the unit in which records
// travel, are stored and are checked. What is here works on bytes owned by somebody else.
//
// Only the base offset and the partition leader epoch lie outside the checksum: a broker writes
// these two and leaves the rest as the producer made it.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/compression.h"
#include "wire/field_types.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace cauce::wire {

namespace batch_layout {

// Where the fields stand. The length counts what follows it; the checksum covers all from
// kAttributes on.
inline constexpr std::size_t kBaseOffset = 0;
inline constexpr std::size_t kLength = 8;
inline constexpr std::size_t kPartitionLeaderEpoch = 12;
inline constexpr std::size_t kMagic = 16;
inline constexpr std::size_t kCrc = 17;
inline constexpr std::size_t kAttributes = 21;
inline constexpr std::size_t kLastOffsetDelta = 23;
inline constexpr std::size_t kBaseTimestamp = 27;
inline constexpr std::size_t kMaxTimestamp = 35;
inline constexpr std::size_t kProducerId = 43;
inline constexpr std::size_t kProducerEpoch = 51;
inline constexpr std::size_t kBaseSequence = 53;
inline constexpr std::size_t kCount = 57;
inline constexpr std::size_t kHeaderBytes = 61;

// Bytes in front of what the length counts.
inline constexpr std::size_t kLengthEnd = 12;

// Attributes.
inline constexpr std::uint16_t kCodecMask = 0x07;
inline constexpr std::uint16_t kLogAppendTime = 0x08;
inline constexpr std::uint16_t kTransactional = 0x10;
inline constexpr std::uint16_t kControl = 0x20;
inline constexpr std::uint16_t kDeleteHorizon = 0x40;

}  // namespace batch_layout

inline constexpr std::int8_t kBatchMagic = 2;
inline constexpr std::int64_t kNoTimestamp = -1;
inline constexpr std::int32_t kNoSequence = -1;

enum class TimestampType : std::uint8_t { create_time, log_append_time };

// A view of one whole batch whose length has been checked: parse_batch() makes them.
class BatchHeader {
public:
    Offset base_offset() const { return {field<std::int64_t>(batch_layout::kBaseOffset)}; }
    LeaderEpoch partition_leader_epoch() const {
        return {field<std::int32_t>(batch_layout::kPartitionLeaderEpoch)};
    }
    std::int8_t magic() const { return field<std::int8_t>(batch_layout::kMagic); }
    std::uint32_t crc() const { return field<std::uint32_t>(batch_layout::kCrc); }
    std::uint16_t attributes() const { return field<std::uint16_t>(batch_layout::kAttributes); }
    std::int32_t last_offset_delta() const {
        return field<std::int32_t>(batch_layout::kLastOffsetDelta);
    }
    // The delete horizon when has_delete_horizon(); record timestamps are deltas to it all the
    // same.
    std::int64_t base_timestamp() const {
        return field<std::int64_t>(batch_layout::kBaseTimestamp);
    }
    std::int64_t max_timestamp() const { return field<std::int64_t>(batch_layout::kMaxTimestamp); }
    ProducerId producer_id() const { return {field<std::int64_t>(batch_layout::kProducerId)}; }
    std::int16_t producer_epoch() const {
        return field<std::int16_t>(batch_layout::kProducerEpoch);
    }
    std::int32_t base_sequence() const { return field<std::int32_t>(batch_layout::kBaseSequence); }
    std::int32_t count() const { return field<std::int32_t>(batch_layout::kCount); }

    Offset last_offset() const { return base_offset() + last_offset_delta(); }
    Offset next_offset() const { return last_offset() + 1; }
    // Sequences wrap from 2147483647 to 0. kNoSequence without a producer's sequence.
    std::int32_t last_sequence() const;
    std::size_t size_bytes() const { return bytes_.size(); }
    // Codecs 5 to 7 do not exist; check_batch() refuses them.
    Codec codec() const { return static_cast<Codec>(attributes() & batch_layout::kCodecMask); }
    TimestampType timestamp_type() const {
        return has(batch_layout::kLogAppendTime) ? TimestampType::log_append_time
                                                 : TimestampType::create_time;
    }
    bool is_transactional() const { return has(batch_layout::kTransactional); }
    bool is_control() const { return has(batch_layout::kControl); }
    bool has_delete_horizon() const { return has(batch_layout::kDeleteHorizon); }
    bool has_producer_id() const { return producer_id().value >= 0; }

    // The whole batch.
    BytesView bytes() const { return bytes_; }
    // What follows the header: the records, compressed by codec().
    BytesView body() const { return bytes_.subspan(batch_layout::kHeaderBytes); }
    // What the checksum covers.
    BytesView checked_bytes() const { return bytes_.subspan(batch_layout::kAttributes); }
    bool crc_matches() const;

private:
    friend Result<BatchHeader> parse_batch(BytesView bytes);
    explicit BatchHeader(BytesView bytes) : bytes_(bytes) {}

    template <typename Integer>
    Integer field(std::size_t at) const {
        return load_big_endian<Integer>(bytes_.data() + at);
    }
    bool has(std::uint16_t bit) const { return (attributes() & bit) != 0; }

    BytesView bytes_;
};

// Bytes of the batch that starts here, header included; nothing while fewer than kLengthEnd bytes
// are there. The number is the batch's word: it may be more than there is, or too small to be a
// batch (0 stands for a length that is negative or absurd).
std::optional<std::size_t> peek_batch_size(BytesView bytes);

// The batch at the start of `bytes`, with its size, format version and base offset checked.
// CORRUPT_MESSAGE, Kafka's name for it, when the bytes end before the batch does, the length is
// impossible or the magic is not 2. INVALID_RECORD when there is no such offset: what a batch says
// of its offsets can be computed with.
Result<BatchHeader> parse_batch(BytesView bytes);

// What check_batch() learned about the records. With only the header to go by, timestamps are the
// header's and the offset is the last one.
struct BatchFacts {
    std::int64_t max_timestamp = kNoTimestamp;
    std::int64_t min_timestamp = kNoTimestamp;
    // Of the first record with max_timestamp, counted from the base offset.
    std::int32_t offset_delta_of_max_timestamp = 0;
    // Index of the first record without a key, which a compacted topic refuses; -1 = none seen.
    std::int32_t first_without_key = -1;
    bool records_seen = false;  // The records were walked, not only the header.
};

enum class BatchOrigin : std::uint8_t {
    producer,  // Offsets without gaps, from the base offset on; at least one record; not control.
    log,       // Another replica's log or our own: compaction leaves gaps and even empty batches.
};

struct BatchCheck {
    BatchOrigin origin = BatchOrigin::producer;
    bool crc = true;
    // Walk the records of a compressed batch too, at most this many bytes of them. 0 = take it by
    // header.
    std::size_t decompressed_bytes_max = 0;
};

// Whether a batch is what it says it is (decision D12): CORRUPT_MESSAGE when the checksum is wrong,
// INVALID_RECORD when header or records contradict themselves, MESSAGE_TOO_LARGE when decompression
// would pass its limit. Records of an uncompressed batch are walked once, about 5 ns each.
Result<BatchFacts> check_batch(const BatchHeader& batch, const BatchCheck& check = {});

// The same for records that the caller decompressed.
Result<BatchFacts> check_records(const BatchHeader& batch, BytesView records, BatchOrigin origin);

// The records of a batch, decompressed when they have to be; `limit` as in decompress(). The view
// is into the batch or into `storage`.
Result<BytesView> records_of(const BatchHeader& batch, std::size_t limit, Buffer& storage);

// ---- Writing into a batch in place. `batch` holds it from its first byte. ----

void patch_base_offset(MutableBytes batch, Offset offset);
void patch_partition_leader_epoch(MutableBytes batch, LeaderEpoch epoch);
// LogAppendTime: max timestamp and timestamp type, and the checksum to match, which must have been
// right before. The records are not read.
void patch_log_append_time(MutableBytes batch, std::int64_t timestamp);

}  // namespace cauce::wire
