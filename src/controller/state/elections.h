// ElectLeaders: brings leadership back to the preferred replicas, or, when somebody asks for it
// knowingly, gives it to a replica that may lack records.
#pragma once

#include "controller/state/context.h"

namespace cauce::wire {
struct ElectLeadersRequest;
struct ElectLeadersResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

// Without a list: all partitions, and only those are answered that needed an election.
Outcome<wire::ElectLeadersResponse> elect_leaders(const Context& context,
                                                  const wire::ElectLeadersRequest& request);

// One error for everything the request names.
Reply<wire::ElectLeadersResponse> refuse_elections(const wire::ElectLeadersRequest& request,
                                                   ErrorCode code, std::string text);

}  // namespace cauce::controller::state
