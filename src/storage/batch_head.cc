#include "storage/batch_head.h"

#include "base/crc32c.h"

#include <zlib.h>

namespace cauce::storage {
namespace {

constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kLengthEnd = 12;
constexpr std::size_t kEpochAt = 12;
constexpr std::size_t kMagicAt = 16;
constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kLastDeltaAt = 23;
constexpr std::size_t kMaxTimestampAt = 35;
constexpr std::size_t kProducerIdAt = 43;
constexpr std::size_t kProducerEpochAt = 51;
constexpr std::size_t kBaseSequenceAt = 53;

constexpr std::uint16_t kTransactional = 0x10;
constexpr std::uint16_t kControl = 0x20;

std::optional<BatchHead> refuse(const char** why, const char* reason) {
    if (why != nullptr) *why = reason;
    return std::nullopt;
}

}  // namespace

const char* const BatchHead::kOldFormat = "a message of format 0 or 1";

std::optional<BatchHead> BatchHead::read(BytesView bytes, const char** why) {
    const std::uint8_t* at = bytes.data();
    if (bytes.size() > kMagicAt && bytes.size() < kBytes && at[kMagicAt] < 2 &&
        at[kLengthEnd - 1] != 0)
        return refuse(why, kOldFormat);
    if (bytes.size() < kBytes) return refuse(why, "the file ends inside the head of a batch");
    const auto magic = static_cast<std::int8_t>(at[kMagicAt]);
    const auto length = load_big_endian<std::int32_t>(at + kLengthAt);
    const auto last_delta = load_big_endian<std::int32_t>(at + kLastDeltaAt);
    BatchHead head;
    head.base_offset.value = load_big_endian<std::int64_t>(at);
    if (length == 0 && magic == 0 && head.base_offset.value == 0)
        return refuse(why, "zeros where a batch should be");
    if (magic == 0 || magic == 1) return refuse(why, kOldFormat);
    if (magic != 2) return refuse(why, "an unknown batch format");
    if (length < static_cast<std::int32_t>(kBytes - kLengthEnd))
        return refuse(why, "a batch shorter than its head");
    if (head.base_offset.value < 0 || last_delta < 0 ||
        head.base_offset.value > INT64_MAX - 1 - last_delta)
        return refuse(why, "impossible offsets");
    head.last_offset = head.base_offset + last_delta;
    head.size_bytes = static_cast<std::uint32_t>(length) + kLengthEnd;
    head.leader_epoch.value = load_big_endian<std::int32_t>(at + kEpochAt);
    head.max_timestamp = load_big_endian<std::int64_t>(at + kMaxTimestampAt);
    head.producer_id.value = load_big_endian<std::int64_t>(at + kProducerIdAt);
    head.producer_epoch = load_big_endian<std::int16_t>(at + kProducerEpochAt);
    head.base_sequence = load_big_endian<std::int32_t>(at + kBaseSequenceAt);
    const auto attributes = load_big_endian<std::uint16_t>(at + kAttributesAt);
    head.transactional = (attributes & kTransactional) != 0;
    head.control = (attributes & kControl) != 0;
    return head;
}

ProducerBatch BatchHead::producer_batch() const {
    const auto delta = static_cast<std::int32_t>(last_offset - base_offset);
    return {producer_id,   producer_epoch,
            base_sequence, base_sequence < 0 ? -1 : sequence_after(base_sequence, delta),
            base_offset,   last_offset,
            max_timestamp, transactional};
}

bool batch_crc_matches(BytesView batch) {
    return batch.size() >= BatchHead::kBytes &&
           load_big_endian<std::uint32_t>(batch.data() + kCrcAt) ==
               crc32c(batch.subspan(kAttributesAt));
}

bool is_old_message(BytesView bytes) {
    // offset, size, CRC32 (IEEE) of all behind it, magic, ...
    constexpr std::size_t kOldCrcAt = 12;
    constexpr std::size_t kOldHeadBytes = 26;
    if (bytes.size() < kOldHeadBytes || bytes[kMagicAt] > 1) return false;
    const auto size = load_big_endian<std::int32_t>(bytes.data() + kLengthAt);
    if (size < static_cast<std::int32_t>(kOldHeadBytes - kLengthEnd) ||
        bytes.size() - kLengthEnd < static_cast<std::size_t>(size))
        return false;
    const BytesView checked = bytes.subspan(kMagicAt, static_cast<std::size_t>(size) - 4);
    return load_big_endian<std::uint32_t>(bytes.data() + kOldCrcAt) ==
           crc32(0, checked.data(), static_cast<uInt>(checked.size()));
}

}  // namespace cauce::storage
