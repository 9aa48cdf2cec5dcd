// NNN.txnindex: the aborted transactions that ended in a segment, which a read_committed reader
// must skip. The file is there only when there are any. Unlike the other indexes it cannot be had
// from its segment alone, since transactions begin in earlier ones: it is flushed along with the
// records. docs/formats/index.md.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "storage/aborted_transaction.h"
#include "storage/index_file.h"

#include <memory>
#include <vector>

namespace cauce::storage {

class TransactionIndex {
public:
    static constexpr std::size_t kEntryBytes = 34;

    explicit TransactionIndex(const SegmentPlace& place) : place_(place) {}

    // A new segment: there are none.
    void start_empty() { loaded_ = true; }
    // Reads the file if there is one. Before anything else but start_empty.
    runtime::Task<IoResult<void>> load();

    // Makes sure that `count` more can be added.
    IoResult<void> secure_space(std::size_t count);
    // The file is returned, to be flushed.
    IoResult<std::shared_ptr<runtime::File>> add(const AbortedTransaction& aborted);
    // Forgets those that ended at or above `end`.
    IoResult<void> truncate(Offset end);

    const std::vector<AbortedTransaction>& entries() const { return entries_; }
    void release_file() { file_.close(); }

private:
    IoResult<std::shared_ptr<runtime::File>> file();

    const SegmentPlace& place_;
    CachedFile file_;
    std::vector<AbortedTransaction> entries_;
    bool loaded_ = false;
};

}  // namespace cauce::storage
