// When the oldest segment of a log goes: the rules of retention, one segment at a time. [pure]
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "storage/log_config.h"

#include <cstdint>

namespace cauce::storage {

struct OldestSegment {
    Offset next_base;  // where the segment after it begins, or the log ends
    std::uint64_t size_bytes = 0;
    std::int64_t largest_timestamp = -1;  // of its records; when none has one, of its file
};

enum class Retention : std::uint8_t {
    keep,
    start_offset,  // all of it lies before the log's start
    size,          // what would be left is still at least retention.bytes
    time,          // its newest record is older than retention.ms
};

// `keep_from`: nothing at or above it may go (the high watermark).
Retention judge_oldest(const OldestSegment& oldest, const LogConfig& config, WallTime now,
                       Offset start_offset, Offset keep_from, std::uint64_t log_bytes);

}  // namespace cauce::storage
