#include "node/health.h"

#include "base/check.h"

#include <algorithm>

namespace cauce::node {

namespace {

struct Nod {
    Task<void> operator()() { return run(); }
    static Task<void> run() { co_return; }
};

}  // namespace

std::string_view name_of(Phase phase) {
    switch (phase) {
        case Phase::opening:
            return "opening the log directory";
        case Phase::replaying:
            return "replaying the metadata log";
        case Phase::recovering:
            return "recovering the partitions' logs";
        case Phase::registering:
            return "waiting for the controller to let the broker in";
        case Phase::serving:
            return "serving";
        case Phase::stopping:
            return "stopping";
    }
    return "";
}

Health::Health(runtime::Shards& here)
    : here_(here), phase_since_(here.clock().now()), pulses_(here.count()), tasks_(here.ready()) {}

void Health::enter(Phase phase) {
    CHECK(phase >= phase_, static_cast<int>(phase), static_cast<int>(phase_));
    if (phase == phase_) return;
    phase_ = phase;
    phase_since_ = here_.clock().now();
}

Task<void> Health::ask(unsigned shard) {
    Nod nod;
    co_await here_.on(shard, nod);
    Pulse& pulse = pulses_[shard];
    pulse.asked = false;
    ++pulse.answers;
    answered_.notify_all();
}

Task<std::vector<Health::Silence>> Health::silent_shards() {
    const MonoTime deadline = here_.clock().now() + kPatience;
    std::vector<std::uint64_t> before;
    for (unsigned shard = 0; shard < pulses_.size(); ++shard) {
        Pulse& pulse = pulses_[shard];
        before.push_back(pulse.answers);
        if (pulse.asked) continue;
        pulse.asked = true;
        pulse.asked_at = here_.clock().now();
        tasks_.spawn(ask(shard));
    }
    const auto all_answered = [&] {
        for (std::size_t i = 0; i < before.size(); ++i)
            if (pulses_[i].answers == before[i]) return false;
        return true;
    };
    while (!all_answered() && here_.clock().now() < deadline)
        co_await answered_.wait_until(here_.timers(), deadline);
    std::vector<Silence> silent;
    for (unsigned shard = 0; shard < pulses_.size(); ++shard) {
        if (pulses_[shard].answers != before[shard]) continue;
        silent.push_back({shard, here_.clock().now() - pulses_[shard].asked_at});
    }
    co_return silent;
}

}  // namespace cauce::node
