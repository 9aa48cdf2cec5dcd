// What the probes are told: how far the node's start has come, and whether its shards answer. Made
// and used on shard 0.
#pragma once

#include "base/time.h"
#include "runtime/event.h"
#include "runtime/shards.h"
#include "runtime/task_group.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace cauce::node {

using runtime::Task;

// In the order in which a node goes through them.
enum class Phase : std::uint8_t {
    opening,      // the log directory
    replaying,    // the metadata log
    recovering,   // the partitions' logs
    registering,  // the controller lets the broker in
    serving,
    stopping,
};

std::string_view name_of(Phase phase);

class Health {
public:
    // A shard that owes an answer for so long counts as dead. Long, because who acts on it kills
    // the node; a disk that is throttled may hold a shard up for seconds.
    static constexpr Duration kSilentMax = seconds(10);
    // How long a probe waits for the answers: most probes give up after a second themselves.
    static constexpr Duration kPatience = milliseconds(500);

    explicit Health(runtime::Shards& here);
    Health(const Health&) = delete;
    Health& operator=(const Health&) = delete;

    Phase phase() const { return phase_; }
    void enter(Phase phase);
    // Since the present phase began.
    Duration phase_age() const { return here_.clock().now() - phase_since_; }

    struct Silence {
        unsigned shard = 0;
        Duration since{0};  // it was asked

        bool is_death() const { return since >= kSilentMax; }
    };
    // Asks every shard, and gives those that have not answered within kPatience. The question stays
    // open, so that the next call knows for how long.
    Task<std::vector<Silence>> silent_shards();

    // Ends when no question is open.
    Task<void> close() { return tasks_.join(); }

private:
    struct Pulse {
        bool asked = false;
        MonoTime asked_at;
        std::uint64_t answers = 0;
    };

    Task<void> ask(unsigned shard);

    runtime::Shards& here_;
    Phase phase_ = Phase::opening;
    MonoTime phase_since_;
    std::vector<Pulse> pulses_;  // by shard
    runtime::WaitList answered_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::node
