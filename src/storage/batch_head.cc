#include "storage/batch_head.h"

#include "base/crc32c.h"
#include "wire/legacy_message.h"

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
constexpr std::size_t kRecordsAt = 57;

constexpr std::uint16_t kTransactional = 0x10;
constexpr std::uint16_t kControl = 0x20;

std::optional<BatchHead> refuse(const char** why, const char* reason) {
    if (why != nullptr) *why = reason;
    return std::nullopt;
}

std::optional<BatchHead> read_legacy(BytesView bytes, const char** why) {
    using namespace wire::legacy_layout;
    const auto length = load_big_endian<std::int32_t>(bytes.data() + kSize);
    BatchHead head;
    head.magic = static_cast<std::int8_t>(bytes[kMagic]);
    const std::size_t smallest = head.magic == 0 ? kSmallest0 : kSmallest1;
    if (length < static_cast<std::int32_t>(smallest - kSizeEnd))
        return refuse(why, "a message shorter than its head");
    if (bytes.size() < smallest) return refuse(why, "the file ends inside the head of a message");
    head.base_offset.value = load_big_endian<std::int64_t>(bytes.data());
    if (head.base_offset.value < 0 || head.base_offset.value == INT64_MAX)
        return refuse(why, "an impossible offset");
    head.last_offset = head.base_offset;
    head.size_bytes = static_cast<std::uint32_t>(length) + kSizeEnd;
    if (head.magic > 0)
        head.max_timestamp = load_big_endian<std::int64_t>(bytes.data() + kTimestamp);
    return head;
}

}  // namespace

std::optional<BatchHead> BatchHead::read(BytesView bytes, const char** why) {
    constexpr const char* kCutOff = "the file ends inside the head of a batch";
    if (bytes.size() <= kMagicAt) return refuse(why, kCutOff);
    const std::uint8_t* at = bytes.data();
    const auto magic = static_cast<std::int8_t>(at[kMagicAt]);
    const auto length = load_big_endian<std::int32_t>(at + kLengthAt);
    BatchHead head;
    head.base_offset.value = load_big_endian<std::int64_t>(at);
    if (length == 0 && magic == 0 && head.base_offset.value == 0)
        return refuse(why, "zeros where a batch should be");
    if (magic == 0 || magic == 1) return read_legacy(bytes, why);
    if (bytes.size() < kBytes) return refuse(why, kCutOff);
    const auto last_delta = load_big_endian<std::int32_t>(at + kLastDeltaAt);
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
    head.records = load_big_endian<std::int32_t>(at + kRecordsAt);
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
    if (wire::is_legacy(batch)) {
        const auto message = wire::parse_legacy_message(batch);
        return message && message->crc_matches();
    }
    return batch.size() >= BatchHead::kBytes &&
           load_big_endian<std::uint32_t>(batch.data() + kCrcAt) ==
               crc32c(batch.subspan(kAttributesAt));
}

}  // namespace cauce::storage
