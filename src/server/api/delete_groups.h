// DeleteGroups: empty groups go, with the positions they committed.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> delete_groups(RequestContext& context);

}  // namespace cauce::server::api
