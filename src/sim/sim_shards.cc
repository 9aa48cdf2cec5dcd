#include "sim/sim_shards.h"

#include "sim/world.h"

#include <algorithm>

namespace cauce::sim {

SimShards::SimShards(World& world, Life& life, unsigned self, unsigned count, std::uint64_t seed)
    : world_(world),
      life_(life),
      self_(self),
      count_(count),
      clock_(world.time(), life.node.wall_skew),
      random_(seed),
      last_arrival_(count) {
    main_.emplace(ready_);
    calls_.emplace(ready_);
}

void SimShards::post(unsigned shard, runtime::ShardMessage& message) {
    CHECK(shard < count_, shard, count_);
    if (!life_.alive) return;  // posted by a destructor while the node crashes
    const MonoTime arrival =
        std::max(last_arrival_[shard], world_.now() + world_.delay(world_.options().shard_hop));
    last_arrival_[shard] = arrival;
    world_.in_life(life_, arrival, [this, shard, &message] {
        world_.trace(Step::shard_message, self_, shard);
        message.arrive(*life_.shards[shard]);
    });
}

}  // namespace cauce::sim
