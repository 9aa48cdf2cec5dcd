// How clients see the replicas of a partition: which are there, and who can be reached as leader.
#pragma once

#include "base/ids.h"
#include "metadata/image.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace cauce::server {

std::vector<std::int32_t> node_numbers(const metadata::ReplicaList& replicas);

// The replicas of a broker that is away or fenced, has no such listener, or whose log directory
// failed.
std::vector<std::int32_t> offline_replicas(const metadata::Image& image,
                                           const metadata::Partition& partition,
                                           std::string_view listener);

// kNoLeader when there is none that can be reached under the listener.
NodeId reachable_leader(const metadata::Image& image, const metadata::Partition& partition,
                        std::string_view listener);

}  // namespace cauce::server
