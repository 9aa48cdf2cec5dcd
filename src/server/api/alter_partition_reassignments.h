// AlterPartitionReassignments (KIP-455): handed to the controller.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> alter_partition_reassignments(RequestContext& context);

}  // namespace cauce::server::api
