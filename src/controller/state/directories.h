// Where brokers put their replicas (KIP-858): a controller that does not choose a log directory
// itself is told of it.
#pragma once

#include "base/result.h"
#include "controller/state/context.h"
#include "controller/state/directory_assignment.h"
#include "metadata/record_list.h"

#include <cstdint>
#include <span>

namespace cauce::controller::state {

// The records that note where replicas of `broker` are. Topics and partitions that are gone, or
// that it has no replica of, are left out. UNSUPPORTED_VERSION before directories were known,
// STALE_BROKER_EPOCH when another process has registered since.
Result<metadata::RecordList> assign_directories(const Context& context, NodeId broker,
                                                std::int64_t broker_epoch,
                                                std::span<const DirectoryAssignment> assignments);

}  // namespace cauce::controller::state
