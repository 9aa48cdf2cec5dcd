// How the workloads' records carry their number: the first eight bytes of the value.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/random.h"
#include "sim/checkers/record_checker.h"
#include "wire/batch_builder.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <cstdint>
#include <functional>

namespace cauce::sim {

// A batch of `count` records numbered from `first` on, of random sizes.
Buffer make_batch(const wire::BatchOptions& options, RecordNumber first, std::int32_t count,
                  std::int64_t timestamp, runtime::Random& random);

// Walks the batches of a Fetch answer: checks each as a broker's log must be, and gives it to
// `batch`, then every record of it from `start` on to `record`. A batch cut off at the end is left
// out. The error says what is wrong with the bytes.
Result<void> walk_batches(BytesView bytes, Offset start,
                          const std::function<void(const wire::BatchHeader&)>& batch,
                          const std::function<void(const wire::Record&)>& record);
// The same for records that make_batch made.
Result<void> read_batches(BytesView bytes, Offset start,
                          const std::function<void(const wire::BatchHeader&)>& batch,
                          const std::function<void(Offset, RecordNumber)>& record);

}  // namespace cauce::sim
