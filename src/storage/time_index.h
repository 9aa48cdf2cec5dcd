// NNN.timeindex: how timestamps grow. An entry is the largest timestamp of the segment so far and
// the last offset of the first batch that had it, relative to the segment's base. It is written
// along with an entry of the offset index, if the timestamp grew since the last one, and once more
// when the segment ends, so that the last entry tells the largest timestamp of the whole segment.
// docs/formats/index.md.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "storage/index_file.h"

#include <cstdint>
#include <string_view>

namespace cauce::storage {

struct TimeEntry {
    static constexpr std::size_t kSize = 12;
    static constexpr std::string_view kSuffix = kTimeIndexSuffix;

    std::int64_t timestamp = -1;
    std::uint32_t relative_offset = 0;

    auto operator<=>(const TimeEntry&) const = default;

    void encode(std::uint8_t* at) const {
        store_big_endian(at, timestamp);
        store_big_endian(at + 8, relative_offset);
    }
    static TimeEntry decode(const std::uint8_t* at) {
        return {load_big_endian<std::int64_t>(at), load_big_endian<std::uint32_t>(at + 8)};
    }
};

using TimeIndex = IndexFile<TimeEntry>;

// One place is left for the entry that ends the segment.
constexpr std::int64_t time_index_capacity(std::int64_t bytes) {
    return bytes / static_cast<std::int64_t>(TimeEntry::kSize) - 1;
}

}  // namespace cauce::storage
