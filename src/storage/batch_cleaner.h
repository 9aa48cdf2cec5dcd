// What compaction makes of the batches of a log, one at a time and in their order: which records
// stay, and what becomes of the batch around them (docs/formats/compaction.md). A batch keeps its
// offsets, its leader epoch and what it says of its producer, whatever goes of its records. [pure]
//
// Messages of formats 0 and 1 stay or go whole: a compressed one stays while one record inside
// does.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "storage/active_producers.h"
#include "storage/cleaned_transactions.h"
#include "storage/cleaning_counts.h"
#include "storage/key_map.h"
#include "storage/walked_record.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace cauce::storage {

// What holds for one round of compaction of a log.
struct CleaningRules {
    // Every key that has a record in [some offset, known_upto) with its newest offset there; no
    // record below that offset was superseded before the last round took it.
    const KeyMap* keys = nullptr;
    Offset known_upto;
    std::int64_t now_ms = 0;
    // How long what was deleted stays to be seen, from the first round on that meets it.
    std::int64_t delete_retention_ms = 0;
    std::size_t opened_max = kOpenedBatchMax;
};

class BatchCleaner {
public:
    // `rules`, and what they refer to, outlives it.
    BatchCleaner(const CleaningRules& rules, CleanedTransactions transactions)
        : rules_(rules), transactions_(std::move(transactions)) {}

    // For the batches to come. A row ends with its last batch, which stays, if need be without a
    // record, so that what it is written to ends where its predecessors did.
    void begin_row(ActiveProducers producers) { producers_ = std::move(producers); }
    // Whether old formats' tombstones may go from the row: their files are old enough.
    void let_legacy_tombstones_go(bool yes) { legacy_tombstones_go_ = yes; }

    // Appends to `out` what stays of `batch`, which is whole. CORRUPT_MESSAGE or INVALID_RECORD:
    // the batch is damaged; nothing was appended.
    Result<void> clean(BytesView batch, bool last_of_row, Buffer& out);

    // Since the last call.
    CleaningCounts take_counts();
    std::vector<AbortedTransaction> take_aborted();
    // Whether anything was changed or left out since the last call.
    bool take_changed();

private:
    struct Filtered;

    Result<void> clean_legacy(BytesView batch, bool last_of_row, Buffer& out);
    Result<void> clean_data(const BatchHead& head, BytesView batch, bool must_stay, Buffer& out);
    void clean_control(const BatchHead& head, BytesView batch, bool must_stay, Buffer& out);
    Result<Filtered> filter(const BatchHead& head, BytesView batch) const;
    bool is_superseded(BytesView key, Offset offset) const;
    void keep(BytesView batch, Buffer& out);
    // The batch without records, or not at all.
    void empty(BytesView batch, bool must_stay, Buffer& out);

    const CleaningRules& rules_;
    CleanedTransactions transactions_;
    ActiveProducers producers_;
    bool legacy_tombstones_go_ = false;
    CleaningCounts counts_;
    std::vector<AbortedTransaction> aborted_;
    bool changed_ = false;
};

}  // namespace cauce::storage
