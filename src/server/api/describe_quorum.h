// DescribeQuorum (KIP-595): answered by the controller that leads the quorum.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> describe_quorum(RequestContext& context);

}  // namespace cauce::server::api
