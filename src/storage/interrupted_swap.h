// What a compaction of Apache Kafka's leaves when the broker dies in it. Its cleaner writes a
// segment's successor under the names it will have with `.cleaned` behind them, renames these to
// `.swap` once the successor is whole and on the device, removes the segments it stands for, and
// then renames it to its place. So a `.cleaned` file counts for nothing, and a `.swap` file counts
// instead of whatever stands in its range of offsets.
#pragma once

#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <string>

namespace cauce::storage {

// Ends the exchange that was begun in the folder of a partition, before the log is opened. Another
// death at any place in it leaves something that the next call ends. EBADMSG, and nothing changed:
// a successor is not whole.
runtime::Task<IoResult<void>> finish_swaps(runtime::Disk& disk, std::string folder);

}  // namespace cauce::storage
