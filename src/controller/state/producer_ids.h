// AllocateProducerIds: blocks of producer ids, each given out once.
#pragma once

#include "controller/state/context.h"

namespace cauce::wire {
struct AllocateProducerIdsRequest;
struct AllocateProducerIdsResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

inline constexpr std::int32_t kProducerIdBlockSize = 1000;

Outcome<wire::AllocateProducerIdsResponse> allocate_producer_ids(
    const Context& context, const wire::AllocateProducerIdsRequest& request);

}  // namespace cauce::controller::state
