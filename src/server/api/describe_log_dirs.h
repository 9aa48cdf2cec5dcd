// DescribeLogDirs: the log directories of this broker, what they hold and how much room there is
// (KIP-113, KIP-827, KIP-1066).
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> describe_log_dirs(RequestContext& context);

}  // namespace cauce::server::api
