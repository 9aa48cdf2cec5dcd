// ListPartitionReassignments (KIP-455): the moves of replicas that have begun and not come to
// their end, as the image of this shard has them.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> list_partition_reassignments(RequestContext& context);

}  // namespace cauce::server::api
