// AlterPartitionReassignments (KIP-455, KIP-860): replicas move to other brokers. This begins a
// move, or takes one back that has not come to its end; the leader's ISR changes complete it
// (PartitionChange). With one broker there is nowhere to move to: what names it alone is granted
// and changes nothing.
#pragma once

#include "controller/state/context.h"

namespace cauce::wire {
struct AlterPartitionReassignmentsRequest;
struct AlterPartitionReassignmentsResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

// Each partition stands or falls by itself.
Outcome<wire::AlterPartitionReassignmentsResponse> alter_partition_reassignments(
    const Context& context, const wire::AlterPartitionReassignmentsRequest& request);

}  // namespace cauce::controller::state
