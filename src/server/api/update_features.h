// UpdateFeatures (KIP-584): handed to the controller.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> update_features(RequestContext& context);

}  // namespace cauce::server::api
