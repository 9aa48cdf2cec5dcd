#include "server/replica_view.h"

#include "base/contains.h"

#include <cstddef>

namespace cauce::server {

namespace {

// Directory ids that are none (KIP-858): nobody has said where the replica is, a broker of before
// that has it, a directory that failed and is not named any more.
constexpr Uuid kUnassigned{0, 1};
constexpr Uuid kMigrating{0, 0};
constexpr Uuid kLost{0, 2};

bool is_online(const metadata::Broker& broker, const Uuid& directory) {
    if (directory == kUnassigned || directory == kMigrating) return true;
    if (directory == kLost) return false;
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
        const Uuid directory =
            i < partition.directories.size() ? partition.directories[i] : kUnassigned;
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
