// Backoff: how long to wait before trying again: doubles up to a bound, a fifth of it by chance, so
// that clients of a broker that returns do not come all at once.
#pragma once

#include "base/time.h"
#include "runtime/random.h"

#include <algorithm>

namespace cauce::client {

class Backoff {
public:
    Backoff(Duration first, Duration most) : next_(first), most_(most) {}

    Duration next(runtime::Random& random) {
        const Duration wait = next_;
        next_ = std::min(next_ * 2, most_);
        const std::int64_t fifth = wait.count() / 5;
        return wait + Duration(random.between(-fifth, fifth));
    }

private:
    Duration next_;
    Duration most_;
};

}  // namespace cauce::client
