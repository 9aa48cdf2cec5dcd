// Where a place is: the offsets that a Place means in given partitions, asked of their leaders.
#pragma once

#include "base/ids.h"
#include "cli/place.h"
#include "cli/problem.h"
#include "cli/session.h"
#include "client/admin.h"
#include "runtime/task.h"

#include <cstdint>
#include <map>
#include <vector>

namespace cauce::cli {

using PartitionOffsets = std::map<TopicPartition, Offset>;

// Asks all leaders for one thing (client::kLatestOffset, client::kEarliestOffset, or a time); every
// partition has an answer then.
runtime::Task<Expected<std::map<TopicPartition, client::FoundOffset>>> ask_offsets(
    Session& session, std::int64_t timestamp, const std::vector<TopicPartition>& partitions,
    MonoTime deadline);

// A place in every partition, within what the log holds.
runtime::Task<Expected<PartitionOffsets>> resolve_place(
    Session& session, Place place, const std::vector<TopicPartition>& partitions,
    MonoTime deadline);

}  // namespace cauce::cli
