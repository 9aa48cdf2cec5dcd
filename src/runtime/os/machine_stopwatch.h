// MachineStopwatch: the machine's own clock.
#pragma once

#include "runtime/os/turn_clock.h"
#include "runtime/stopwatch.h"

namespace cauce::runtime::os {

class MachineStopwatch final : public Stopwatch {
public:
    MonoTime read() const override { return read_monotonic(); }
};

}  // namespace cauce::runtime::os
