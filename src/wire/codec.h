// What generated decoders and encoders share beyond Reader and Writer: arrays of structs and
// structs that may be absent. Included by generated code only.
#pragma once

#include "wire/reader.h"
#include "wire/writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cauce::wire {

// No element takes more than this many times the bytes it may be encoded in: the reason why a frame
// never costs more than a small multiple of its size, whatever it says about its counts.
inline constexpr std::size_t kExpansionMax = 32;

// Until this many bytes of elements have been read, a count is not trusted with memory.
inline constexpr std::size_t kUnprovenBytesMax = 64 * 1024;

// `kElementSizeMin`: the fewest bytes one element takes on the wire.
template <std::size_t kElementSizeMin, typename Struct>
void decode_elements(Reader& r, std::vector<Struct>& out, std::int16_t version,
                     std::int32_t count) {
    static_assert(sizeof(Struct) <= kExpansionMax * kElementSizeMin);
    const auto size = static_cast<std::size_t>(count);
    const std::size_t unproven = std::min(size, kUnprovenBytesMax / sizeof(Struct) + 1);
    out.reserve(unproven);
    for (std::size_t i = 0; i < size && r.ok(); ++i) {
        if (i == unproven) out.reserve(size);
        out.emplace_back().decode(r, version);
    }
}

template <std::size_t kElementSizeMin, typename Struct>
void decode_array(Reader& r, std::vector<Struct>& out, std::int16_t version, bool compact,
                  const char* where) {
    const std::int32_t count = r.array_size(compact, kElementSizeMin);
    if (count < 0) return r.null_field(where);
    decode_elements<kElementSizeMin>(r, out, version, count);
}

template <std::size_t kElementSizeMin, typename Struct>
void decode_array(Reader& r, std::optional<std::vector<Struct>>& out, std::int16_t version,
                  bool compact, const char*) {
    const std::int32_t count = r.array_size(compact, kElementSizeMin);
    if (count < 0) return out.reset();
    decode_elements<kElementSizeMin>(r, out.emplace(), version, count);
}

template <typename Struct>
void encode_array(Writer& w, const std::vector<Struct>& elements, std::int16_t version,
                  bool compact) {
    w.array_size(elements.size(), compact);
    for (const Struct& element : elements)
        element.encode(w, version);
}

template <typename Struct>
void encode_array(Writer& w, const std::optional<std::vector<Struct>>& elements,
                  std::int16_t version, bool compact) {
    if (!elements) return w.null_array(compact);
    encode_array(w, *elements, version, compact);
}

template <typename Struct>
void decode_optional(Reader& r, std::optional<Struct>& out, std::int16_t version, bool present) {
    if (!present) return out.reset();
    out.emplace().decode(r, version);
}

}  // namespace cauce::wire
