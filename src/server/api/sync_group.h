// SyncGroup: the leader brings the assignment, everybody takes theirs.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> sync_group(RequestContext& context);

}  // namespace cauce::server::api
