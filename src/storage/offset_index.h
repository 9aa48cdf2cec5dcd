// NNN.index: where batches stand. An entry is the last offset of a batch, relative to the segment's
// base, and the position where that batch begins; there is one about every index.interval.bytes.
// docs/formats/index.md.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "storage/index_file.h"

#include <cstdint>
#include <string_view>

namespace cauce::storage {

struct OffsetEntry {
    static constexpr std::size_t kSize = 8;
    static constexpr std::string_view kSuffix = kIndexSuffix;

    std::uint32_t relative_offset = 0;
    std::uint32_t position = 0;

    auto operator<=>(const OffsetEntry&) const = default;

    void encode(std::uint8_t* at) const {
        store_big_endian(at, relative_offset);
        store_big_endian(at + 4, position);
    }
    static OffsetEntry decode(const std::uint8_t* at) {
        return {load_big_endian<std::uint32_t>(at), load_big_endian<std::uint32_t>(at + 4)};
    }
};

using OffsetIndex = IndexFile<OffsetEntry>;

// How many entries a file of at most `bytes` may hold; an index that full makes its segment roll.
constexpr std::int64_t offset_index_capacity(std::int64_t bytes) {
    return bytes / static_cast<std::int64_t>(OffsetEntry::kSize);
}

}  // namespace cauce::storage
