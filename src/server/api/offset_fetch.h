// OffsetFetch: a group's stored positions; of several groups from version 8 on (KIP-709).
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> offset_fetch(RequestContext& context);

}  // namespace cauce::server::api
