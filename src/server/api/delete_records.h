// DeleteRecords: the starts of partitions move forward (KIP-107).
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> delete_records(RequestContext& context);

}  // namespace cauce::server::api
