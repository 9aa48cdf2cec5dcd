#include "node/partition_places.h"

#include "metadata/directory_ids.h"

namespace cauce::node {

namespace {

// What the metadata says of this node's replica; nothing when it has none.
std::optional<Uuid> assigned_to(const metadata::Partition& partition, NodeId node) {
    for (std::size_t i = 0; i < partition.replicas.size(); ++i) {
        if (partition.replicas[i] != node) continue;
        return i < partition.directories.size() ? partition.directories[i]
                                                : metadata::kMigratingDirectory;
    }
    return std::nullopt;
}

}  // namespace

PartitionPlaces::PartitionPlaces(NodeId node, std::vector<Directory> directories)
    : node_(node), directories_(std::move(directories)) {}

void PartitionPlaces::found(TopicId topic, std::int32_t partition, std::size_t directory) {
    place({topic, partition}, directory);
}

void PartitionPlaces::place(const Key& key, std::size_t directory) {
    if (places_.emplace(key, directory).second) ++directories_[directory].partitions;
}

std::optional<std::size_t> PartitionPlaces::directory_of(TopicId topic,
                                                         std::int32_t partition) const {
    const auto found = places_.find({topic, partition});
    if (found == places_.end()) return std::nullopt;
    return found->second;
}

std::optional<std::size_t> PartitionPlaces::choose(const Uuid& assigned) const {
    for (std::size_t i = 0; i < directories_.size(); ++i) {
        if (directories_[i].id != assigned || assigned == Uuid{}) continue;
        if (directories_[i].online) return i;
        return std::nullopt;
    }
    if (assigned != metadata::kUnassignedDirectory && assigned != metadata::kMigratingDirectory)
        return std::nullopt;
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < directories_.size(); ++i) {
        const Directory& one = directories_[i];
        if (!one.online) continue;
        // A cordoned one is better than none.
        const auto burden = [](const Directory& of) {
            return std::pair(of.cordoned, of.partitions);
        };
        if (!best || burden(one) < burden(directories_[*best])) best = i;
    }
    return best;
}

void PartitionPlaces::forget_deleted(const metadata::Image& before, const metadata::Image& now) {
    for (const auto& topic : before.topics()) {
        if (now.topic(topic->id()) != nullptr) continue;
        for (std::int32_t i = 0; i < topic->partition_count(); ++i) {
            const auto found = places_.find({topic->id(), i});
            if (found == places_.end()) continue;
            --directories_[found->second].partitions;
            places_.erase(found);
        }
    }
}

PartitionPlaces::Followed PartitionPlaces::follow(const metadata::Image& before,
                                                  const metadata::Image& now) {
    forget_deleted(before, now);
    Followed followed;
    for (const auto& topic : now.topics()) {
        // Objects of an image never change: the same address is the same topic.
        if (before.topic(topic->id()) == topic.get()) continue;
        for (std::int32_t i = 0; i < topic->partition_count(); ++i) {
            const metadata::Partition* partition = topic->find(i);
            if (partition == nullptr) continue;
            const auto assigned = assigned_to(*partition, node_);
            if (!assigned) continue;
            const Key key{topic->id(), i};
            auto directory = directory_of(topic->id(), i);
            if (!directory) {
                directory = choose(*assigned);
                if (!directory) continue;
                place(key, *directory);
            }
            const Directory& where = directories_[*directory];
            if (!where.online) continue;
            followed.placement[key] = *directory;
            if (where.id != *assigned && where.id != Uuid{})
                followed.to_assign.push_back({topic->id(), i, where.id});
        }
    }
    return followed;
}

}  // namespace cauce::node
