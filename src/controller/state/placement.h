// Placement of new partitions on brokers: striped over racks, as Kafka does it. Leaders and
// replicas go round the racks and, inside a rack, round its brokers, so that both are spread
// evenly; a broker that is fenced takes a replica only when the racks have nobody else left, and
// never the first one.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "controller/state/context.h"
#include "metadata/directory_ids.h"
#include "metadata/image.h"

#include <cstdint>
#include <vector>

namespace cauce::controller::state {

using metadata::kLostDirectory;
using metadata::kUnassignedDirectory;
// The first hundred ids mean something special, or will.
bool is_reserved_directory(const Uuid& id);

// Where a new replica on a broker goes: its directory when it has one only, else the broker picks
// and tells.
Uuid default_directory(const metadata::Image& image, NodeId broker);

// One list of brokers per partition; the first is the preferred leader. The error is
// invalid_replication_factor.
Result<std::vector<std::vector<NodeId>>> place(const metadata::Image& image, Chance& chance,
                                               std::int32_t partitions,
                                               std::int16_t replication_factor);

}  // namespace cauce::controller::state
