// Views of bytes. Nothing here owns memory but `Buffer`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::inline base {

using BytesView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
using Buffer = std::vector<std::uint8_t>;

inline BytesView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Big-endian integers at an address: the byte order of everything Kafka writes.
template <typename Integer>
Integer load_big_endian(const std::uint8_t* at) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < sizeof(Integer); ++i)
        value = value << 8 | at[i];
    return static_cast<Integer>(value);
}

template <typename Integer>
void store_big_endian(std::uint8_t* at, Integer value) {
    auto bits = static_cast<std::uint64_t>(value);
    for (unsigned i = sizeof(Integer); i-- > 0; bits >>= 8)
        at[i] = static_cast<std::uint8_t>(bits);
}

}  // namespace cauce::inline base
