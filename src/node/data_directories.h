// The log directories of a node as shard 0 has them: opened and locked, identified, and the
// checkpoints of their partitions read and written. What the shards do in them is DirectoryShard's
// (storage/directory_shard.h).
//
// One that cannot be read at the start, or fails later, is offline until the node is restarted; the
// others go on, as long as it is not the metadata log's.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "node/config.h"
#include "node/partition_places.h"
#include "replica/partition_table.h"
#include "runtime/disk.h"
#include "runtime/shards.h"
#include "runtime/task.h"
#include "storage/log_directory.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::node {

using runtime::Task;

class DataDirectories {
public:
    DataDirectories(runtime::Disk& disk, runtime::Shards& shards, Logger log)
        : disk_(disk), shards_(shards), log_(std::move(log)) {}

    // Opens all that `config` names. Formats them when they are empty and config.auto_format asks
    // for it; one that is new in log.dirs gets its meta.properties anyway. The error says what to
    // do. Of what is there nothing changes.
    Task<Result<void>> open(const Config& config);
    // The checkpoints, and how the last stop was. Takes the mark of a clean stop away: only once
    // the directories are known to be ours.
    Task<Result<void>> take_checkpoints();

    const std::string& cluster_id() const { return directories_[metadata_].meta.cluster_id; }
    // Zero when there is none.
    Uuid metadata_directory_id() const;

    // Those of log.dirs, in that order.
    std::size_t count() const { return partition_directories_; }
    const std::string& path(std::size_t directory) const { return directories_[directory].path; }
    bool is_metadata(std::size_t directory) const { return directory == metadata_; }
    // Why it is offline; nothing while it works.
    const std::optional<IoError>& failure(std::size_t directory) const {
        return directories_[directory].failure;
    }
    void failed(std::size_t directory, const IoError& error);
    // Whether the node cannot go on: nothing is left to serve from.
    bool all_failed() const;
    // The ids of those that work, for the broker's registration.
    std::vector<Uuid> online_ids() const;
    // Of the last stop, when all were stopped cleanly under the same one; -1 otherwise.
    std::int64_t clean_broker_epoch() const;
    std::vector<PartitionPlaces::Directory> for_places() const;

    // What the files said at the start, by directory.
    std::shared_ptr<const std::vector<replica::Checkpoints>> checkpoints() const {
        return checkpoints_;
    }

    // Before any partition is opened. Folders of topics that the metadata does not know (deleted
    // while the node was down, or of another cluster) are renamed, so that they are neither served
    // nor lost; `remove_later` is given those that were being deleted. `places` is told of the
    // others.
    Task<Result<void>> tidy(const metadata::Image& image, PartitionPlaces& places,
                            std::function<void(std::string)> remove_later);

    // Replaces the files whose contents changed. `offsets` by directory. `broken` is told of each
    // directory that failed for another reason than space: its disk is not to be asked again (D20).
    using OnBroken = std::function<void(std::size_t directory, const IoError&)>;
    Task<Result<void>> write_checkpoint(storage::Checkpoint which,
                                        std::vector<storage::OffsetMap> offsets, OnBroken broken);
    // The last thing of a clean stop. `closed`: of which directories every log was closed in order,
    // which a full disk may prevent; the others get no mark, so that the next start looks at what
    // is there. Empty: of all.
    Task<void> write_clean_shutdown(std::int64_t broker_epoch, std::vector<bool> closed = {});

private:
    struct Directory {
        std::string path;
        std::unique_ptr<storage::LogDirectory> files;  // null: it could not be opened
        storage::MetaProperties meta;
        std::optional<storage::CleanShutdown> clean;  // how the last stop was
        // What the checkpoints say; none: damaged.
        std::map<storage::Checkpoint, storage::OffsetMap> written;
        std::optional<IoError> failure;
    };
    using Meta = std::optional<storage::MetaProperties>;

    Task<Result<void>> open_files();
    Task<Result<std::vector<Meta>>> read_metas();
    Task<Result<void>> format(const Config& config, const std::vector<Meta>& metas);
    Task<Result<void>> identify(const Config& config, std::vector<Meta> metas);
    Task<Result<void>> make_new(Directory& directory, NodeId node);
    Task<Result<void>> read_partitions_files(std::size_t directory);
    Task<Result<void>> tidy_one(std::size_t directory, const metadata::Image& image,
                                PartitionPlaces& places,
                                const std::function<void(std::string)>& remove_later);
    // The node cannot start without the metadata log's directory, or with none at all.
    Result<void> give_up_or_fail(std::size_t directory, const IoError& error);

    runtime::Disk& disk_;
    runtime::Shards& shards_;
    const Logger log_;
    // Those of log.dirs, then the metadata log's when it stands apart.
    std::vector<Directory> directories_;
    std::size_t partition_directories_ = 0;
    std::size_t metadata_ = 0;
    std::shared_ptr<std::vector<replica::Checkpoints>> checkpoints_;
};

}  // namespace cauce::node
