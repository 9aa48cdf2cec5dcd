// DescribeGroups: state and members of groups.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> describe_groups(RequestContext& context);

}  // namespace cauce::server::api
