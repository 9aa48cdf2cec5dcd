// FindCoordinator: which broker coordinates a group. Makes the topic of committed offsets when it
// is asked for first.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> find_coordinator(RequestContext& context);

}  // namespace cauce::server::api
