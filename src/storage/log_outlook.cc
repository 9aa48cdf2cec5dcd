// What retention will do next, and why it does nothing now.
#include "storage/log.h"
#include "storage/segment.h"

#include <string>
#include <utility>

namespace cauce::storage {

runtime::Task<IoResult<std::optional<RetentionOutlook>>> Log::retention_outlook(Offset keep_from) {
    while (!segments_.empty() && !closed_) {
        const std::shared_ptr<Segment> oldest = segments_.front();
        auto newest_record = co_await oldest->max_timestamp();
        if (!newest_record) co_return std::unexpected(std::move(newest_record).error());
        // Another one is the oldest now.
        if (segments_.empty() || segments_.front() != oldest) continue;
        RetentionOutlook outlook;
        outlook.is_last = segments_.size() == 1;
        if (outlook.is_last && oldest->size() == 0) break;
        outlook.segment_count = segments_.size();
        outlook.first = oldest->base_offset();
        outlook.has_times = newest_record->timestamp >= 0;
        outlook.oldest.next_base = outlook.is_last ? end_offset_ : segments_[1]->base_offset();
        outlook.oldest.size_bytes = oldest->size();
        outlook.oldest.largest_timestamp =
            outlook.has_times ? newest_record->timestamp : oldest->created().ms;
        outlook.forecast =
            forecast_oldest(outlook.oldest, outlook.is_last, *config_,
                            home_.shards().clock().wall(), start_offset_, keep_from, size_bytes());
        co_return outlook;
    }
    co_return std::nullopt;
}

// Once a segment: it may stay for years, and nobody would know why.
void Log::warn_of_future(const OldestSegment& oldest, Offset base) {
    const WallTime now = home_.shards().clock().wall();
    if (told_future_ || !is_kept_by_future(oldest, *config_, now)) return;
    told_future_ = true;
    const std::int64_t minutes = (oldest.largest_timestamp - now.ms) / 60'000;
    home_.logger().warn(
        *folder_ + ": the segment at " + std::to_string(base.value) +
        " holds a record of the time " + std::to_string(oldest.largest_timestamp) + " ms, " +
        std::to_string(minutes) +
        " minutes ahead of this clock; by retention.ms it goes that much later. DeleteRecords "
        "(cauce "
        "topic trim) removes it sooner, message.timestamp.after.max.ms keeps such records away");
}

}  // namespace cauce::storage
