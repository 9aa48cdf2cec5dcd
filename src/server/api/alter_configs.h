// AlterConfigs: everything a resource has is replaced. Handed to the controller.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> alter_configs(RequestContext& context);

}  // namespace cauce::server::api
