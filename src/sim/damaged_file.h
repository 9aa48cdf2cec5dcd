// A file below a log directory that the disk did not keep, of those that the broker makes again:
// indexes and producer snapshots. What has no second witness on one node is left alone (the records
// themselves, and in time indexes and checkpoints the values: docs/testing.md).
#pragma once

#include "runtime/random.h"
#include "sim/disk_image.h"
#include "sim/fault.h"

#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {

// `kind`: bit_rot or missing_end. For good: a power loss does not bring back what was there. No
// process may run. Returns what was done to which file; nothing when there is no such file.
std::optional<std::string> damage_a_file(DiskImage& disk,
                                         const std::vector<std::string>& directories, Fault kind,
                                         runtime::Random& random);

}  // namespace cauce::sim
