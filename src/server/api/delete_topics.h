// DeleteTopics, by name or by id (KIP-516): handed to the controller; the answer comes when this
// node no longer serves them.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> delete_topics(RequestContext& context);

}  // namespace cauce::server::api
