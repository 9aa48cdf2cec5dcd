// DescribeQuorum (KIP-595, KIP-836, KIP-853): the voters of the metadata log and how far each has
// come.
#pragma once

#include "base/time.h"
#include "controller/reply.h"
#include "quorum/quorum.h"

namespace cauce::wire {
struct DescribeQuorumRequest;
struct DescribeQuorumResponse;
}  // namespace cauce::wire

namespace cauce::controller {

// As the leader sees it; somebody else answers not_leader_or_follower. There is one partition to
// describe, __cluster_metadata-0. The views in the reply point into the request and into its texts.
Reply<wire::DescribeQuorumResponse> describe_quorum(const quorum::QuorumStatus& status,
                                                    WallTime now,
                                                    const wire::DescribeQuorumRequest& request);

}  // namespace cauce::controller
