// OffsetDelete: a group forgets positions in topics that nobody in it reads.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> offset_delete(RequestContext& context);

}  // namespace cauce::server::api
