// The head of a record batch, read without the batch: what a log must know of each batch to keep
// it. Whether the rest is sound is for wire/record_batch.h to say.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "storage/producer_state.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace cauce::storage {

struct BatchHead {
    static constexpr std::size_t kBytes = 61;

    Offset base_offset;
    Offset last_offset;
    std::uint32_t size_bytes = 0;  // of the whole batch, this head included
    LeaderEpoch leader_epoch;
    std::int64_t max_timestamp = -1;
    ProducerId producer_id;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    bool transactional = false;
    bool control = false;

    // What `why` points to for a message of format 0 or 1.
    static const char* const kOldFormat;

    // From the first kBytes of `bytes`. Nothing when there are fewer, or when they cannot be the
    // head of a batch of magic 2: `why` then says what is wrong.
    static std::optional<BatchHead> read(BytesView bytes, const char** why = nullptr);

    ProducerBatch producer_batch() const;
};

// Whether the checksum of a whole batch is right.
bool batch_crc_matches(BytesView batch);
// Whether a sound message of format 0 or 1 begins here, rather than a batch whose format byte was
// damaged.
bool is_old_message(BytesView bytes);

}  // namespace cauce::storage
