#include "node/shard.h"

#include "base/sim_maybe.h"
#include "server/group_shard.h"

#include <utility>
#include <vector>

namespace cauce::node {

namespace {

// Without a choice, what the smallest machines would choose.
constexpr std::int64_t kRequestBytesDefault = 64 * 1024 * 1024;

std::size_t request_bytes_of(const Config& config, const Seams& seams) {
    const std::int64_t bytes = config.settings.request_bytes;
    return static_cast<std::size_t>(bytes > 0 ? bytes : kRequestBytesDefault) /
           seams.shards.count();
}

using Directories = std::vector<std::unique_ptr<storage::DirectoryShard>>;

Directories make_directories(const Seams& seams, storage::FileCache& files, const Config& config,
                             const Shard::OnOffline& on_offline) {
    Directories directories;
    for (const std::string& path : config.log_directories) {
        directories.push_back(std::make_unique<storage::DirectoryShard>(
            seams.disk, seams.shards, files, path, Logger(&seams.log, "LogDirectory"),
            [on_offline, directory = directories.size()](const IoError& error) {
                on_offline(directory, error);
            }));
    }
    return directories;
}

std::vector<storage::DirectoryShard*> pointers(const Directories& directories) {
    std::vector<storage::DirectoryShard*> out;
    for (const auto& directory : directories)
        out.push_back(directory.get());
    return out;
}

}  // namespace

Shard::Shard(const Seams& seams, const Config& config, controller::Host& controller,
             server::LogStarts& log_starts,
             std::shared_ptr<const std::vector<replica::Checkpoints>> checkpoints,
             OnOffline on_offline)
    : files_(seams.disk, config.open_files / seams.shards.count()),
      directories_(make_directories(seams, files_, config, on_offline)),
      partitions_(seams.shards, pointers(directories_), config.settings.node_id,
                  config.settings.file, std::move(checkpoints), *this,
                  Logger(&seams.log, "PartitionTable")),
      groups_(seams.shards, config.groups, Logger(&seams.log, "GroupCoordinator")),
      services_{
          .shards = seams.shards,
          .net = seams.net,
          .stopwatch = seams.stopwatch,
          .settings = config.settings,
          .log = Logger(&seams.log, "Server"),
          .image = std::make_shared<const metadata::Image>(),
          .partitions = partitions_,
          .groups = groups_,
          .fetch_sessions = server::FetchSessions(
              static_cast<std::size_t>(config.settings.fetch_session_slots) / seams.shards.count()),
          .request_memory = server::RequestMemory(seams.shards, request_bytes_of(config, seams)),
          .controller = controller,
          .log_starts = log_starts},
      connections_(services_) {}

Task<void> Shard::apply(metadata::ImagePointer image,
                        std::shared_ptr<const replica::Placement> placement) {
    // What groups committed for topics that are gone goes too.
    std::vector<TopicPartition> deleted;
    for (const auto& topic : partitions_.applied()->topics()) {
        if (image->topic(topic->id()) != nullptr) continue;
        for (std::int32_t i = 0; i < topic->partition_count(); ++i)
            deleted.push_back({topic->name(), i});
    }
    if (const metadata::Topic* offsets = image->topic(server::kOffsetsTopic)) {
        groups_.set_partition_count(offsets->partition_count());
    }
    co_await partitions_.apply(std::move(image), std::move(placement));
    if (!deleted.empty()) groups_.partitions_deleted(deleted);
}

void Shard::show(metadata::ImagePointer image) {
    services_.image = std::move(image);
    services_.image_changed.notify_all();
}

void Shard::became_leader(const std::shared_ptr<replica::Partition>& partition) {
    const TopicPartition& name = partition->name();
    if (name.topic != server::kOffsetsTopic) return;
    auto& log = offsets_[name.partition];
    log = std::make_unique<coordinator::ReplicaOffsetsLog>(partition);
    groups_.become_leader(name.partition, partition->leader_epoch(), *log);
}

Task<void> Shard::resigns(const std::shared_ptr<replica::Partition>& partition) {
    const std::int32_t number = partition->name().partition;
    if (partition->name().topic != server::kOffsetsTopic) co_return;
    co_await groups_.resign(number);
    offsets_.erase(number);
}

void Shard::fail_directory(std::size_t directory, const IoError& error) {
    directories_[directory]->fail(error);
}

void Shard::tell_space(std::size_t directory, const storage::SpaceFound& found) {
    directories_[directory]->tell_space(found);
}

void Shard::on_low_space(const std::function<void()>& listener) {
    for (const auto& directory : directories_)
        directory->on_low_space(listener);
}

Shard::OffsetMaps Shard::high_watermarks() const {
    OffsetMaps out(directories_.size());
    partitions_.for_each([&](const auto& partition) {
        out[partitions_.directory_of(*partition)][partition->name()] = partition->high_watermark();
    });
    return out;
}

Shard::OffsetMaps Shard::log_starts() const {
    OffsetMaps out(directories_.size());
    partitions_.for_each([&](const auto& partition) {
        if (partition->log().start_inside_segment())
            out[partitions_.directory_of(*partition)][partition->name()] = partition->log_start();
    });
    partitions_.add_unopened_starts(out);
    return out;
}

Shard::OffsetMaps Shard::cleaned_offsets() const {
    OffsetMaps out(directories_.size());
    partitions_.for_each([&](const auto& partition) {
        if (const auto cleaned = partition->log().cleaned_upto())
            out[partitions_.directory_of(*partition)][partition->name()] = *cleaned;
    });
    return out;
}

Task<Shard::OffsetMaps> Shard::recovery_points(bool closed) {
    std::vector<std::shared_ptr<replica::Partition>> all;
    partitions_.for_each([&](const auto& partition) { all.push_back(partition); });
    OffsetMaps out(directories_.size());
    for (const auto& partition : all) {
        if (!closed) {
            // A partition that cannot be prepared keeps its old recovery point: more is recovered,
            // nothing is lost.
            const auto prepared = co_await partition->log().prepare_checkpoint();
            if (!prepared || sim_maybe("checkpoint.partition_missing")) continue;
        }
        out[partitions_.directory_of(*partition)][partition->name()] =
            partition->log().recovery_point();
    }
    co_return out;
}

Task<void> Shard::disconnect() {
    services_.stop.request();
    // Members that wait for their group must not hold up the connections that wait for them.
    co_await groups_.close();
    co_await connections_.close();
}

Task<void> Shard::close() {
    co_await partitions_.close();
    for (const auto& directory : directories_)
        co_await directory->close();
}

std::vector<bool> Shard::closed_directories() const {
    std::vector<bool> closed;
    for (const auto& directory : directories_)
        closed.push_back(!directory->has_unclosed());
    return closed;
}

}  // namespace cauce::node
