#include "storage/cleanable.h"

#include "base/check.h"

#include <algorithm>

namespace cauce::storage {
namespace {

using Segments = std::span<const CleanableSegment>;

// Which holds `offset`: the last that begins at or below it, or the first.
std::size_t holding(Segments segments, Offset offset) {
    const auto after = std::ranges::upper_bound(segments, offset, {}, &CleanableSegment::base);
    return after == segments.begin() ? 0 : static_cast<std::size_t>(after - segments.begin()) - 1;
}

}  // namespace

Offset first_unseen(const CleanableLog& log) {
    const Offset marked = log.cleaned_upto.value_or(log.start);
    return marked < log.start || marked > log.end ? log.start : marked;
}

Dirt judge_dirt(Segments segments, const CleanableLog& log, const LogConfig& config) {
    Dirt dirt;
    dirt.from = dirt.upto = first_unseen(log);
    if (segments.empty()) return dirt;
    const std::size_t active = segments.size() - 1;
    const std::size_t first = holding(segments, dirt.from);
    std::size_t bound = std::min(holding(segments, log.stable), active);
    if (config.min_compaction_lag_ms > 0) {
        for (std::size_t i = first; i < bound; ++i) {
            if (log.now.ms - segments[i].largest_timestamp < config.min_compaction_lag_ms)
                bound = i;
        }
    }
    dirt.upto = segments[bound].base;
    for (std::size_t i = 0; i < segments.size() && segments[i].base < dirt.from; ++i)
        dirt.clean_bytes += segments[i].bytes;
    for (std::size_t i = first; i < bound; ++i) {
        dirt.dirty_bytes += segments[i].bytes;
        const std::int64_t since = segments[i].first_timestamp;
        dirt.overdue |= since > 0 && log.now.ms - since > config.max_compaction_lag_ms;
    }
    return dirt;
}

bool wants_cleaning(const Dirt& dirt, const LogConfig& config, const LastRound& last,
                    WallTime now) {
    if (dirt.overdue && dirt.dirty_bytes > 0) return true;
    if (dirt.ratio() > config.min_cleanable_dirty_ratio) return true;
    // Kafka keeps tombstones until new records are worth a round. We keep what delete.retention.ms
    // says; but at most one round in that time is for them alone.
    return dirt.clean_bytes > 0 && last.next_deletion && *last.next_deletion <= now &&
           now.ms - last.at.ms >= config.delete_retention_ms;
}

std::size_t row_of_segments(Segments segments, Offset end, const LogConfig& config) {
    CHECK(!segments.empty());
    // An entry of each index, of twenty bytes together, stands for so many of records or more.
    const auto interval =
        static_cast<std::uint64_t>(std::max<std::int64_t>(config.index_interval_bytes, 1));
    constexpr std::uint64_t kLargestEntry = 12;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        bytes += segments[i].bytes;
        const Offset next = i + 1 < segments.size() ? segments[i + 1].base : end;
        const bool fits = bytes <= static_cast<std::uint64_t>(config.segment_bytes) &&
                          bytes / interval * kLargestEntry <=
                              static_cast<std::uint64_t>(config.segment_index_bytes) &&
                          next - 1 - segments.front().base <= INT32_MAX;
        if (!fits) return std::max<std::size_t>(i, 1);
    }
    return segments.size();
}

}  // namespace cauce::storage
