// DescribeCluster: the brokers of the cluster (KIP-700); fenced ones too from version 2 when asked
// (KIP-1073).
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> describe_cluster(RequestContext& context);

}  // namespace cauce::server::api
