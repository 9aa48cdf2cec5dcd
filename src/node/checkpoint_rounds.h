// Writes a checkpoint for everybody who waits for it: that of log starts, or of what compaction has
// seen. Rounds, as for flushes: one at a time, and whoever comes while one runs shares the next. On
// shard 0.
#pragma once

#include "runtime/event.h"
#include "server/log_starts.h"

#include <cstdint>
#include <functional>
#include <utility>

namespace cauce::node {

class CheckpointRounds final : public server::LogStarts {
public:
    // `write` collects from all logs and ends when they are on the device.
    explicit CheckpointRounds(std::function<runtime::Task<Result<void>>()> write)
        : write_(std::move(write)) {}

    runtime::Task<Result<void>> keep() override;

private:
    const std::function<runtime::Task<Result<void>>()> write_;
    std::uint64_t begun_ = 0;
    std::uint64_t ended_ = 0;
    Result<void> last_;  // of the round that ended last
    runtime::WaitList round_ended_;
};

}  // namespace cauce::node
