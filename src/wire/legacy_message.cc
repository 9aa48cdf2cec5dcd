#include "wire/legacy_message.h"

#include "wire/legacy_lz4.h"

#include <zlib.h>

#include <string>
#include <utility>

namespace cauce::wire {

using namespace legacy_layout;

namespace {

std::unexpected<Error> corrupt(const std::string& why) {
    return fail(ErrorCode::corrupt_message, "a message of format 0 or 1: " + why);
}

std::unexpected<Error> invalid(const LegacyMessage& wrapper, const std::string& why) {
    return fail(ErrorCode::invalid_record,
                "wrapper message at offset " + std::to_string(wrapper.offset().value) + ": " + why);
}

// Key or value: an int32 length, -1 for null. False when it does not fit.
bool take_nullable(BytesView& rest, std::optional<Bytes>& out) {
    if (rest.size() < kLengthBytes) return false;
    const auto length = load_big_endian<std::int32_t>(rest.data());
    rest = rest.subspan(kLengthBytes);
    if (length < -1 || std::cmp_greater(length, rest.size())) return false;
    if (length < 0) {
        out.reset();
        return true;
    }
    out = Bytes(rest.first(static_cast<std::size_t>(length)));
    rest = rest.subspan(static_cast<std::size_t>(length));
    return true;
}

Record record_of(const LegacyMessage& message) {
    Record record;
    record.offset = message.offset();
    record.timestamp = message.timestamp();
    record.key = message.key();
    record.value = message.value();
    return record;
}

Result<Buffer> decompress_value(const LegacyMessage& wrapper, std::size_t limit) {
    if (!wrapper.value()) return invalid(wrapper, "no value");
    const BytesView value = *wrapper.value();
    switch (wrapper.codec()) {
        case Codec::gzip:
        case Codec::snappy:
            return decompress(wrapper.codec(), value, limit);
        case Codec::lz4:
            if (wrapper.magic() > 0) return decompress(Codec::lz4, value, limit);
            return decompress(Codec::lz4, with_header_checksum(value), limit);
        default:
            return invalid(wrapper, "codec " + std::to_string(static_cast<int>(wrapper.codec())) +
                                        " does not exist in its format");
    }
}

// Offsets inside are those of the log in format 0, and counted from the wrapper's first record in
// format 1.
Result<void> place_in_log(const LegacyMessage& wrapper, std::vector<Record>& records) {
    if (wrapper.magic() == 0) return {};
    // Some producers left the wrapper's offset at 0, and brokers took what stood inside.
    if (wrapper.offset() == Offset{0}) return {};
    const Offset last = records.back().offset;
    if (last > wrapper.offset()) {
        return invalid(wrapper, "its last record has offset " + std::to_string(last.value));
    }
    const std::int64_t base = wrapper.offset() - last;
    for (Record& record : records)
        record.offset = record.offset + base;
    return {};
}

}  // namespace

bool is_legacy(BytesView bytes) {
    return bytes.size() > kMagic && bytes[kMagic] < 2;
}

bool LegacyMessage::crc_matches() const {
    const BytesView checked = bytes_.subspan(kMagic);
    return field<std::uint32_t>(kCrc) ==
           crc32(0, checked.data(), static_cast<uInt>(checked.size()));
}

Result<LegacyMessage> parse_legacy_message(BytesView bytes) {
    const auto size = peek_batch_size(bytes);
    if (!size || *size > bytes.size())
        return corrupt("cut off after " + std::to_string(bytes.size()) + " bytes");
    bytes = bytes.first(*size);
    if (bytes.size() < kSmallest0) return corrupt(std::to_string(bytes.size()) + " bytes");
    if (!is_legacy(bytes)) return corrupt("format " + std::to_string(bytes[kMagic]));
    LegacyMessage message(bytes);
    if (message.magic() > 0 && bytes.size() < kSmallest1)
        return corrupt(std::to_string(bytes.size()) + " bytes");
    BytesView rest = bytes.subspan(message.magic() > 0 ? kTimestamp + 8 : kTimestamp);
    if (!take_nullable(rest, message.key_)) return corrupt("a key out of bounds");
    if (!take_nullable(rest, message.value_)) return corrupt("a value out of bounds");
    return message;
}

Result<std::vector<Record>> records_of(const LegacyMessage& message, std::size_t limit,
                                       Buffer& storage) {
    std::vector<Record> records;
    if (message.codec() == Codec::none) {
        records.push_back(record_of(message));
        return records;
    }
    ASSIGN_OR_RETURN(storage, decompress_value(message, limit));
    BytesView rest(storage);
    // As in Kafka what is cut off at the end is left out.
    for (auto size = peek_batch_size(rest); size && *size <= rest.size();
         size = peek_batch_size(rest)) {
        ASSIGN_OR_RETURN(const LegacyMessage inner, parse_legacy_message(rest));
        rest = rest.subspan(*size);
        if (inner.magic() != message.magic()) {
            return invalid(message,
                           "a message of format " + std::to_string(inner.magic()) + " inside");
        }
        if (inner.codec() != Codec::none) return invalid(message, "another wrapper inside");
        records.push_back(record_of(inner));
        if (message.timestamp_type() == TimestampType::log_append_time)
            records.back().timestamp = message.timestamp();
    }
    if (records.empty()) return invalid(message, "no records");
    RETURN_IF_ERROR(place_in_log(message, records));
    return records;
}

}  // namespace cauce::wire
