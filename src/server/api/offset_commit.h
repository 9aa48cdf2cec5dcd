// OffsetCommit: stores a group's positions; answered when they are committed to the log.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> offset_commit(RequestContext& context);

}  // namespace cauce::server::api
