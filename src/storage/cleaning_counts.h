// What a round of compaction saw and what it left. [pure]
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace cauce::storage {

struct CleaningCounts {
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
    std::uint64_t kept_records = 0;
    std::uint64_t without_key = 0;  // not to be found again: they go
    std::uint64_t bytes = 0;
    std::uint64_t kept_bytes = 0;
    // When the first of the tombstones and markers that are kept for now may go.
    std::optional<std::int64_t> next_deletion_ms;

    void add(const CleaningCounts& other) {
        batches += other.batches;
        records += other.records;
        kept_records += other.kept_records;
        without_key += other.without_key;
        bytes += other.bytes;
        kept_bytes += other.kept_bytes;
        if (other.next_deletion_ms) wait_until(*other.next_deletion_ms);
    }
    void wait_until(std::int64_t ms) {
        next_deletion_ms = std::min(next_deletion_ms.value_or(ms), ms);
    }
};

}  // namespace cauce::storage
