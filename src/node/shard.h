// What a node runs on one shard: its partitions, its groups, its connections. Made and used on that
// shard only.
#pragma once

#include "coordinator/host.h"
#include "coordinator/replica_offsets_log.h"
#include "node/config.h"
#include "replica/partition_table.h"
#include "runtime/disk.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "server/connections.h"
#include "server/shard_services.h"
#include "storage/directory_shard.h"
#include "storage/file_cache.h"

#include <map>
#include <memory>
#include <string>

namespace cauce::node {

using runtime::Task;

// The seams of one shard. They outlive the node.
struct Seams {
    runtime::Shards& shards;
    runtime::Disk& disk;
    runtime::Net& net;
    LogSink& log;
};

class Shard final : private replica::LeadershipListener {
public:
    Shard(const Seams& seams, const Config& config, controller::Host& controller,
          server::LogStarts& log_starts, std::shared_ptr<const replica::Checkpoints> checkpoints,
          storage::DirectoryShard::OnOffline on_offline);

    server::ShardServices& services() { return services_; }
    server::Connections& connections() { return connections_; }
    replica::PartitionTable& partitions() { return partitions_; }

    // Two steps of taking over a new image, so that nobody is told of a partition before it can be
    // served: first every shard applies, then every shard shows.
    Task<void> apply(metadata::ImagePointer image);
    void show(metadata::ImagePointer image);

    // The offsets of this shard's partitions that belong into a checkpoint.
    storage::OffsetMap high_watermarks() const;
    storage::OffsetMap log_starts() const;
    Task<storage::OffsetMap> recovery_points(bool closed);

    // Answers the requests under way and closes the connections.
    Task<void> disconnect();
    // Closes groups and logs; the offsets above can still be asked for.
    Task<void> close();

private:
    void became_leader(const std::shared_ptr<replica::Partition>& partition) override;
    Task<void> resigns(const std::shared_ptr<replica::Partition>& partition) override;

    storage::FileCache files_;
    storage::DirectoryShard directory_;
    replica::PartitionTable partitions_;
    coordinator::Host groups_;
    std::map<std::int32_t, std::unique_ptr<coordinator::ReplicaOffsetsLog>> offsets_;
    server::ShardServices services_;
    server::Connections connections_;
};

}  // namespace cauce::node
