// Zigzag varints at an address, for loops too hot for Reader. A position past `end` means an error:
// the caller asks once per record.
#pragma once

#include <cstdint>

namespace cauce::wire {

// Reads a signed varint of at most 5 bytes at `at`. Null on overrun or an overlong one.
inline const std::uint8_t* read_varint(const std::uint8_t* at, const std::uint8_t* end,
                                       std::int32_t& value) {
    if (at == end) [[unlikely]]
        return nullptr;
    std::uint32_t raw = *at++;
    if (raw >= 0x80) {
        raw &= 0x7f;
        for (unsigned shift = 7;; shift += 7) {
            if (at == end || shift > 28) [[unlikely]]
                return nullptr;
            const std::uint8_t byte = *at++;
            raw |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
            if (byte < 0x80) break;
        }
    }
    value = static_cast<std::int32_t>(raw >> 1) ^ -static_cast<std::int32_t>(raw & 1);
    return at;
}

// The same for 64 bits, at most 10 bytes.
inline const std::uint8_t* read_varlong(const std::uint8_t* at, const std::uint8_t* end,
                                        std::int64_t& value) {
    std::uint64_t raw = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (at == end || shift > 63) [[unlikely]]
            return nullptr;
        const std::uint8_t byte = *at++;
        raw |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) break;
    }
    value = static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
    return at;
}

}  // namespace cauce::wire
