// How much of a log compaction has not seen yet, how much of that it may look at, and whether it is
// worth a round: Kafka's rules, and one of ours (docs/formats/compaction.md). [pure]
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "storage/log_config.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace cauce::storage {

struct CleanableSegment {
    Offset base;
    std::uint64_t bytes = 0;
    // Asked for with min.compaction.lag.ms, of segments that are not seen yet; -1: none.
    std::int64_t largest_timestamp = -1;
    // The same with max.compaction.lag.ms: of the first batch.
    std::int64_t first_timestamp = -1;
};

struct CleanableLog {
    // What an earlier round has seen ends here, by its own word or by the checkpoint's.
    std::optional<Offset> cleaned_upto;
    Offset start;
    Offset end;
    // Nothing at or above it may be looked at: transactions are open there, or replicas lack it.
    Offset stable;
    WallTime now;
};

struct Dirt {
    Offset from;  // not seen yet
    // Where the first segment begins that may not be looked at.
    Offset upto;
    std::uint64_t clean_bytes = 0;
    std::uint64_t dirty_bytes = 0;  // of [from, upto), in whole segments
    bool overdue = false;           // a record has waited for longer than max.compaction.lag.ms

    double ratio() const {
        const auto all = static_cast<double>(clean_bytes + dirty_bytes);
        return all > 0 ? static_cast<double>(dirty_bytes) / all : 0;
    }
};

// Where a round would begin. A mark outside the log is none: records came or went without it.
Offset first_unseen(const CleanableLog& log);

// `segments`: all of the log's, the active one last.
Dirt judge_dirt(std::span<const CleanableSegment> segments, const CleanableLog& log,
                const LogConfig& config);

// What the last round of this process left to be done by time alone.
struct LastRound {
    WallTime at;
    // When the first of the tombstones and markers it kept may go.
    std::optional<WallTime> next_deletion;
};

bool wants_cleaning(const Dirt& dirt, const LogConfig& config, const LastRound& last, WallTime now);

// How many of the segments, from the first one on, become one: as many as fit into a segment, by
// what they take now. The last is followed by `end`.
std::size_t row_of_segments(std::span<const CleanableSegment> segments, Offset end,
                            const LogConfig& config);

}  // namespace cauce::storage
