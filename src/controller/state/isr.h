// AlterPartition: the leader of a partition tells who is in sync.
#pragma once

#include "controller/state/context.h"

namespace cauce::wire {
struct AlterPartitionRequest;
struct AlterPartitionResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

Outcome<wire::AlterPartitionResponse> alter_partition(const Context& context,
                                                      const wire::AlterPartitionRequest& request);

}  // namespace cauce::controller::state
