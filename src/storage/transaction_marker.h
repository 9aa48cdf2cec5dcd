// The end of a transaction, as it stands in a control batch of a producer.
#pragma once

#include "base/bytes.h"
#include "storage/batch_head.h"
#include "storage/producer_state.h"

#include <optional>

namespace cauce::storage {

// `batch` is a whole control batch with a producer id. Nothing when it holds no marker: compaction
// leaves such batches behind empty, and other control records end no transaction.
std::optional<EndTransaction> read_marker(const BatchHead& head, BytesView batch);

}  // namespace cauce::storage
