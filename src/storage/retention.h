// When the oldest segment of a log goes: the rules of retention, one segment at a time. [pure]
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "storage/log_config.h"

#include <cstdint>
#include <optional>

namespace cauce::storage {

struct OldestSegment {
    Offset next_base;  // where the segment after it begins, or the log ends
    std::uint64_t size_bytes = 0;
    std::int64_t largest_timestamp = -1;  // of its records; when none has one, of its file
};

// The numbers go over the wire, to our own command line (docs/formats/schema.md).
enum class Retention : std::uint8_t {
    keep,
    start_offset,  // all of it lies before the log's start
    size,          // what would be left is still at least retention.bytes
    time,          // its newest record is older than retention.ms
};

// `keep_from`: nothing at or above it may go (the high watermark).
Retention judge_oldest(const OldestSegment& oldest, const LogConfig& config, WallTime now,
                       Offset start_offset, Offset keep_from, std::uint64_t log_bytes);

// What stands between the oldest segment and its end.
struct RetentionForecast {
    // What a check does now.
    Retention verdict = Retention::keep;
    // From when on it is too old, unless records are appended to it; nothing where age deletes
    // nothing. In the past while something else keeps it.
    std::optional<std::int64_t> due_ms;
    // So much more in the log, and what is left without it is still retention.bytes; nothing where
    // size deletes nothing, and for the last segment, which grows along.
    std::optional<std::uint64_t> bytes_left;
};

RetentionForecast forecast_oldest(const OldestSegment& oldest, bool is_last,
                                  const LogConfig& config, WallTime now, Offset start_offset,
                                  Offset keep_from, std::uint64_t log_bytes);

// Age deletes here, and the newest record of the segment has a time that has not come yet: nothing
// but size and DeleteRecords shortens its life.
bool is_kept_by_future(const OldestSegment& oldest, const LogConfig& config, WallTime now);

}  // namespace cauce::storage
