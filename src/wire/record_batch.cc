#include "wire/record_batch.h"

#include "base/check.h"
#include "base/crc32c.h"
#include "wire/varint.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace cauce::wire {

using namespace batch_layout;

namespace {

// One record as the walk of check_records() needs it.
struct Walked {
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    bool has_key = false;
};

// The varints of most records take one or two bytes; the rest goes the long way. The zigzag code
// stays: odd is negative.
[[gnu::always_inline]] inline const std::uint8_t* read_raw(const std::uint8_t* at,
                                                           const std::uint8_t* end,
                                                           std::uint32_t& raw) {
    if (end - at >= 2) [[likely]] {
        raw = at[0];
        if (raw < 0x80) return at + 1;
        const std::uint32_t second = at[1];
        if (second < 0x80) [[likely]] {
            raw = (raw & 0x7f) | second << 7;
            return at + 2;
        }
    }
    std::int32_t value = 0;
    at = read_varint(at, end, value);
    raw = static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31);
    return at;
}

std::int32_t zigzag(std::uint32_t raw) {
    return static_cast<std::int32_t>(raw >> 1) ^ -static_cast<std::int32_t>(raw & 1);
}

// Moves past varint(size) and that many bytes; -1, null, has none.
[[gnu::always_inline]] inline const std::uint8_t* skip_nullable(const std::uint8_t* at,
                                                                const std::uint8_t* end,
                                                                bool& present) {
    std::uint32_t raw = 0;
    at = read_raw(at, end, raw);
    if (at == nullptr) [[unlikely]]
        return nullptr;
    present = (raw & 1) == 0;
    if (!present) return at;
    if (raw >> 1 > static_cast<std::uint64_t>(end - at)) [[unlikely]]
        return nullptr;
    return at + (raw >> 1);
}

// Whether the `headers` headers at `at` end exactly at `end`.
bool headers_fit(const std::uint8_t* at, const std::uint8_t* end, std::uint32_t headers) {
    for (; headers > 0; --headers) {
        bool present = false;
        at = skip_nullable(at, end, present);
        if (at == nullptr || !present) return false;
        at = skip_nullable(at, end, present);
        if (at == nullptr) return false;
    }
    return at == end;
}

// Moves past one record; null when it is not one. Where the next one starts follows from the length
// alone, so that the processor need not wait for the inner fields: they only have to agree.
[[gnu::always_inline]] inline const std::uint8_t* walk_record(const std::uint8_t* at,
                                                              const std::uint8_t* records_end,
                                                              Walked& record) {
    std::uint32_t raw = 0;
    at = read_raw(at, records_end, raw);
    if (at == nullptr || (raw & 1) != 0 || raw == 0) [[unlikely]]
        return nullptr;
    if (raw >> 1 > static_cast<std::uint64_t>(records_end - at)) [[unlikely]]
        return nullptr;
    const std::uint8_t* const end = at + (raw >> 1);
    ++at;  // Attributes.
    if (end - at >= 2 && (at[0] < 0x80 || at[1] < 0x80)) [[likely]] {
        at = read_raw(at, end, raw);
        record.timestamp_delta = zigzag(raw);
    } else {
        std::int64_t delta = 0;
        at = read_varlong(at, end, delta);
        if (at == nullptr) [[unlikely]]
            return nullptr;
        record.timestamp_delta = delta;
    }
    at = read_raw(at, end, raw);
    if (at == nullptr) [[unlikely]]
        return nullptr;
    record.offset_delta = zigzag(raw);
    bool present = false;
    at = skip_nullable(at, end, present);
    if (at == nullptr) [[unlikely]]
        return nullptr;
    record.has_key = present;
    at = skip_nullable(at, end, present);
    if (at == nullptr) [[unlikely]]
        return nullptr;
    if (end - at == 1 && *at == 0) [[likely]]
        return end;  // No headers.
    at = read_raw(at, end, raw);
    if (at == nullptr || (raw & 1) != 0 || !headers_fit(at, end, raw >> 1)) return nullptr;
    return end;
}

std::unexpected<Error> invalid(const BatchHeader& batch, const std::string& why) {
    return fail(ErrorCode::invalid_record,
                "batch at offset " + std::to_string(batch.base_offset().value) + ": " + why);
}

// What the header alone shows.
Result<void> check_header(const BatchHeader& batch, BatchOrigin origin) {
    const std::int32_t count = batch.count();
    const std::int32_t last = batch.last_offset_delta();
    if (static_cast<int>(batch.codec()) >= kCodecs) {
        return invalid(batch, "unknown codec " + std::to_string(static_cast<int>(batch.codec())));
    }
    if (count < 0 || last < 0 || count - 1 > last) {
        return invalid(
            batch, std::to_string(count) + " records up to offset delta " + std::to_string(last));
    }
    if (origin == BatchOrigin::log) return {};
    if (count == 0) return invalid(batch, "no records");
    if (count - 1 != last) {
        return invalid(batch, std::to_string(count) + " records, but the last offset delta is " +
                                  std::to_string(last));
    }
    if (batch.is_control()) return invalid(batch, "a control batch from a client");
    if (batch.has_producer_id() && batch.base_sequence() < 0) {
        return invalid(batch, "a producer id without a sequence");
    }
    return {};
}

}  // namespace

std::int32_t BatchHeader::last_sequence() const {
    if (base_sequence() == kNoSequence) return kNoSequence;
    return static_cast<std::int32_t>((std::int64_t{base_sequence()} + last_offset_delta()) &
                                     std::numeric_limits<std::int32_t>::max());
}

bool BatchHeader::crc_matches() const {
    return crc32c(checked_bytes()) == crc();
}

std::optional<std::size_t> peek_batch_size(BytesView bytes) {
    if (bytes.size() < kLengthEnd) return std::nullopt;
    const auto length = load_big_endian<std::int32_t>(bytes.data() + kLength);
    if (length < 0) return 0;
    return kLengthEnd + static_cast<std::size_t>(length);
}

Result<BatchHeader> parse_batch(BytesView bytes) {
    const auto size = peek_batch_size(bytes);
    if (!size || *size > bytes.size()) {
        return fail(ErrorCode::corrupt_message,
                    "a batch is cut off after " + std::to_string(bytes.size()) + " bytes");
    }
    // The magic stands at the same place in all formats, so an old one can be named.
    if (*size > kMagic && bytes[kMagic] != kBatchMagic) {
        return fail(ErrorCode::corrupt_message,
                    "record format version " + std::to_string(bytes[kMagic]) + ", not 2");
    }
    if (*size < kHeaderBytes) {
        return fail(ErrorCode::corrupt_message, "a batch of " + std::to_string(*size) + " bytes");
    }
    const BatchHeader batch(bytes.first(*size));
    // Behind this, no offset of a record, nor the next one, overflows: whatever the deltas say.
    constexpr std::int64_t kMostDelta = std::int64_t{1} << 31;
    const std::int64_t base = batch.base_offset().value;
    if (base < 0 || base > std::numeric_limits<std::int64_t>::max() - kMostDelta)
        return invalid(batch, "there is no such offset");
    return batch;
}

Result<BatchFacts> check_batch(const BatchHeader& batch, const BatchCheck& check) {
    if (check.crc && !batch.crc_matches()) {
        return fail(ErrorCode::corrupt_message, "batch at offset " +
                                                    std::to_string(batch.base_offset().value) +
                                                    ": its checksum does not match");
    }
    RETURN_IF_ERROR(check_header(batch, check.origin));
    if (batch.codec() == Codec::none) return check_records(batch, batch.body(), check.origin);
    if (check.decompressed_bytes_max > 0) {
        Buffer storage;
        ASSIGN_OR_RETURN(const BytesView records,
                         records_of(batch, check.decompressed_bytes_max, storage));
        return check_records(batch, records, check.origin);
    }
    BatchFacts facts;
    facts.max_timestamp = batch.max_timestamp();
    facts.min_timestamp = std::min(batch.base_timestamp(), batch.max_timestamp());
    facts.offset_delta_of_max_timestamp = batch.last_offset_delta();
    return facts;
}

Result<BatchFacts> check_records(const BatchHeader& batch, BytesView records, BatchOrigin origin) {
    const std::int32_t count = batch.count();
    const std::int32_t last = batch.last_offset_delta();
    const std::uint8_t* at = records.data();
    const std::uint8_t* const end = at + records.size();
    BatchFacts facts;
    facts.records_seen = true;
    std::int64_t max_delta = std::numeric_limits<std::int64_t>::min();
    std::int64_t min_delta = std::numeric_limits<std::int64_t>::max();
    std::int32_t previous = -1;
    for (std::int32_t i = 0; i < count; ++i) {
        Walked record;
        at = walk_record(at, end, record);
        if (at == nullptr) [[unlikely]] {
            return invalid(batch, "record " + std::to_string(i) + " of " + std::to_string(count) +
                                      " is damaged");
        }
        const bool in_place = origin == BatchOrigin::producer
                                  ? record.offset_delta == i
                                  : record.offset_delta > previous && record.offset_delta <= last;
        if (!in_place) [[unlikely]] {
            return invalid(batch, "record " + std::to_string(i) + " has offset delta " +
                                      std::to_string(record.offset_delta));
        }
        previous = record.offset_delta;
        if (record.timestamp_delta > max_delta) {
            max_delta = record.timestamp_delta;
            facts.offset_delta_of_max_timestamp = record.offset_delta;
        }
        min_delta = std::min(min_delta, record.timestamp_delta);
        if (!record.has_key && facts.first_without_key < 0) facts.first_without_key = i;
    }
    if (at != end) return invalid(batch, "bytes follow its last record");
    if (batch.timestamp_type() == TimestampType::log_append_time) {
        // All records have the batch's time; the first of them is the first with the largest.
        facts.max_timestamp = facts.min_timestamp = batch.max_timestamp();
        facts.offset_delta_of_max_timestamp = count == 0 ? last : 0;
        return facts;
    }
    if (count == 0) {
        facts.max_timestamp = facts.min_timestamp = batch.max_timestamp();
        facts.offset_delta_of_max_timestamp = last;
        return facts;
    }
    const std::int64_t base = batch.base_timestamp();
    if (__builtin_add_overflow(base, max_delta, &facts.max_timestamp) ||
        __builtin_add_overflow(base, min_delta, &facts.min_timestamp)) {
        return invalid(batch, "a timestamp that does not exist");
    }
    return facts;
}

Result<BytesView> records_of(const BatchHeader& batch, std::size_t limit, Buffer& storage) {
    if (batch.codec() == Codec::none) return batch.body();
    ASSIGN_OR_RETURN(storage, decompress(batch.codec(), batch.body(), limit));
    return BytesView(storage);
}

void patch_base_offset(MutableBytes batch, Offset offset) {
    CHECK(batch.size() >= kHeaderBytes, batch.size());
    store_big_endian(batch.data() + kBaseOffset, offset.value);
}

void patch_partition_leader_epoch(MutableBytes batch, LeaderEpoch epoch) {
    CHECK(batch.size() >= kHeaderBytes, batch.size());
    store_big_endian(batch.data() + kPartitionLeaderEpoch, epoch.value);
}

void patch_log_append_time(MutableBytes batch, std::int64_t timestamp) {
    CHECK(batch.size() >= kHeaderBytes, batch.size());
    // The stretch from the attributes to the max timestamp, the first thing the checksum covers.
    const MutableBytes changed = batch.subspan(kAttributes, kProducerId - kAttributes);
    std::array<std::uint8_t, kProducerId - kAttributes> before;
    std::ranges::copy(changed, before.begin());
    const auto attributes = load_big_endian<std::uint16_t>(batch.data() + kAttributes);
    store_big_endian(batch.data() + kAttributes,
                     static_cast<std::uint16_t>(attributes | kLogAppendTime));
    store_big_endian(batch.data() + kMaxTimestamp, timestamp);
    const auto size = *peek_batch_size(batch);
    CHECK(size <= batch.size() && size >= kHeaderBytes, size, batch.size());
    const auto crc = load_big_endian<std::uint32_t>(batch.data() + kCrc);
    store_big_endian(batch.data() + kCrc,
                     crc32c_of_change(crc, before, changed, size - kProducerId));
}

}  // namespace cauce::wire
