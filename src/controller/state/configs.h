// AlterConfigs and IncrementalAlterConfigs: settings of topics, brokers, groups and subscriptions
// of client metrics.
#pragma once

#include "controller/state/context.h"

namespace cauce::wire {
struct AlterConfigsRequest;
struct AlterConfigsResponse;
struct IncrementalAlterConfigsRequest;
struct IncrementalAlterConfigsResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

// One result per resource of the request, in its order; each fails or succeeds as a whole and on
// its own. What a request leaves as it was makes no record.

// What the request says is all the resource has afterwards.
Outcome<wire::AlterConfigsResponse> alter_configs(const Context& context,
                                                  const wire::AlterConfigsRequest& request);

// Keys that are not named stay (KIP-339).
Outcome<wire::IncrementalAlterConfigsResponse> incremental_alter_configs(
    const Context& context, const wire::IncrementalAlterConfigsRequest& request);

}  // namespace cauce::controller::state
