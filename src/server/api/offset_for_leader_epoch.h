// OffsetForLeaderEpoch: where an epoch's records end, by which consumers and followers notice that
// their log and the leader's have parted (KIP-279, KIP-320).
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> offset_for_leader_epoch(RequestContext& context);

}  // namespace cauce::server::api
