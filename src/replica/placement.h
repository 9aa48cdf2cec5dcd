// Which of the node's log directories partitions are in, by their place in log.dirs.
#pragma once

#include "base/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace cauce::replica {

using Placement = std::map<std::pair<TopicId, std::int32_t>, std::size_t>;

}  // namespace cauce::replica
