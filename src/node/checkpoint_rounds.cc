#include "node/checkpoint_rounds.h"

namespace cauce::node {

runtime::Task<Result<void>> CheckpointRounds::keep() {
    // A round that runs may have passed our log already.
    const std::uint64_t ours = begun_ + 1;
    while (ended_ < ours) {
        if (begun_ != ended_) {
            co_await round_ended_.wait();
            continue;
        }
        ++begun_;
        last_ = co_await write_();
        ended_ = begun_;
        round_ended_.notify_all();
    }
    co_return last_;
}

}  // namespace cauce::node
