// ListGroups: the groups this broker coordinates, from all shards.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> list_groups(RequestContext& context);

}  // namespace cauce::server::api
