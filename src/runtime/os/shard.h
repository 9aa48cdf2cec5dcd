// Shard: one thread's share of a runtime, and its loop. A turn waits for events, timers and
// messages, reads the clock, and then runs what became ready.
//
// Everything belongs to the shard's thread, but for what is marked "any thread".
#pragma once

#include "runtime/os/mailbox.h"
#include "runtime/os/reactor.h"
#include "runtime/os/turn_clock.h"
#include "runtime/os/work_pool.h"
#include "runtime/shards.h"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace cauce::runtime::os {

class Shard final : public Shards {
public:
    // `peers` is the list of all shards by number, this one among them; it is filled after this.
    Shard(unsigned self, const std::vector<std::unique_ptr<Shard>>& peers, Reactor reactor,
          WorkPool& pool, std::uint64_t seed)
        : self_(self), peers_(peers), pool_(pool), random_(seed), reactor_(std::move(reactor)) {}

    unsigned count() const override { return static_cast<unsigned>(peers_.size()); }
    unsigned self() const override { return self_; }
    ReadyQueue& ready() override { return ready_; }
    Timers& timers() override { return timers_; }
    const Clock& clock() const override { return clock_; }
    Random& random() override { return random_; }
    TaskGroup& calls() override { return calls_; }
    Task<void> compute(std::function<void()> work) override;
    void post(unsigned shard, ShardMessage& message) override { peers_[shard]->deliver(message); }

    // Any thread.
    void deliver(ShardMessage& message);

    Reactor& reactor() { return reactor_; }

    // An awaitable that makes `call` on the work pool.
    template <typename Call>
    Offload<Call> offload(Lane lane, Call call) {
        return Offload<Call>(*this, pool_, lane, std::move(call));
    }
    void submit(Lane lane, Work& work) { pool_.submit(lane, work); }
    // Work of this shard went to the pool; the loop does not end before it came home.
    void work_left() { ++work_away_; }
    void work_came_home() { --work_away_; }

    // Counts turns; equal within one.
    std::uint64_t turn() const { return turn_; }

    TaskGroup& roots() { return roots_; }
    // Turns until end() was called and nothing is under way.
    void run();
    void end() { ended_ = true; }

private:
    void run_turn();
    std::optional<Duration> wait_span();

    const unsigned self_;
    const std::vector<std::unique_ptr<Shard>>& peers_;
    WorkPool& pool_;

    TurnClock clock_;
    Random random_;
    Reactor reactor_;
    Mailbox mailbox_;
    std::vector<ShardMessage*> arrived_;  // kept between turns for its memory
    Timers timers_;
    ReadyQueue ready_;
    std::uint64_t turn_ = 0;
    std::size_t work_away_ = 0;
    bool ended_ = false;

    // Last, so that their coroutines go first.
    TaskGroup calls_{ready_};
    TaskGroup roots_{ready_};
};

}  // namespace cauce::runtime::os
