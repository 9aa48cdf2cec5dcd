// CreateTopics: handed to the controller; the answer comes when this node serves what was made.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> create_topics(RequestContext& context);

}  // namespace cauce::server::api
