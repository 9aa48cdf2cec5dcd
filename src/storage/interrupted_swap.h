// What a compaction, Apache Kafka's or ours, leaves when the broker dies in it. A segment's
// successor is written under the names it will have with `.cleaned` behind them; these are renamed
// to `.swap` once the successor is whole and on the device, the segments it stands for are removed,
// and then it is renamed to its place. So a `.cleaned` file counts for nothing, and a `.swap` file
// counts instead of whatever stands in its range of offsets.
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
