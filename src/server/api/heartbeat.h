// Heartbeat: a member is alive, and learns of a rebalance.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> heartbeat(RequestContext& context);

}  // namespace cauce::server::api
