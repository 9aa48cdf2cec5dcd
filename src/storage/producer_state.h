// What a partition remembers of its idempotent and transactional producers: enough to recognise a
// batch that was sent twice, to refuse one that leaves a gap, and to know the first offset of every
// open transaction (KIP-98, KIP-360). Pure; a member of a Log, which feeds it every batch it
// appends and every batch it finds at recovery.
//
// A batch is first checked, against the state before it, and then, when it stands in the log,
// applied.
#pragma once

#include "base/bytes.h"
#include "base/error_code.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace cauce::storage {

// The facts of a data batch that producer state is about. Offsets are those it has, or will have,
// in the log.
struct ProducerBatch {
    ProducerId producer_id;
    std::int16_t producer_epoch = -1;
    std::int32_t first_sequence = -1;
    std::int32_t last_sequence = -1;
    Offset first_offset;
    Offset last_offset;
    std::int64_t max_timestamp = -1;
    bool transactional = false;
};

// The end of a transaction, as its control batch says.
struct EndTransaction {
    ProducerId producer_id;
    std::int16_t producer_epoch = -1;
    std::int32_t coordinator_epoch = -1;
    Offset offset;  // of the marker
    std::int64_t timestamp = -1;
    bool commit = false;
};

// Sequences run from 0 to 2^31 - 1 and then start over.
constexpr std::int32_t sequence_after(std::int32_t sequence, std::int32_t count) {
    const std::int64_t sum = std::int64_t{sequence} + count;
    return static_cast<std::int32_t>(sum > INT32_MAX ? sum - INT32_MAX - 1 : sum);
}
constexpr std::int32_t sequence_before(std::int32_t sequence, std::int32_t count) {
    const std::int64_t difference = std::int64_t{sequence} - count;
    return static_cast<std::int32_t>(difference < 0 ? difference + INT32_MAX + 1 : difference);
}

class ProducerState {
public:
    // Batches per producer that are remembered, so that as many requests may be on their way at
    // once.
    static constexpr std::size_t kBatchesKept = 5;

    // One batch in the log.
    struct Appended {
        std::int32_t last_sequence = -1;
        std::int32_t offset_delta = 0;  // last offset - first offset
        Offset last_offset{-1};
        std::int64_t timestamp = -1;

        Offset first_offset() const { return last_offset - offset_delta; }
        std::int32_t first_sequence() const { return sequence_before(last_sequence, offset_delta); }
    };

    struct Producer {
        ProducerId id;
        std::int16_t epoch = -1;
        std::uint8_t kept = 0;  // how many of `batches`, oldest first
        std::int32_t coordinator_epoch = -1;
        std::int64_t last_timestamp = -1;
        Offset transaction_start{-1};  // -1: none open
        std::array<Appended, kBatchesKept> batches;

        std::int32_t last_sequence() const {
            return kept == 0 ? -1 : batches[kept - 1u].last_sequence;
        }
        Offset last_offset() const {
            return kept == 0 ? Offset{-1} : batches[kept - 1u].last_offset;
        }
    };

    // A transaction that ended; its records become visible, or aborted, when the high watermark
    // passes `last`.
    struct Completed {
        ProducerId producer_id;
        Offset first;
        Offset last;
        bool aborted = false;
    };

    struct Accept {};
    // Sent before: answer with these offsets and append nothing.
    struct Duplicate {
        Offset first;
        Offset last;
        std::int64_t timestamp = -1;
    };
    using Verdict = std::variant<Accept, Duplicate, Error>;

    // The rules for what a client sends: OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH,
    // INVALID_TXN_STATE. What comes from a leader is not checked.
    Verdict check(const ProducerBatch& batch) const;
    // The rules for a marker that a transaction coordinator sends: TRANSACTION_COORDINATOR_FENCED,
    // INVALID_PRODUCER_EPOCH.
    std::optional<Error> check(const EndTransaction& end) const;

    // The batch, or the marker, stands in the log.
    void apply(const ProducerBatch& batch);
    std::optional<Completed> apply(const EndTransaction& end);

    // The first offset a read_committed reader must not see yet: of the oldest transaction that is
    // open, or ended above the high watermark. Nothing when there is none.
    std::optional<Offset> first_unstable() const;
    // Transactions that ended below it are no longer unstable.
    void high_watermark_moved(Offset high_watermark);
    // The last stable offset just below the end of `completed` (what an aborted transaction's index
    // entry holds).
    Offset last_stable_before(const Completed& completed) const;

    // Forgets producers silent for `expiration` at `now`, but not those in a transaction.
    void expire(WallTime now, milliseconds expiration);
    void clear();

    const Producer* find(ProducerId id) const;
    std::span<const Producer> producers() const { return producers_; }
    bool empty() const { return producers_.empty(); }

    // The file NNN.snapshot (docs/formats/producer-snapshot.md). Of one that Kafka wrote only the
    // newest batch of each producer is known. Producers expired at `now` are left out. Nothing when
    // it is damaged.
    Buffer to_snapshot() const;
    static std::optional<ProducerState> from_snapshot(BytesView bytes, WallTime now,
                                                      milliseconds expiration);

private:
    struct Open {
        Offset first;
        ProducerId producer_id;
    };

    Producer& find_or_add(ProducerId id);
    // Our part of a snapshot.
    void take_earlier(BytesView appendix);

    std::vector<Producer>
        producers_;  // by id; ids are handed out in growing order, so new ones go to the end
    std::vector<Open> open_;               // by first offset
    std::vector<Completed> unreplicated_;  // by first offset
};

}  // namespace cauce::storage
