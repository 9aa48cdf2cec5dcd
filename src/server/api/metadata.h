// Metadata: the brokers, and which topics there are and who leads them. Makes missing topics when
// the client and the broker both allow it (auto.create.topics.enable); the answer then already
// shows them.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> metadata(RequestContext& context);

}  // namespace cauce::server::api
