#include "storage/walked_record.h"

#include "wire/varint.h"

#include <cstddef>

namespace cauce::storage {
namespace {

// The longest varint of 64 bits.
constexpr std::size_t kVarintMax = 10;

std::uint8_t* put_varint(std::uint8_t* at, std::int64_t value) {
    auto bits = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    for (; bits >= 0x80; bits >>= 7)
        *at++ = static_cast<std::uint8_t>(bits | 0x80);
    *at++ = static_cast<std::uint8_t>(bits);
    return at;
}

}  // namespace

std::optional<WalkedRecord> WalkedRecord::take(BytesView& records) {
    const std::uint8_t* const begin = records.data();
    std::int32_t length = 0;
    const std::uint8_t* at = wire::read_varint(begin, begin + records.size(), length);
    if (at == nullptr || length <= 0 || length > begin + records.size() - at) return std::nullopt;
    const std::uint8_t* const end = at + length;
    WalkedRecord record;
    record.attributes = *at++;
    at = wire::read_varlong(at, end, record.timestamp_delta);
    if (at == nullptr) return std::nullopt;
    record.behind_the_time = BytesView(at, end);
    at = wire::read_varint(at, end, record.offset_delta);
    if (at == nullptr) return std::nullopt;
    std::int32_t size = 0;
    at = wire::read_varint(at, end, size);
    if (at == nullptr || size > end - at) return std::nullopt;
    if (size >= 0) {
        record.key = BytesView(at, static_cast<std::size_t>(size));
        at += size;
    }
    at = wire::read_varint(at, end, size);
    if (at == nullptr || size > end - at) return std::nullopt;
    record.has_value = size >= 0;
    record.whole = BytesView(begin, end);
    records = records.subspan(record.whole.size());
    return record;
}

void append_record(Buffer& out, const WalkedRecord& record, std::int64_t timestamp_delta) {
    std::uint8_t time[kVarintMax];
    std::uint8_t* const time_end = put_varint(time, timestamp_delta);
    const auto time_bytes = static_cast<std::size_t>(time_end - time);
    std::uint8_t length[kVarintMax];
    const std::size_t bytes = 1 + time_bytes + record.behind_the_time.size();
    std::uint8_t* const length_end = put_varint(length, static_cast<std::int64_t>(bytes));
    out.insert(out.end(), &length[0], length_end);
    out.push_back(record.attributes);
    out.insert(out.end(), &time[0], time_end);
    out.insert(out.end(), record.behind_the_time.begin(), record.behind_the_time.end());
}

}  // namespace cauce::storage
