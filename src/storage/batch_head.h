// The head of a record batch, read without the batch: what a log must know of each batch to keep
// it. Whether the rest is sound is for wire/record_batch.h to say. A message of format 0 or 1
// (wire/legacy_message.h) is a batch too: Kafka's logs of before 0.11 hold them.
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

    // In formats 0 and 1 that of the last record: the first may stand inside, compressed.
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
    std::int8_t magic = 2;
    std::int32_t records = 0;  // not told in formats 0 and 1

    // From the first kBytes of `bytes`, or as many as there are: messages of formats 0 and 1 may be
    // shorter. Nothing when they cannot be the head of a batch: `why` then says what is wrong.
    static std::optional<BatchHead> read(BytesView bytes, const char** why = nullptr);

    ProducerBatch producer_batch() const;
};

// Whether the checksum of a whole batch is right. In formats 0 and 1 it covers the format too, so
// that a damaged one of format 2 is not taken for them.
bool batch_crc_matches(BytesView batch);

}  // namespace cauce::storage
