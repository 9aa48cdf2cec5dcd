// IncrementalAlterConfigs (KIP-339): single settings change. Handed to the controller.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> incremental_alter_configs(RequestContext& context);

}  // namespace cauce::server::api
