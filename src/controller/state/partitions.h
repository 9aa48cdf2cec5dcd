// CreatePartitions: more partitions for topics that exist.
#pragma once

#include "controller/state/context.h"

namespace cauce::wire {
struct CreatePartitionsRequest;
struct CreatePartitionsResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

// One result per topic of the request, in its order; each fails or succeeds on its own. A topic
// named twice is answered once.
Outcome<wire::CreatePartitionsResponse> create_partitions(
    const Context& context, Chance& chance, const wire::CreatePartitionsRequest& request);

}  // namespace cauce::controller::state
