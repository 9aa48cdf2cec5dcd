#include "storage/retention.h"

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

}  // namespace cauce::storage
