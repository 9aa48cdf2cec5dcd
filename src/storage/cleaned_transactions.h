// Transactions as compaction meets them, batch by batch from the beginning of a log: which batches
// belong to one that was aborted, and which markers are no longer needed. A marker goes only when
// nothing of its transaction is left before it; a pass that takes the last of its records still
// keeps it, because readers may have the file of before the pass. [pure]
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "storage/aborted_transaction.h"
#include "storage/batch_head.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace cauce::storage {

class CleanedTransactions {
public:
    // `aborted`: at least all that have a record among the batches to come.
    explicit CleanedTransactions(std::vector<AbortedTransaction> aborted);

    // The next batch is one of data. True: its transaction was aborted, nobody may see its records.
    bool is_aborted(const BatchHead& data);

    struct Marker {
        bool superfluous = false;
        // An aborted transaction of which records were met: readers need its index entry as long as
        // they may meet them.
        std::optional<AbortedTransaction> aborted;
    };
    // The next batch is a control batch, as a whole.
    Marker marker(const BatchHead& control, BytesView batch);

private:
    struct Ongoing {
        AbortedTransaction transaction;
        bool met = false;  // a batch of it
    };

    // Those that begin at or below `offset` have begun.
    void begin_upto(Offset offset);

    std::vector<AbortedTransaction> aborted_;  // by first offset
    std::size_t begun_ = 0;                    // of them
    std::map<ProducerId, Ongoing> ongoing_aborted_;
    std::set<ProducerId> ongoing_committed_;
};

}  // namespace cauce::storage
