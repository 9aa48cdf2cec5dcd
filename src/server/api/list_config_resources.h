// ListConfigResources (KIP-1142; in version 0 ListClientMetricsResources): what has settings.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> list_config_resources(RequestContext& context);

}  // namespace cauce::server::api
