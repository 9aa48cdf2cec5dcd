// The disks of a cluster's brokers that have little room left, by the limits of each broker.
#pragma once

#include "client/admin.h"
#include "client/cluster.h"
#include "runtime/task.h"
#include "storage/space_stage.h"

#include <string>
#include <vector>

namespace cauce::cli {

struct ShortDisk {
    NodeId node;
    std::string path;  // of the log directory
    runtime::DiskSpace space;
    storage::SpaceStage stage = storage::SpaceStage::ample;  // never, here
};

// Those on which producers are slowed down or refused. A broker that does not answer, or knows no
// such limits, has none.
runtime::Task<std::vector<ShortDisk>> short_disks(client::Cluster& cluster, MonoTime deadline);

}  // namespace cauce::cli
