// What a broker tells the controller of a replica of its own: the log directory it is in (KIP-858).
#pragma once

#include "base/ids.h"

#include <cstdint>

namespace cauce::controller::state {

struct DirectoryAssignment {
    TopicId topic;
    std::int32_t partition = 0;
    Uuid directory;

    bool operator==(const DirectoryAssignment&) const = default;
};

}  // namespace cauce::controller::state
