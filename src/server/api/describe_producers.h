// DescribeProducers: what partitions remember of their producers, to find transactions that hang
// (KIP-664).
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> describe_producers(RequestContext& context);

}  // namespace cauce::server::api
