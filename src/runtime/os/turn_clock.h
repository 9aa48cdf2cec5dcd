// TurnClock: the Clock of one shard. Reads the machine's clocks once a turn, by refresh().
#pragma once

#include "runtime/clock.h"

namespace cauce::runtime::os {

// The machine's own clocks, for those who may look at them: the shard's turn and the log.
MonoTime read_monotonic();
WallTime read_wall();

class TurnClock final : public Clock {
public:
    MonoTime now() const override { return now_; }
    WallTime wall() const override { return wall_; }

    void refresh() {
        now_ = read_monotonic();
        wall_ = read_wall();
    }

private:
    MonoTime now_ = read_monotonic();
    WallTime wall_ = read_wall();
};

}  // namespace cauce::runtime::os
