// ElectLeaders (KIP-183, KIP-460): handed to the controller.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> elect_leaders(RequestContext& context);

}  // namespace cauce::server::api
