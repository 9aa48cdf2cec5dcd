// Opening the folder of a partition: what is there, what of it is good, and everything a log keeps
// in memory that only the files know. After an unclean stop the segments from the recovery point on
// are read and checked, and cut behind the last good batch; below it nothing is read but the ends
// of files.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "storage/directory_shard.h"
#include "storage/leader_epochs.h"
#include "storage/log.h"
#include "storage/log_config.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cauce::storage {

using Segments = std::vector<std::shared_ptr<Segment>>;

// A log as it was found.
struct OpenedLog {
    bool folder_exists = false;
    bool has_topic_id = false;  // partition.metadata is there and whole
    Segments segments;          // by base offset; empty when there is no record yet
    Offset start_offset;
    Offset end_offset;
    Offset flushed_offset;  // everything below it was on the device before
    LeaderEpochs epochs;
    bool epochs_changed = false;  // the file does not say the same
    ProducerState producers;
    std::vector<Offset> snapshots;                      // the snapshot files that are left
    std::vector<std::shared_ptr<runtime::File>> dirty;  // repaired, or never flushed
    bool names_changed = false;
    RecoveryReport report;
};

// What cannot be kept is refused with ENOTSUP and the reason: an interrupted compaction.
runtime::Task<IoResult<OpenedLog>> open_log(DirectoryShard& home,
                                            std::shared_ptr<const std::string> folder,
                                            const LogOpenOptions& options);

// Producers as the batches up to some offset leave them.
struct RebuiltProducers {
    ProducerState state;
    // Aborted transactions whose markers were met on the way.
    std::vector<AbortedTransaction> aborted;
};

struct RebuildOptions {
    Offset start;
    Offset end;
    // Begin with a snapshot that is not newer than this.
    Offset snapshot_at_most;
};

// From the newest snapshot that is good and the batches behind it. Snapshots that are damaged, or
// beyond `end`, are removed, also from `snapshots`.
runtime::Task<IoResult<RebuiltProducers>> rebuild_producers(
    DirectoryShard& home, std::shared_ptr<const std::string> folder, Segments segments,
    std::vector<Offset>& snapshots, RebuildOptions options, const LogConfig& config);

}  // namespace cauce::storage
