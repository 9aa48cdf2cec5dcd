// Seam `Clock` in simulation: every node sees the world's time; wall clocks differ by a skew that a
// test may change while the node runs.
#pragma once

#include "runtime/clock.h"

namespace cauce::sim {

// 2026-01-01T00:00:00Z: where the wall clock of every simulation starts.
inline constexpr WallTime kWallStart{1'767'225'600'000};

class SimClock final : public runtime::Clock {
public:
    SimClock(const MonoTime& now, const milliseconds& skew) : now_(now), skew_(skew) {}

    MonoTime now() const override { return now_; }
    WallTime wall() const override {
        return kWallStart + std::chrono::duration_cast<milliseconds>(now_.since_start) + skew_;
    }

private:
    const MonoTime& now_;
    const milliseconds& skew_;
};

}  // namespace cauce::sim
