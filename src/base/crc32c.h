// CRC-32C (Castagnoli), the checksum of record batches. The fastest way this processor knows is
// chosen at the first call; all ways give the same value.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <span>

namespace cauce::inline base {

// The checksum of `bytes`; of a longer string when `seed` is the checksum of what stands before
// them.
std::uint32_t crc32c(BytesView bytes, std::uint32_t seed = 0);

// The checksum of a string after some of its bytes changed, without a look at the others: `crc` was
// its checksum, `before` became `after` (of equal length), and `bytes_behind` more follow them.
std::uint32_t crc32c_of_change(std::uint32_t crc, BytesView before, BytesView after,
                               std::uint64_t bytes_behind);

// The ways there are, for tests and benchmarks.
struct Crc32cWay {
    const char* name;
    bool usable;  // This processor has the instructions.
    std::uint32_t (*run)(BytesView bytes, std::uint32_t seed);
};

std::span<const Crc32cWay> crc32c_ways();

}  // namespace cauce::inline base
