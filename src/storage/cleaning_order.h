// One round of compaction of one log: what it is asked for and what it tells. [pure]
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "storage/cleaning_counts.h"

#include <cstddef>
#include <limits>

namespace cauce::storage {

struct CleaningOrder {
    // Nothing at or above it is looked at: the last stable offset.
    Offset stable;
    std::size_t map_bytes = 134'217'728;  // log.cleaner.dedupe.buffer.size
    double map_load = 0.9;                // log.cleaner.io.buffer.load.factor
    std::size_t piece_bytes = 262'144;    // half of log.cleaner.io.buffer.size
    // log.cleaner.io.max.bytes.per.second, of reads and writes together
    double bytes_per_second = std::numeric_limits<double>::max();
};

struct CleaningReport {
    Offset from;  // what was not seen before
    Offset upto;  // ... and is seen now
    // The keys of [from, what may be seen) did not all fit: the next round goes on.
    bool map_full = false;
    std::uint64_t map_keys = 0;
    double map_use = 0;  // share of the keys that would have fitted
    std::size_t segments_before = 0;
    std::size_t segments_after = 0;
    CleaningCounts counts;  // of all segments that were written anew
    Duration took{0};
};

}  // namespace cauce::storage
