// The partitions of a topic as a table: who leads, who keeps up, and how far each goes.
#pragma once

#include "cli/problem.h"
#include "cli/report.h"
#include "cli/session.h"
#include "client/cluster.h"
#include "runtime/task.h"

#include <string>

namespace cauce::cli {

// Asks the leaders for their offsets; a partition without one has none. `what` is what did not
// happen, for the problem.
runtime::Task<Expected<Table>> partition_table(Session& session, client::TopicInfo topic,
                                               std::string what);

}  // namespace cauce::cli
