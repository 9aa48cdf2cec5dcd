// For tests: one shard without threads. Time stands still while something is ready and jumps to the
// next deadline when nothing is.
#pragma once

#include "runtime/shards.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

namespace cauce::client::testing {

class Loop final : public runtime::Shards, public runtime::Clock {
public:
    Loop() : random_(7), calls_(ready_) {}

    unsigned count() const override { return 1; }
    unsigned self() const override { return 0; }
    runtime::ReadyQueue& ready() override { return ready_; }
    runtime::Timers& timers() override { return timers_; }
    const runtime::Clock& clock() const override { return *this; }
    runtime::Random& random() override { return random_; }
    void post(unsigned, runtime::ShardMessage& message) override { message.arrive(*this); }
    runtime::TaskGroup& calls() override { return calls_; }

    MonoTime now() const override { return now_; }
    WallTime wall() const override { return WallTime{kEpochMs} + passed(); }
    milliseconds passed() const {
        return std::chrono::duration_cast<milliseconds>(now_.since_start);
    }

    // Runs until `task` has ended. Fails the test when nothing can happen any more, or when it
    // takes more than `steps_max` turns: then something spins.
    void run(runtime::Task<void> task) {
        bool done = false;
        runtime::TaskGroup group(ready_);
        group.spawn(flagged(std::move(task), done));
        run_until([&] { return done; });
    }

    void run_until(const std::function<bool()>& done) {
        for (std::uint64_t steps = 0; !done(); ++steps) {
            if (steps > kStepsMax) {
                ADD_FAILURE() << "still running after " << kStepsMax << " turns";
                return;
            }
            if (ready_.run_one()) continue;
            const auto next = timers_.next_deadline();
            if (!next) {
                ADD_FAILURE() << "nothing will ever happen again";
                return;
            }
            now_ = std::max(now_, *next);
            timers_.fire(now_);
        }
    }

    // Everything that is ready, and timers up to `span` from now.
    void run_for(Duration span) {
        const MonoTime until = now_ + span;
        for (;;) {
            while (ready_.run_one()) {
            }
            const auto next = timers_.next_deadline();
            if (!next || *next > until) break;
            now_ = std::max(now_, *next);
            timers_.fire(now_);
        }
        now_ = until;
    }

private:
    static constexpr std::uint64_t kStepsMax = 5'000'000;
    static constexpr std::int64_t kEpochMs = 1'700'000'000'000;

    static runtime::Task<void> flagged(runtime::Task<void> task, bool& done) {
        co_await task;
        done = true;
    }

    runtime::ReadyQueue ready_;
    runtime::Timers timers_;
    runtime::Random random_;
    runtime::TaskGroup calls_;
    MonoTime now_{std::chrono::seconds(1)};
};

}  // namespace cauce::client::testing
