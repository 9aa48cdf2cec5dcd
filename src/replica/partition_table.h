// The partitions this node hosts on one shard, found by name and by id; follows the cluster's
// metadata. Owned by node/; everything happens on its shard.
//
// Which shard owns a partition follows from its id alone (shard_of), so nobody has to ask.
#pragma once

#include "base/log.h"
#include "metadata/effective_config.h"
#include "metadata/image.h"
#include "replica/partition.h"
#include "replica/placement.h"
#include "storage/directory_shard.h"
#include "storage/log_directory.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cauce::replica {

// The shard that owns a partition, the same on every shard.
unsigned shard_of(TopicId topic_id, std::int32_t partition, unsigned shard_count);

// What the files of a log directory said when the node started.
struct Checkpoints {
    bool clean = false;  // the last stop was clean
    storage::OffsetMap recovery_points;
    storage::OffsetMap log_starts;
    storage::OffsetMap high_watermarks;
    storage::OffsetMap cleaned;
};

// Told about leadership on this shard (the coordinators' hosts are).
class LeadershipListener {
public:
    virtual void became_leader(const std::shared_ptr<Partition>& partition) = 0;
    // Ends when nothing of the listener's touches the partition any more.
    virtual Task<void> resigns(const std::shared_ptr<Partition>& partition) = 0;

protected:
    ~LeadershipListener() = default;
};

class PartitionTable {
public:
    // `directories` in the order of log.dirs, and `checkpoints` the same.
    PartitionTable(runtime::Shards& shards, std::vector<storage::DirectoryShard*> directories,
                   NodeId node, const metadata::StaticConfig& file,
                   std::shared_ptr<const std::vector<Checkpoints>> checkpoints,
                   LeadershipListener& listener, Logger log);
    PartitionTable(const PartitionTable&) = delete;
    PartitionTable& operator=(const PartitionTable&) = delete;

    // Null when this shard does not host it (not yet, or no more).
    std::shared_ptr<Partition> find(std::string_view topic, std::int32_t partition) const;
    std::shared_ptr<Partition> find(TopicId topic_id, std::int32_t partition) const;

    // Makes this shard's partitions what `image` says: opens new ones where `placement` says (one
    // that it does not name stays unavailable), takes and gives up leadership, applies changed
    // configuration, removes what was deleted. One call at a time. Errors of single partitions are
    // logged; they stay unavailable.
    Task<void> apply(metadata::ImagePointer image, std::shared_ptr<const Placement> placement);
    const metadata::ImagePointer& applied() const { return applied_; }

    std::size_t size() const { return size_; }
    // The log directories the partitions are in, in the order of log.dirs, the same on every shard.
    const std::vector<storage::DirectoryShard*>& directories() const { return directories_; }
    // The place in directories() of a partition's.
    std::size_t directory_of(const Partition& partition) const;
    // Every partition here. `visit` must not change the table.
    void for_each(const std::function<void(const std::shared_ptr<Partition>&)>& visit) const;

    // Retention and flush.ms, for all partitions; gives way to requests in between.
    Task<void> delete_old_segments();
    // Of the partitions here that are worth a round of compaction the one that is most. Looks at
    // all that are compacted.
    struct Dirtiest {
        TopicId topic_id;
        std::int32_t partition = 0;
        double ratio = 0;
    };
    Task<std::optional<Dirtiest>> dirtiest();
    // A round that runs on this shard ends soon.
    void interrupt_cleaning();
    // Adds where logs begin that could not be opened, by directory.
    void add_unopened_starts(std::vector<storage::OffsetMap>& starts) const;
    void flush_due();
    // Producers that have been silent for too long, of all partitions.
    void expire_producers();

    // Clean stop: leadership ends, every log is closed. Plain facts of the partitions can still be
    // asked for.
    Task<void> close();

private:
    struct Topic {
        std::string name;
        TopicId id;
        std::vector<std::shared_ptr<Partition>>
            partitions;  // by number; null where another shard, or nobody here, has it
    };

    // A partition whose log could not be opened, and what its checkpoint said: nobody else knows it
    // by the time that the next ones are written.
    struct Unopened {
        TopicId topic_id;
        std::size_t directory = 0;
        Offset start;
    };

    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };

    bool has_same_defaults(const metadata::Image& image) const;
    Task<void> remove_deleted(const metadata::Image& image);
    Task<void> apply_topic(const metadata::Image& image, const metadata::Topic& topic,
                           const Placement& placement);
    Task<std::shared_ptr<Partition>> open(const metadata::Topic& topic, std::int32_t number,
                                          std::size_t directory,
                                          std::shared_ptr<const TopicSettings> settings);
    Task<void> give_up(std::shared_ptr<Partition> partition);
    Task<void> close_one(std::shared_ptr<Partition> partition);

    // Constant after construction.
    runtime::Shards& shards_;
    const std::vector<storage::DirectoryShard*> directories_;
    const NodeId node_;
    const metadata::StaticConfig& file_;
    LeadershipListener& listener_;
    const Logger log_;

    std::shared_ptr<const std::vector<Checkpoints>>
        checkpoints_;  // for partitions found at start; dropped after the first image
    metadata::ImagePointer applied_;
    std::unordered_map<TopicId, std::unique_ptr<Topic>> by_id_;
    std::unordered_map<std::string, Topic*, TextHash, std::equal_to<>> by_name_;
    std::size_t size_ = 0;
    std::map<TopicPartition, Unopened> unopened_;
    // Began to lead within the present apply(), with records that may not be on the device.
    std::vector<std::shared_ptr<Partition>> unflushed_;
};

}  // namespace cauce::replica
