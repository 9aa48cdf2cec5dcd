#include "server/replica_view.h"

#include "base/contains.h"
#include "metadata/directory_ids.h"

#include <cstddef>

namespace cauce::server {

namespace {

bool is_online(const metadata::Broker& broker, const Uuid& directory) {
    if (directory == metadata::kUnassignedDirectory || directory == metadata::kMigratingDirectory)
        return true;
    if (directory == metadata::kLostDirectory) return false;
    // A broker that names no directories has not said that one failed.
    return broker.directories.empty() || contains(broker.directories, directory);
}

}  // namespace

std::vector<std::int32_t> node_numbers(const metadata::ReplicaList& replicas) {
    std::vector<std::int32_t> out;
    out.reserve(replicas.size());
    for (const NodeId id : replicas)
        out.push_back(id.value);
    return out;
}

std::vector<std::int32_t> offline_replicas(const metadata::Image& image,
                                           const metadata::Partition& partition,
                                           std::string_view listener) {
    std::vector<std::int32_t> out;
    for (std::size_t i = 0; i < partition.replicas.size(); ++i) {
        const NodeId id = partition.replicas[i];
        const Uuid directory = i < partition.directories.size() ? partition.directories[i]
                                                                : metadata::kMigratingDirectory;
        const metadata::Broker* broker = image.broker(id);
        const bool online = broker != nullptr && !broker->fenced &&
                            broker->endpoint(listener) != nullptr && is_online(*broker, directory);
        if (!online) out.push_back(id.value);
    }
    return out;
}

NodeId reachable_leader(const metadata::Image& image, const metadata::Partition& partition,
                        std::string_view listener) {
    const metadata::Broker* broker = image.broker(partition.leader);
    const bool reachable =
        broker != nullptr && !broker->fenced && broker->endpoint(listener) != nullptr;
    return reachable ? partition.leader : metadata::kNoLeader;
}

}  // namespace cauce::server
