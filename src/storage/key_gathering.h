// The first half of a round of compaction: every batch of the part of a log that no round has seen
// yet is looked at, and the newest offset of each key noted, until the map is full. Records of
// aborted transactions do not count. [pure]
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "storage/cleaned_transactions.h"
#include "storage/key_map.h"
#include "storage/walked_record.h"

#include <cstddef>
#include <optional>
#include <utility>

namespace cauce::storage {

class KeyGathering {
public:
    // Nothing below `from` is noted. `keys` outlives it.
    KeyGathering(KeyMap& keys, CleanedTransactions transactions, Offset from,
                 std::size_t opened_max = kOpenedBatchMax)
        : keys_(keys),
          transactions_(std::move(transactions)),
          known_upto_(from),
          from_(from),
          opened_max_(opened_max) {}

    // The next batch, whole. CORRUPT_MESSAGE: it is damaged. Not when full.
    Result<void> add(BytesView batch);
    // There are no batches up to `offset`.
    void skip_to(Offset offset);

    bool full() const { return full_; }
    // Every key with a record in [from, known_upto) is in the map with its newest offset there.
    Offset known_upto() const { return known_upto_; }

private:
    // False: there is no room for it.
    bool note(std::optional<BytesView> key, Offset offset);

    KeyMap& keys_;
    CleanedTransactions transactions_;
    Offset known_upto_;
    const Offset from_;
    const std::size_t opened_max_;
    bool full_ = false;
};

}  // namespace cauce::storage
