// CreateTopics and DeleteTopics.
#pragma once

#include "controller/state/context.h"

namespace cauce::wire {
struct CreateTopicsRequest;
struct CreateTopicsResponse;
struct DeleteTopicsRequest;
struct DeleteTopicsResponse;
}  // namespace cauce::wire

namespace cauce::controller::state {

// One result per topic of the request, in its order; each fails or succeeds on its own. The views
// in the reply point into the request and into reply.texts.
Outcome<wire::CreateTopicsResponse> create_topics(const Context& context, Chance& chance,
                                                  const wire::CreateTopicsRequest& request);

Outcome<wire::DeleteTopicsResponse> delete_topics(const Context& context,
                                                  const wire::DeleteTopicsRequest& request);

}  // namespace cauce::controller::state
