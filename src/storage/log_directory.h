// One entry of log.dirs as the node sees it: its lock, its identity, the checkpoints of all its
// partitions, and whether the last stop was clean. Belongs to shard 0; the partitions' folders
// belong to their shards (DirectoryShard). Everything here is a file Kafka knows:
// docs/formats/checkpoints.md.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::storage {

// meta.properties, version 1.
struct MetaProperties {
    std::string cluster_id;
    std::optional<NodeId> node_id;
    std::optional<Uuid> directory_id;

    bool operator==(const MetaProperties&) const = default;
    // `written` is what the comment on top says; Java prints the date there, and nobody reads it.
    std::string to_text(std::string_view written) const;
    // EINVAL with the reason when it is not a version 0 or 1 file we can live with.
    static IoResult<MetaProperties> parse(std::string_view text, std::string_view path);
};

// .kafka_cleanshutdown. Kafka 3.6 and before left it empty: no epoch then.
struct CleanShutdown {
    std::optional<std::int64_t> broker_epoch;
};

// What the file of a directory says; nothing when the last stop was not clean. Leaves it there.
runtime::Task<IoResult<std::optional<CleanShutdown>>> read_clean_shutdown(runtime::Disk& disk,
                                                                          std::string path);

enum class Checkpoint : std::uint8_t {
    recovery_point,  // recovery-point-offset-checkpoint: below it nothing needs recovery
    log_start,       // log-start-offset-checkpoint: starts that lie inside a segment
    high_watermark,  // replication-offset-checkpoint
    cleaner,         // cleaner-offset-checkpoint: below it compaction has seen everything
};

using OffsetMap = std::map<TopicPartition, Offset>;

// A folder in the directory that is, or was, a partition's.
struct PartitionFolder {
    enum class Kind : std::uint8_t {
        current,  // topic-N
        deleted,  // topic-N.<hex>-delete: to be removed
        future,   // topic-N.<hex>-future: a move between directories was under way
        stray,    // topic-N.<hex>-stray: the controller no longer knew it
    };
    std::string name;
    TopicPartition partition;
    Kind kind = Kind::current;

    // Nothing when no partition's folder is called so.
    static std::optional<PartitionFolder> parse(std::string_view name);
};

// The name a partition's folder gets when it is deleted, set aside or being moved here. At most 255
// characters, as file systems ask; a long topic is cut.
std::string folder_name(const TopicPartition& partition, PartitionFolder::Kind kind,
                        const Uuid& unique);

class LogDirectory {
public:
    // Makes the folder when it is not there (its parent must be) and takes `.lock`; EWOULDBLOCK
    // when another process holds it.
    static IoResult<std::unique_ptr<LogDirectory>> open(runtime::Disk& disk, std::string path);

    const std::string& path() const { return path_; }

    // Nothing when the directory was never formatted.
    runtime::Task<IoResult<std::optional<MetaProperties>>> read_meta();
    runtime::Task<IoResult<void>> write_meta(MetaProperties meta, WallTime now);

    // Whether the last stop was clean. Removes the mark, durably: from here on this run is unclean
    // until it says otherwise.
    runtime::Task<IoResult<std::optional<CleanShutdown>>> take_clean_shutdown();
    // The last thing a clean stop does, when every log is closed and the checkpoints are written.
    runtime::Task<IoResult<void>> write_clean_shutdown(std::int64_t broker_epoch);

    // A damaged checkpoint counts as empty (Kafka does so too): more is recovered then, nothing is
    // lost. `damaged` tells so that it can be logged.
    struct Offsets {
        OffsetMap entries;
        bool damaged = false;
    };
    runtime::Task<IoResult<Offsets>> read_checkpoint(Checkpoint which);
    // Replaces the file durably. One at a time.
    runtime::Task<IoResult<void>> write_checkpoint(Checkpoint which, OffsetMap entries);

    // All partition folders, sorted by name; other folders are named in `unknown`.
    struct Folders {
        std::vector<PartitionFolder> partitions;
        std::vector<std::string> unknown;
    };
    IoResult<Folders> list() const;
    // From partition.metadata; nothing when the file is not there or damaged.
    runtime::Task<IoResult<std::optional<TopicId>>> read_topic_id(std::string folder);

private:
    LogDirectory(runtime::Disk& disk, std::string path, std::unique_ptr<runtime::File> lock);

    runtime::Disk& disk_;
    std::string path_;
    std::unique_ptr<runtime::File> lock_;
};

// The texts of checkpoint files, and back.
std::string offsets_to_text(const OffsetMap& entries);
std::optional<OffsetMap> parse_offsets(std::string_view text);
std::string topic_id_to_text(TopicId id);
std::optional<TopicId> parse_topic_id(std::string_view text);

}  // namespace cauce::storage
