// ListOffsets: offsets by timestamp, and the special ones: earliest, latest, of the largest
// timestamp, local and tiered.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> list_offsets(RequestContext& context);

}  // namespace cauce::server::api
