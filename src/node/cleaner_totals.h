// What the rounds of compaction of a node came to since its start, for the metrics. A value.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <optional>

namespace cauce::node {

struct CleanerTotals {
    std::uint64_t rounds = 0;
    std::uint64_t bytes = 0;  // of the segments that were written anew
    std::uint64_t kept_bytes = 0;
    std::optional<MonoTime> looked_at;  // when it last looked for work
    // Of the last round.
    double recopied = 0;  // share of the bytes that stayed
    double map_use = 0;   // share of the places in the map
    Duration took{0};
};

}  // namespace cauce::node
