// Makes record batches.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/compression.h"
#include "wire/record.h"
#include "wire/record_batch.h"
#include "wire/writer.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace cauce::wire {

struct BatchOptions {
    Offset base_offset{};
    LeaderEpoch partition_leader_epoch{};
    Codec codec = Codec::none;
    std::optional<int> level{};  // Of the codec; nothing = its default.
    TimestampType timestamp_type = TimestampType::create_time;
    // The time of all records with log_append_time; their own stay in the batch, unseen.
    std::int64_t append_time = kNoTimestamp;
    ProducerId producer_id{};
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = kNoSequence;
    bool transactional = false;
    bool control = false;
    // Set by compaction: when tombstones and markers of this batch may go. Takes the place of the
    // base timestamp.
    std::optional<std::int64_t> delete_horizon_ms{};
};

// Collects records, then builds one batch of them. Reusable after build().
class BatchBuilder {
public:
    explicit BatchBuilder(const BatchOptions& options) : options_(options) {}

    // Takes the next offset. Everything is copied.
    void append(std::int64_t timestamp, const std::optional<Bytes>& key,
                const std::optional<Bytes>& value, std::span<const RecordHeader> headers = {});
    // Takes a given offset, above that of the record before and not below the base offset.
    void append_at(Offset offset, std::int64_t timestamp, const std::optional<Bytes>& key,
                   const std::optional<Bytes>& value, std::span<const RecordHeader> headers = {});

    std::int32_t count() const { return count_; }
    Offset next_offset() const { return options_.base_offset + next_delta_; }
    // Bytes of the batch if it were built now, uncompressed.
    std::size_t size_bytes() const { return batch_layout::kHeaderBytes + records_.position(); }
    // What a further record would add at most.
    static std::size_t record_size_max(std::size_t key_bytes, std::size_t value_bytes,
                                       std::span<const RecordHeader> headers = {});

    // The batch; the builder is empty afterwards and must not have been so before. `last_offset`
    // makes the batch reach further than its last record, which compaction needs. Fails only when
    // compression does.
    Result<Buffer> build(std::optional<Offset> last_offset = std::nullopt);

private:
    BatchOptions options_;
    Writer records_;
    Writer record_;  // The one being made: its size stands in front.
    std::int32_t count_ = 0;
    std::int64_t next_delta_ = 0;
    std::int64_t base_timestamp_ = kNoTimestamp;
    std::int64_t max_timestamp_ = kNoTimestamp;
};

// A batch without records, which compaction keeps for its producer's sequence and epoch. Of
// `options` the codec and delete horizon are left out.
Buffer empty_batch(const BatchOptions& options, Offset last_offset, std::int64_t max_timestamp);

}  // namespace cauce::wire
