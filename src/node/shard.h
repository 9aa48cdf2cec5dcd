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
#include "runtime/stopwatch.h"
#include "server/connections.h"
#include "server/shard_services.h"
#include "storage/directory_shard.h"
#include "storage/file_cache.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cauce::node {

using runtime::Task;

// The seams of one shard. They outlive the node.
struct Seams {
    runtime::Shards& shards;
    runtime::Disk& disk;
    runtime::Net& net;
    LogSink& log;
    const runtime::Stopwatch& stopwatch;
};

class Shard final : private replica::LeadershipListener {
public:
    // A log directory went offline on this shard: its place in log.dirs, and why.
    using OnOffline = std::function<void(std::size_t directory, const IoError&)>;

    Shard(const Seams& seams, const Config& config, controller::Host& controller,
          server::LogStarts& log_starts,
          std::shared_ptr<const std::vector<replica::Checkpoints>> checkpoints,
          OnOffline on_offline);

    server::ShardServices& services() { return services_; }
    server::Connections& connections() { return connections_; }
    replica::PartitionTable& partitions() { return partitions_; }

    // Two steps of taking over a new image, so that nobody is told of a partition before it can be
    // served: first every shard applies, then every shard shows.
    Task<void> apply(metadata::ImagePointer image,
                     std::shared_ptr<const replica::Placement> placement);
    void show(metadata::ImagePointer image);

    // Takes a log directory offline here too.
    void fail_directory(std::size_t directory, const IoError& error);

    // What was found of a log directory's disk.
    void tell_space(std::size_t directory, const storage::SpaceFound& found);
    // Called when one has less room than was told. Set before the shard serves.
    void on_low_space(const std::function<void()>& listener);

    // The offsets of this shard's partitions that belong into a checkpoint, by log directory.
    using OffsetMaps = std::vector<storage::OffsetMap>;
    OffsetMaps high_watermarks() const;
    OffsetMaps log_starts() const;
    OffsetMaps cleaned_offsets() const;
    Task<OffsetMaps> recovery_points(bool closed);

    // Answers the requests under way and closes the connections.
    Task<void> disconnect();
    // Closes groups and logs; the offsets above can still be asked for.
    Task<void> close();
    // After that: by log directory, whether all its logs here were closed in order.
    std::vector<bool> closed_directories() const;

private:
    void became_leader(const std::shared_ptr<replica::Partition>& partition) override;
    Task<void> resigns(const std::shared_ptr<replica::Partition>& partition) override;

    storage::FileCache files_;
    std::vector<std::unique_ptr<storage::DirectoryShard>> directories_;  // as in log.dirs
    replica::PartitionTable partitions_;
    coordinator::Host groups_;
    std::map<std::int32_t, std::unique_ptr<coordinator::ReplicaOffsetsLog>> offsets_;
    server::ShardServices services_;
    server::Connections connections_;
};

}  // namespace cauce::node
