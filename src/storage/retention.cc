#include "storage/retention.h"

#include <limits>

namespace cauce::storage {

Retention judge_oldest(const OldestSegment& oldest, const LogConfig& config, WallTime now,
                       Offset start_offset, Offset keep_from, std::uint64_t log_bytes) {
    if (oldest.next_base > keep_from) return Retention::keep;
    if (oldest.next_base <= start_offset) return Retention::start_offset;
    // A log that is only compacted loses nothing else by age or size.
    if (!config.delete_old) return Retention::keep;
    if (config.retention_bytes >= 0 &&
        log_bytes >= static_cast<std::uint64_t>(config.retention_bytes) + oldest.size_bytes)
        return Retention::size;
    if (config.retention_ms >= 0 && now.ms - oldest.largest_timestamp > config.retention_ms)
        return Retention::time;
    return Retention::keep;
}

RetentionForecast forecast_oldest(const OldestSegment& oldest, bool is_last,
                                  const LogConfig& config, WallTime now, Offset start_offset,
                                  Offset keep_from, std::uint64_t log_bytes) {
    RetentionForecast forecast;
    forecast.verdict = judge_oldest(oldest, config, now, start_offset, keep_from, log_bytes);
    if (!config.delete_old) return forecast;
    if (config.retention_ms >= 0) {
        constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
        const std::int64_t newest = oldest.largest_timestamp;
        const bool ever = newest < 0 || config.retention_ms < kLast - newest;
        forecast.due_ms = ever ? newest + config.retention_ms + 1 : kLast;
    }
    if (config.retention_bytes >= 0 && !is_last) {
        const std::uint64_t needed =
            static_cast<std::uint64_t>(config.retention_bytes) + oldest.size_bytes;
        forecast.bytes_left = needed > log_bytes ? needed - log_bytes : 0;
    }
    return forecast;
}

bool is_kept_by_future(const OldestSegment& oldest, const LogConfig& config, WallTime now) {
    return config.delete_old && config.retention_ms >= 0 && oldest.largest_timestamp > now.ms;
}

}  // namespace cauce::storage
