// What metrics and the live view are made of: the state and the counters of a node at one moment,
// each shard's taken on that shard. Values; text is made of them elsewhere (metrics_text.h), and
// edges are understood there too (edge_reader.h).
#pragma once

#include "base/ids.h"
#include "live/client.h"
#include "live/counters.h"
#include "live/request_times.h"
#include "metadata/image.h"
#include "node/cleaner_totals.h"
#include "node/health.h"
#include "quorum/quorum.h"
#include "runtime/shards.h"
#include "runtime/task.h"
#include "storage/space_gate.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cauce::node {

class Shard;

// How much is wanted. Edges are many: metrics do without them.
enum class Detail : std::uint8_t { totals, edges };

// Of a partition that is compacted, as the log cleaner found it when it last looked.
struct CompactionFacts {
    double dirty = 0;      // share of what could be compacted that was not seen yet
    bool refused = false;  // a batch is damaged: it is not compacted any more
};

struct PartitionFacts {
    TopicId topic;
    std::int32_t partition = 0;
    bool leads = false;
    std::int32_t min_insync_replicas = 1;
    std::uint64_t size_bytes = 0;
    std::uint64_t segments = 0;
    Offset log_start;
    Offset high_watermark;
    Offset log_end;
    std::optional<CompactionFacts> compaction{};
    live::PartitionCounters counters;
    std::vector<live::Edge> edges;  // with Detail::edges
};

struct CommittedFacts {
    std::string topic;
    std::int32_t partition = 0;
    Offset committed;
};

struct MemberFacts {
    std::string client_id;
    std::string host;  // as live::Client has it
    // What it is to read, ordered; nothing when that is not known, such as in a rebalance.
    std::optional<std::vector<TopicPartition>> assigned;
};

struct GroupFacts {
    std::string id;
    std::size_t members = 0;
    std::vector<CommittedFacts> committed;  // by topic and partition
    std::vector<MemberFacts> readers{};     // the members, with Detail::edges
};

// What room a log directory has, as it was found last.
struct DirectoryFacts {
    std::string path;
    storage::SpaceFound space;
};

// What the clients of a shard met when a disk ran full, by directory.
struct SpaceCounts {
    std::string path;
    std::uint64_t throttled_batches = 0;
    std::uint64_t refused_batches = 0;
};

struct ShardFacts {
    std::vector<PartitionFacts> partitions;
    std::vector<GroupFacts> groups;
    live::RequestTimes requests;
    std::size_t connections = 0;
    std::vector<live::Client> clients;  // with Detail::edges
    std::size_t request_bytes = 0;
    std::vector<SpaceCounts> space;
};

struct NodeFacts {
    NodeId node;
    Phase phase = Phase::opening;
    Duration up{0};
    std::size_t offline_directories = 0;
    CleanerTotals cleaner{};
    Duration since_cleaner_looked{0};
    std::vector<DirectoryFacts> directories;  // that work, once they were looked at
    metadata::ImagePointer image;             // null before the metadata is replayed
    std::optional<quorum::QuorumStatus> quorum;
    std::vector<ShardFacts> shards;  // none before they are made
};

// On the shard itself. Gives way to requests now and then.
runtime::Task<ShardFacts> facts_of(Shard& shard, Detail detail);

// From any shard: `facts`, and those of each of the node's shards, all taken at about the same
// time.
runtime::Task<NodeFacts> with_shards(runtime::Shards& here, NodeFacts facts,
                                     std::vector<Shard*> shards, Detail detail);

}  // namespace cauce::node
