// What a log is told about itself: the topic keys that storage acts on, with Kafka's defaults. A
// value: immutable while shared; a changed configuration is a new object handed to
// Log::reconfigure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace cauce::storage {

// When an append counts as durable (`cauce.durability`).
enum class Durability : std::uint8_t {
    flush,       // once the device has it; every append enters the next flush round
    page_cache,  // once the kernel has it; flushed on roll and by flush.messages / flush.ms, as
                 // Kafka does
};

struct LogConfig {
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

    std::int64_t segment_bytes = 1 << 30;           // segment.bytes
    std::int64_t segment_ms = 604'800'000;          // segment.ms
    std::int64_t segment_jitter_ms = 0;             // segment.jitter.ms
    std::int64_t segment_index_bytes = 10'485'760;  // segment.index.bytes
    std::int64_t index_interval_bytes = 4096;       // index.interval.bytes
    std::int64_t retention_bytes = -1;              // retention.bytes; -1 = no bound
    std::int64_t retention_ms = 604'800'000;        // retention.ms; -1 = no bound
    bool delete_old = true;                         // cleanup.policy holds "delete"
    bool compact = false;                           // cleanup.policy holds "compact"
    std::int64_t delete_retention_ms = 86'400'000;  // delete.retention.ms
    std::int64_t min_compaction_lag_ms = 0;         // min.compaction.lag.ms
    std::int64_t max_compaction_lag_ms = kNever;    // max.compaction.lag.ms
    double min_cleanable_dirty_ratio = 0.5;         // min.cleanable.dirty.ratio
    std::int64_t file_delete_delay_ms = 60'000;     // file.delete.delay.ms
    std::int64_t flush_messages = kNever;           // flush.messages
    std::int64_t flush_ms = kNever;                 // flush.ms
    Durability durability = Durability::flush;      // cauce.durability
    std::int64_t producer_id_expiration_ms =
        86'400'000;  // producer.id.expiration.ms (of the broker)

    // Whether anybody is told that something was flushed, or is shown only what was.
    bool flushes_count() const {
        return durability == Durability::flush || flush_messages != kNever || flush_ms != kNever;
    }

    // How long a segment is appended to: what is to be compacted in time must not wait in the
    // active one.
    std::int64_t roll_ms() const {
        return compact && max_compaction_lag_ms > 0 ? std::min(segment_ms, max_compaction_lag_ms)
                                                    : segment_ms;
    }
};

}  // namespace cauce::storage
