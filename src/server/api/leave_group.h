// LeaveGroup: members go, by member id or by instance id (KIP-345).
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> leave_group(RequestContext& context);

}  // namespace cauce::server::api
