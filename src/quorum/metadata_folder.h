// MetadataFolder: a look into `__cluster_metadata-0` from outside, as it lies on the disk, written
// by us or by Apache Kafka. Reads and changes nothing; for commands about a directory. The broker
// itself goes through OneVoterQuorum.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "metadata/image.h"
#include "quorum/quorum.h"
#include "quorum/quorum_state.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cauce::quorum {

struct MetadataFolder {
    // The newest snapshot; that of offset 0 is what the format step left.
    std::optional<SnapshotId> snapshot;
    QuorumState state;
    // Of the newest batch, or what quorum-state says when that is newer.
    LeaderEpoch epoch{0};
    Offset end;
    // Behind `end`: the rest of a write that nobody was answered for. A start cuts it.
    std::uint64_t torn_bytes = 0;
    std::int16_t kraft_version = 0;
    // At kraft.version 0 their ids only, as far as the files tell them.
    std::vector<Voter> voters;
    // Everything up to `end`; for a log without records, what its first leader will write.
    metadata::ImagePointer image;
    // An open metadata transaction ends the image before it.
    bool in_transaction = false;
};

// `folder` is that of the metadata log. Nothing when there is none. EBADMSG with file, place and
// reason when it is damaged.
runtime::Task<IoResult<std::optional<MetadataFolder>>> read_metadata_folder(runtime::Disk& disk,
                                                                            std::string folder);

}  // namespace cauce::quorum
