// Seam: time. Constant within one turn of a shard: two reads without a suspension between them are
// equal.
#pragma once

#include "base/time.h"

namespace cauce::runtime {

class Clock {
public:
    virtual ~Clock() = default;
    virtual MonoTime now() const = 0;
    virtual WallTime wall() const = 0;
};

}  // namespace cauce::runtime
