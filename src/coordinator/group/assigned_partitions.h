// What a member of a group of consumers is to read, by the assignment that its leader made.
#pragma once

#include "base/ids.h"

#include <optional>
#include <vector>

namespace cauce::coordinator::group {

class ClassicGroup;
struct Member;

// Ordered. Nothing when it cannot be known: the group is not of type "consumer", is not stable, or
// the assignment cannot be read.
std::optional<std::vector<TopicPartition>> assigned_partitions(const ClassicGroup& group,
                                                               const Member& member);

}  // namespace cauce::coordinator::group
