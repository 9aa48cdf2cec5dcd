// What compaction has to do in a topic's partitions, as a table: how dirty each is, and when what
// was deleted vanishes.
#pragma once

#include "base/time.h"
#include "cli/report.h"
#include "client/admin.h"
#include "client/cluster.h"

#include <vector>

namespace cauce::cli {

// A row for each partition whose leader tells; none where no broker does.
Table compaction_table(const client::TopicInfo& topic,
                       const std::vector<client::LogDirectory>& directories, WallTime now);

}  // namespace cauce::cli
