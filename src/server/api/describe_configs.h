// DescribeConfigs: settings of topics, brokers and groups, and where each value comes from
// (KIP-226).
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> describe_configs(RequestContext& context);

}  // namespace cauce::server::api
