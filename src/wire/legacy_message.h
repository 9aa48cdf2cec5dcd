// Messages of the formats 0 and 1, which Kafka wrote before 0.11 (docs/formats/legacy-messages.md).
// They stand in old logs and are read; nobody writes them any more. In a log each of them counts as
// a batch: a single record, or a wrapper whose value is a compressed row of messages. What is here
// works on bytes owned by somebody else.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/compression.h"
#include "wire/field_types.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cauce::wire {

namespace legacy_layout {

// Where the fields stand. The size counts what follows it; the checksum, CRC-32 as zlib has it,
// covers all from kMagic on. Format 1 has the timestamp; then key and value, an int32 length each.
inline constexpr std::size_t kOffset = 0;
inline constexpr std::size_t kSize = 8;
inline constexpr std::size_t kSizeEnd = 12;
inline constexpr std::size_t kCrc = 12;
inline constexpr std::size_t kMagic = 16;
inline constexpr std::size_t kAttributes = 17;
inline constexpr std::size_t kTimestamp = 18;
inline constexpr std::size_t kLengthBytes = 4;
// A message with neither key nor value.
inline constexpr std::size_t kSmallest0 = kTimestamp + 2 * kLengthBytes;
inline constexpr std::size_t kSmallest1 = kSmallest0 + 8;

// Attributes, as far as they are those of batches: the codec and, from format 1 on, LogAppendTime.
inline constexpr std::uint8_t kCodecMask = 0x07;
inline constexpr std::uint8_t kLogAppendTime = 0x08;

}  // namespace legacy_layout

// Whether what begins here says that it is of format 0 or 1: the format stands at the same place in
// all of them. So does the size: peek_batch_size().
bool is_legacy(BytesView bytes);

// A view of one whole message whose lengths have been checked: parse_legacy_message() makes them.
class LegacyMessage {
public:
    // Of a wrapper: that of its last record.
    Offset offset() const { return {field<std::int64_t>(legacy_layout::kOffset)}; }
    Offset next_offset() const { return offset() + 1; }
    std::int8_t magic() const { return field<std::int8_t>(legacy_layout::kMagic); }
    // Codecs 4 to 7 do not exist in these formats; records_of() refuses them.
    Codec codec() const { return static_cast<Codec>(attributes() & legacy_layout::kCodecMask); }
    TimestampType timestamp_type() const {
        return magic() > 0 && (attributes() & legacy_layout::kLogAppendTime) != 0
                   ? TimestampType::log_append_time
                   : TimestampType::create_time;
    }
    // Of a wrapper: the largest one inside, or the time of all. kNoTimestamp in format 0.
    std::int64_t timestamp() const {
        return magic() > 0 ? field<std::int64_t>(legacy_layout::kTimestamp) : kNoTimestamp;
    }
    std::optional<Bytes> key() const { return key_; }
    std::optional<Bytes> value() const { return value_; }
    std::size_t size_bytes() const { return bytes_.size(); }
    bool crc_matches() const;

private:
    friend Result<LegacyMessage> parse_legacy_message(BytesView bytes);
    explicit LegacyMessage(BytesView bytes) : bytes_(bytes) {}

    template <typename Integer>
    Integer field(std::size_t at) const {
        return load_big_endian<Integer>(bytes_.data() + at);
    }
    std::uint8_t attributes() const { return bytes_[legacy_layout::kAttributes]; }

    BytesView bytes_;
    std::optional<Bytes> key_;
    std::optional<Bytes> value_;
};

// The message at the start of `bytes`. CORRUPT_MESSAGE when the bytes end before it does, it is of
// another format, or its lengths contradict each other. The checksum is the caller's to look at.
Result<LegacyMessage> parse_legacy_message(BytesView bytes);

// Its records: one, or those of the messages inside, with their offsets in the log. Views into the
// message or into `storage`. INVALID_RECORD when a wrapper is not one; `limit` as in decompress().
Result<std::vector<Record>> records_of(const LegacyMessage& message, std::size_t limit,
                                       Buffer& storage);

}  // namespace cauce::wire
