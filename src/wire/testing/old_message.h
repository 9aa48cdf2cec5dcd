// Messages of formats 0 and 1 as producers and brokers of their time made them. For tests.
#pragma once

#include "base/bytes.h"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <optional>

namespace cauce::wire::testing {

struct OldMessage {
    std::int64_t offset = 0;
    std::int8_t magic = 1;
    std::uint8_t attributes = 0;
    std::int64_t timestamp = 1000;
    std::optional<Buffer> key = std::nullopt;
    std::optional<Buffer> value = Buffer{'v'};
};

inline void put_integer(Buffer& into, auto integer) {
    std::array<std::uint8_t, sizeof integer> bytes;
    store_big_endian(bytes.data(), integer);
    into.insert(into.end(), bytes.begin(), bytes.end());
}

inline void put_nullable(Buffer& into, const std::optional<Buffer>& bytes) {
    put_integer(into, bytes ? static_cast<std::int32_t>(bytes->size()) : std::int32_t{-1});
    if (bytes) into.insert(into.end(), bytes->begin(), bytes->end());
}

inline Buffer encode(const OldMessage& message) {
    Buffer checked;
    put_integer(checked, message.magic);
    put_integer(checked, message.attributes);
    if (message.magic > 0) put_integer(checked, message.timestamp);
    put_nullable(checked, message.key);
    put_nullable(checked, message.value);
    Buffer bytes;
    put_integer(bytes, message.offset);
    put_integer(bytes, static_cast<std::int32_t>(checked.size() + sizeof(std::uint32_t)));
    put_integer(bytes, static_cast<std::uint32_t>(
                           crc32(0, checked.data(), static_cast<uInt>(checked.size()))));
    bytes.insert(bytes.end(), checked.begin(), checked.end());
    return bytes;
}

}  // namespace cauce::wire::testing
