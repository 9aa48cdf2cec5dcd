// Produce: appends batches to many partitions. The appends of one request, and of the requests of
// one connection, happen in their order; the answer waits for what acks asks for.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> produce(RequestContext& context);

}  // namespace cauce::server::api
