// The look at the metadata log before it is opened. An ordinary log is cut at its first bad batch,
// and the replicas fill it up again; this one is the cluster's memory, so anything that is wrong
// with it must stop the start. The one exception is the end of a write that was cut off: nobody had
// been answered for it.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "quorum/commit_mark.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <cstdint>
#include <optional>
#include <string>

namespace cauce::quorum {

struct LogCheck {
    // One after the last whole batch; `from` when there is none.
    Offset end;
    // Behind it, to be cut, and why.
    std::uint64_t torn_bytes = 0;
    std::string torn_reason;
};

// Reads the segments that hold anything at or above `from` (the end of the newest snapshot) and
// changes nothing. EBADMSG names the file, the byte and the offset: a damaged or missing batch that
// is followed by whole ones, that counted according to the mark, or that does not fit its
// neighbours.
runtime::Task<IoResult<LogCheck>> check_log(runtime::Disk& disk, std::string folder, Offset from,
                                            std::optional<CommitMark> mark);

}  // namespace cauce::quorum
