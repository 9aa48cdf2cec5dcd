// A walk over the batches of the metadata log as they lie on the disk, without opening it: what is
// found decides whether it is opened at all.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "wire/record_batch.h"

#include <string>
#include <vector>

namespace cauce::quorum {

class BatchVisitor {
public:
    virtual ~BatchVisitor() = default;
    // The views in `batch` last for the call. `file` is for errors.
    virtual IoResult<void> visit(const wire::BatchHeader& batch, const std::string& file) = 0;
};

// The base offsets of the segments in a folder that need not exist, in order.
IoResult<std::vector<Offset>> segment_bases(runtime::Disk& disk, const std::string& folder);

// Every batch that begins at or above `from` and below `end`; check_log has found them whole. An
// error of the visitor ends the walk.
runtime::Task<IoResult<void>> walk_log(runtime::Disk& disk, std::string folder, Offset from,
                                       Offset end, BatchVisitor& visitor);

}  // namespace cauce::quorum
