#include "client/partitioner.h"

#include "base/check.h"

#include <algorithm>

namespace cauce::client {

std::uint32_t murmur2(BytesView bytes) {
    constexpr std::uint32_t kSeed = 0x9747b28c;
    constexpr std::uint32_t kMultiplier = 0x5bd1e995;
    constexpr unsigned kShift = 24;
    const std::size_t size = bytes.size();
    std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(size);
    std::size_t at = 0;
    for (; at + 4 <= size; at += 4) {
        // Four bytes, lowest first.
        std::uint32_t k = static_cast<std::uint32_t>(bytes[at]) |
                          static_cast<std::uint32_t>(bytes[at + 1]) << 8 |
                          static_cast<std::uint32_t>(bytes[at + 2]) << 16 |
                          static_cast<std::uint32_t>(bytes[at + 3]) << 24;
        k *= kMultiplier;
        k ^= k >> kShift;
        k *= kMultiplier;
        hash *= kMultiplier;
        hash ^= k;
    }
    const std::size_t left = size - at;
    if (left >= 3) hash ^= static_cast<std::uint32_t>(bytes[at + 2]) << 16;
    if (left >= 2) hash ^= static_cast<std::uint32_t>(bytes[at + 1]) << 8;
    if (left >= 1) {
        hash ^= static_cast<std::uint32_t>(bytes[at]);
        hash *= kMultiplier;
    }
    hash ^= hash >> 13;
    hash *= kMultiplier;
    hash ^= hash >> 15;
    return hash;
}

std::int32_t partition_for_key(BytesView key, std::int32_t partitions) {
    CHECK(partitions > 0, partitions);
    // The Java client drops the sign bit rather than take the absolute value.
    const auto positive = static_cast<std::int32_t>(murmur2(key) & 0x7fffffffu);
    return positive % partitions;
}

std::int32_t StickyPartition::choose(const std::vector<std::int32_t>& available,
                                     std::size_t size_bytes, std::size_t batch_bytes,
                                     runtime::Random& random) {
    CHECK(!available.empty());
    const bool usable = std::ranges::find(available, current_) != available.end();
    if (!usable || taken_bytes_ >= batch_bytes) {
        current_ = available[random.below(available.size())];
        taken_bytes_ = 0;
    }
    taken_bytes_ += size_bytes;
    return current_;
}

}  // namespace cauce::client
