// StoredDirectory: a log directory as `storage info` and `storage verify` find it on the disk, of
// ours or of Apache Kafka's. Read only, and nothing is locked: a broker that runs goes on.
#pragma once

#include "base/result.h"
#include "cli/problem.h"
#include "quorum/metadata_folder.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "storage/folder_check.h"
#include "storage/log_directory.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cauce::cli {

// Something the directory holds that this version keeps as it is and does not act on.
struct KeptData {
    std::string what;  // "group.version", "ClientQuotaRecord", "__transaction_state"
    std::int64_t count = 0;
    std::string effect;
};

struct StoredDirectory {
    std::string path;
    storage::MetaProperties meta;
    // A broker has it open.
    bool in_use = false;
    // Nothing when the last broker did not stop in order.
    std::optional<storage::CleanShutdown> clean;
    std::optional<quorum::MetadataFolder> metadata;
    // Why the metadata cannot be read; empty when it can, or is not here.
    std::string metadata_damage;
    std::vector<storage::PartitionFolder> partitions;

    // Why this version would not open it as node `meta.node_id`; empty when it would.
    std::string refusal() const;
};

// The problem names the directory: it is none, or was never formatted, or cannot be read.
runtime::Task<Expected<StoredDirectory>> read_stored_directory(runtime::Disk& disk,
                                                               std::string path);

// What the metadata and the coordinators' topics hold of features we lack, in the order of names.
runtime::Task<IoResult<std::vector<KeptData>>> kept_data(runtime::Disk& disk,
                                                         const StoredDirectory& directory);

}  // namespace cauce::cli
