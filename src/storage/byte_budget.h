// So many bytes a second, and not more: who spends them waits until they have come in. A second's
// worth may be spent at once. On one shard.
#pragma once

#include "runtime/shards.h"
#include "runtime/stop.h"
#include "runtime/task.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cauce::storage {

class ByteBudget {
public:
    // `per_second`: no limit when it is not below what a double can hold of bytes.
    ByteBudget(runtime::Shards& shards, double per_second, runtime::Stop& stop)
        : shards_(shards),
          per_second_(per_second),
          stop_(stop),
          paid_until_(shards.clock().now()) {}

    // Ends when `bytes` may be spent, or when the stop is requested.
    runtime::Task<void> spend(std::uint64_t bytes) {
        if (!(per_second_ < kNoLimit)) co_return;
        const MonoTime now = shards_.clock().now();
        paid_until_ = std::max(paid_until_, now - seconds(1));
        // Nobody waits for longer than a day for one piece, however small the limit.
        const double wanted =
            static_cast<double>(bytes) / std::max(per_second_, 1.0) * kNanosecondsASecond;
        const double most = std::min(wanted, kNanosecondsADay);
        paid_until_ = paid_until_ + Duration(static_cast<std::int64_t>(std::ceil(most)));
        if (paid_until_ > now) (void)co_await shards_.sleep_until(paid_until_, stop_);
    }

private:
    static constexpr double kNoLimit = 1e18;
    static constexpr double kNanosecondsASecond = 1e9;
    static constexpr double kNanosecondsADay = 86'400e9;

    runtime::Shards& shards_;
    const double per_second_;
    runtime::Stop& stop_;
    MonoTime paid_until_;
};

}  // namespace cauce::storage
