#include "controller/state/leadership.h"

#include "controller/state/placement.h"

#include <algorithm>

namespace cauce::controller::state {

const Uuid* directory_of(const metadata::Partition& partition, NodeId broker) {
    for (std::size_t i = 0; i < partition.replicas.size(); ++i) {
        if (partition.replicas[i] == broker && i < partition.directories.size())
            return &partition.directories[i];
    }
    return nullptr;
}

bool directory_is_online(const metadata::Broker& broker, const Uuid& directory) {
    return directory.is_zero() || directory == kUnassignedDirectory ||
           std::ranges::find(broker.directories, directory) != broker.directories.end();
}

bool can_lead(const metadata::Image& image, const metadata::Partition& partition, NodeId id) {
    const metadata::Broker* broker = image.broker(id);
    if (broker == nullptr || !broker->is_active()) return false;
    const Uuid* directory = directory_of(partition, id);
    return directory == nullptr || directory_is_online(*broker, *directory);
}

}  // namespace cauce::controller::state
