// Fetch: reads record batches of many partitions, waits for more when there is little (min_bytes,
// max_wait_ms), and remembers what a client reads (KIP-227). Records go from their files to the
// socket without passing through here.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> fetch(RequestContext& context);

}  // namespace cauce::server::api
