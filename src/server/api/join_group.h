// JoinGroup: a member enters its group; the answer waits until the group has gathered.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> join_group(RequestContext& context);

}  // namespace cauce::server::api
