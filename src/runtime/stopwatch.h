// Seam: how long something took, also within one turn, where the Clock stands still. A look at the
// machine's clock, some tens of nanoseconds. To be shown to people: nothing may depend on it, for
// in the simulator no time passes within a turn.
#pragma once

#include "base/time.h"

namespace cauce::runtime {

class Stopwatch {
public:
    virtual ~Stopwatch() = default;
    // Comparable with Clock::now(). From any shard.
    virtual MonoTime read() const = 0;
};

}  // namespace cauce::runtime
