// A topic that the user named, and what they probably meant when there is none.
#pragma once

#include "cli/problem.h"
#include "cli/session.h"
#include "client/cluster.h"
#include "runtime/task.h"

#include <string>
#include <vector>

namespace cauce::cli {

// The topic as it is now. `what` is what did not happen, for the problem.
runtime::Task<Expected<client::TopicInfo>> find_topic(Session& session, std::string name,
                                                      std::string what);

// Adds "did you mean" for the first of `keys` that no topic has: which keys there are is the
// broker's to say, but we know what was likely meant.
void suggest_topic_key(Problem& problem, const std::vector<std::string>& keys);

}  // namespace cauce::cli
