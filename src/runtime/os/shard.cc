#include "runtime/os/shard.h"

namespace cauce::runtime::os {
namespace {

// After so many steps the reactor is asked again, so that no task starves the connections.
constexpr int kStepsPerTurn = 256;

}  // namespace

void Shard::deliver(ShardMessage& message) {
    if (mailbox_.put(message)) reactor_.wake();
}

Task<void> Shard::compute(std::function<void()> work) {
    // What is awaited has a value.
    auto call = [&work] {
        work();
        return true;
    };
    auto offloaded = offload(Lane::compute, call);
    co_await offloaded;
}

void Shard::run() {
    while (!ended_ || work_away_ > 0)
        run_turn();
}

void Shard::run_turn() {
    reactor_.wait(wait_span());
    ++turn_;
    clock_.refresh();
    mailbox_.take(arrived_);
    for (ShardMessage* message : arrived_)
        message->arrive(*this);
    timers_.fire(clock_.now());
    for (int step = 0; step < kStepsPerTurn && ready_.run_one(); ++step) {
    }
}

std::optional<Duration> Shard::wait_span() {
    if (!ready_.empty() || !mailbox_.may_sleep()) return Duration::zero();
    const std::optional<MonoTime> deadline = timers_.next_deadline();
    if (!deadline) return std::nullopt;
    return *deadline - read_monotonic();
}

}  // namespace cauce::runtime::os
