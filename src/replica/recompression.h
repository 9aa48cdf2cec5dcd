// compression.type of a topic other than "producer": batches that came in another codec are opened
// and written anew.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "wire/record_batch.h"

#include <optional>

namespace cauce::replica {

// The same records, offsets, timestamps and producer fields in `codec`. The batch was checked.
// MESSAGE_TOO_LARGE when its records take more than `limit` bytes.
Result<Buffer> recompress(const wire::BatchHeader& batch, wire::Codec codec,
                          std::optional<int> level, std::size_t limit);

}  // namespace cauce::replica
