#include "storage/cleaned_transactions.h"

#include "storage/transaction_marker.h"

#include <algorithm>
#include <utility>

namespace cauce::storage {

CleanedTransactions::CleanedTransactions(std::vector<AbortedTransaction> aborted)
    : aborted_(std::move(aborted)) {
    std::ranges::sort(aborted_, {}, &AbortedTransaction::first);
}

void CleanedTransactions::begin_upto(Offset offset) {
    for (; begun_ < aborted_.size() && aborted_[begun_].first <= offset; ++begun_)
        ongoing_aborted_[aborted_[begun_].producer_id] = {aborted_[begun_], false};
}

bool CleanedTransactions::is_aborted(const BatchHead& data) {
    begin_upto(data.last_offset);
    if (!data.transactional) return false;
    const auto found = ongoing_aborted_.find(data.producer_id);
    if (found != ongoing_aborted_.end()) {
        if (data.base_offset < found->second.transaction.last) {
            found->second.met = true;
            return true;
        }
        // Its marker is gone and its index entry is not: this is a later transaction.
        ongoing_aborted_.erase(found);
    }
    ongoing_committed_.insert(data.producer_id);
    return false;
}

CleanedTransactions::Marker CleanedTransactions::marker(const BatchHead& control, BytesView batch) {
    begin_upto(control.last_offset);
    Marker result;
    // What an earlier pass emptied for its producer's sake.
    if (control.records == 0) {
        result.superfluous = true;
        return result;
    }
    const auto end = read_marker(control, batch);
    if (!end) return result;
    if (end->commit) {
        result.superfluous = ongoing_committed_.erase(control.producer_id) == 0;
        return result;
    }
    const auto found = ongoing_aborted_.find(control.producer_id);
    if (found == ongoing_aborted_.end() || !found->second.met)
        result.superfluous = true;
    else
        result.aborted = found->second.transaction;
    if (found != ongoing_aborted_.end()) ongoing_aborted_.erase(found);
    return result;
}

}  // namespace cauce::storage
