// Seam `Shards` in simulation: one shard of one life of a simulated node. The world runs it, one
// ready item at a time; messages between shards are events of the world, in order per pair and
// otherwise delayed at random.
#pragma once

#include "runtime/shards.h"
#include "sim/sim_clock.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace cauce::sim {

class World;
struct Life;

class SimShards final : public runtime::Shards {
public:
    SimShards(World& world, Life& life, unsigned self, unsigned count, std::uint64_t seed);

    unsigned count() const override { return count_; }
    unsigned self() const override { return self_; }
    runtime::ReadyQueue& ready() override { return ready_; }
    runtime::Timers& timers() override { return timers_; }
    const runtime::Clock& clock() const override { return clock_; }
    runtime::Random& random() override { return random_; }
    void post(unsigned shard, runtime::ShardMessage& message) override;
    runtime::TaskGroup& calls() override { return *calls_; }

    // Owns the node's program on this shard.
    runtime::TaskGroup& main() { return *main_; }

    // The crash of a node, step by step for all its shards: what other shards run here goes first,
    // for it may refer to what the program owns.
    void destroy_calls() { calls_.reset(); }
    void destroy_main() { main_.reset(); }

private:
    World& world_;
    Life& life_;
    const unsigned self_;
    const unsigned count_;
    SimClock clock_;
    runtime::Random random_;
    runtime::ReadyQueue ready_;
    runtime::Timers timers_;
    std::optional<runtime::TaskGroup> main_;
    std::optional<runtime::TaskGroup> calls_;
    std::vector<MonoTime> last_arrival_;  // by shard, of what was posted from here
};

}  // namespace cauce::sim
