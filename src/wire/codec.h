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

// A count is believed up to this many bytes of elements; beyond, the vector grows as they come.
inline constexpr std::size_t kBelievedBytes = 64 * 1024;

template <typename Struct>
void decode_elements(Reader& r, std::vector<Struct>& out, std::int16_t version,
                     std::int32_t count) {
    const auto size = static_cast<std::size_t>(count);
    out.reserve(std::min(size, kBelievedBytes / sizeof(Struct) + 1));
    for (std::size_t i = 0; i < size && r.ok(); ++i)
        out.emplace_back().decode(r, version);
}

template <typename Struct>
void decode_array(Reader& r, std::vector<Struct>& out, std::int16_t version, bool compact,
                  std::size_t element_size_min, const char* where) {
    const std::int32_t count = r.array_size(compact, element_size_min);
    if (count < 0) return r.null_field(where);
    decode_elements(r, out, version, count);
}

template <typename Struct>
void decode_array(Reader& r, std::optional<std::vector<Struct>>& out, std::int16_t version,
                  bool compact, std::size_t element_size_min, const char*) {
    const std::int32_t count = r.array_size(compact, element_size_min);
    if (count < 0) return out.reset();
    decode_elements(r, out.emplace(), version, count);
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
