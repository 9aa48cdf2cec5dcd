// CreatePartitions: handed to the controller; the answer comes when this node knows the new ones.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> create_partitions(RequestContext& context);

}  // namespace cauce::server::api
