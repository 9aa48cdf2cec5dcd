// InitProducerId: an id for an idempotent producer. Transactional ids are refused: there are no
// transactions yet.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> init_producer_id(RequestContext& context);

}  // namespace cauce::server::api
