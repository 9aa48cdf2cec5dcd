// World: machines, a network between them and one clock, in one thread, from one seed.
//
// Each node runs its program on some shards, on seams of its own. The world does one thing at a
// time: it runs one ready item of a shard chosen at random among all, or, when a time has come, one
// event (a message between shards, bytes on the network, a timer). When nothing is ready, time
// jumps. Everything that happens goes into a hash: two runs of one seed must give the same one.
//
// A node can be killed (the page cache survives) or lose its power between any two items, or in the
// middle of one at a call to its disk. Programs never see it: their coroutines are destroyed where
// they stand.
#pragma once

#include "base/log.h"
#include "runtime/disk.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "sim/choices.h"
#include "sim/disk_image.h"
#include "sim/hash.h"
#include "sim/sim_disk.h"
#include "sim/sim_net.h"
#include "sim/sim_shards.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {

// What a node's program gets, once a shard.
struct NodeSeams {
    runtime::Shards& shards;
    runtime::Disk& disk;
    runtime::Net& net;
    LogSink& log;
};

// Runs on each shard of a node; the process ends when it has ended on all. What the function holds
// lives as long as the process and is destroyed after its tasks.
using Program = std::function<runtime::Task<void>(NodeSeams&, unsigned shard)>;

// Delays are drawn around these; now and then one takes many times as long.
struct WorldOptions {
    std::uint64_t seed = 1;
    Duration turn = std::chrono::nanoseconds(500);  // one ready item
    Duration shard_hop = std::chrono::microseconds(2);
    Duration net_hop = std::chrono::microseconds(80);
    Duration disk_read = std::chrono::microseconds(100);  // one read in eight is not cached
    Duration disk_sync = std::chrono::microseconds(400);
    // Lines of at least this level are kept (see World::log()); nothing when absent.
    std::optional<LogLevel> log_level = LogLevel::info;
    bool echo_log = false;  // to standard error as they come
    // sim_maybe is answered (choices.h); else everything is as usual.
    bool makes_choices = false;
};

// A machine: what outlives the processes on it.
struct SimNode {
    SimNode(unsigned number, std::string node_name, unsigned count, std::uint64_t disk_bytes)
        : index(number), name(std::move(node_name)), shards(count), disk(disk_bytes) {}

    const unsigned index;
    const std::string name;
    const unsigned shards;
    DiskImage disk;
    milliseconds wall_skew{0};
    // How many times as long as usual its disk and its network take.
    std::int64_t disk_slowness = 1;
    std::int64_t net_slowness = 1;
    bool powered = true;
    unsigned lives = 0;

    // Asked before every call to the disk; an errno makes the call fail.
    std::function<int(const DiskCall&)> disk_fault;

    // A disk that breaks its word: to see that a checker notices.
    bool syncs_do_nothing = false;
    bool folder_syncs_do_nothing = false;

    // kill_in_disk_call(): calls left until then, and the disk as it was at that moment.
    std::uint64_t disk_calls_left = 0;
    DiskCalls dying_in = DiskCalls::all;
    std::optional<DiskImage> disk_at_death;
    bool power_fails_too = false;

    std::shared_ptr<Life> life;  // null when no process runs
};

// One run of a program on a node.
struct Life : std::enable_shared_from_this<Life> {
    Life(World& world, SimNode& machine, Program what);

    SimNode& node;
    Program program;
    std::vector<std::unique_ptr<SimShards>> shards;
    std::vector<std::unique_ptr<SimDisk>> disks;
    std::vector<std::unique_ptr<SimNet>> nets;
    std::vector<NodeSeams> seams;
    std::unique_ptr<LogSink> log;
    std::set<DiskImage::Inode> locks;
    // False while its coroutines are destroyed: what their destructors ask for does not happen.
    bool alive = true;
    // It died within the running turn: what the rest of the turn does is never seen by anyone.
    bool ghost = false;

    bool finished() const;
};

// What a trace entry is about.
enum class Step : std::uint8_t {
    run,
    timers,
    shard_message,
    net_bytes,
    net_arrival,
    disk_write,
    disk_names,
    disk_sync,
    disk_read,
    log_line,
    node_started,
    node_ended,
    net_broken,
};

class World {
public:
    explicit World(WorldOptions options);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    // Its name is its address. No process runs on it yet.
    SimNode& add_node(std::string name, unsigned shards, std::uint64_t disk_bytes = 64ull << 30);

    // Not from within a turn of the same node.
    void start(SimNode& node, Program program);
    // kill -9. Nothing happens when no process runs.
    void kill(SimNode& node);
    // Its disk keeps what was synced and, of the rest, what `fate` says; drawn when absent.
    void power_loss(SimNode& node, std::optional<Unsynced> fate = std::nullopt);
    // The node dies within its `calls`-th call from now that changes its disk (1 = the next), with
    // a part of a write done. What it does in the rest of that turn does not happen.
    void kill_in_disk_call(SimNode& node, std::uint64_t calls, bool power_fails_too = false,
                           DiskCalls which = DiskCalls::all);

    bool running(const SimNode& node) const { return node.life != nullptr; }

    // Bytes from one node to another wait until the way is open again. One direction.
    void cut(const SimNode& from, const SimNode& to) { wire_.cut(from.index, to.index); }
    void heal(const SimNode& from, const SimNode& to) { wire_.heal(from.index, to.index); }
    // Something on the way resets every connection of the node; what was on its way may be lost.
    void break_connections(const SimNode& node) { wire_.break_connections(node.index); }

    // Runs until `done()`, which is asked after every step: true; or until `deadline`, or until
    // nothing will ever happen again: false.
    bool run_until(const std::function<bool()>& done, MonoTime deadline);
    // Runs for that time.
    void run_for(Duration duration);

    MonoTime now() const { return now_; }
    std::uint64_t turns() const { return turns_; }
    std::uint64_t trace_hash() const { return trace_.value(); }
    // Draws for tests and workloads that must not depend on how many steps the world made.
    runtime::Random& random() { return workload_random_; }
    const WorldOptions& options() const { return options_; }
    const std::vector<std::string>& log() const { return log_lines_; }
    // What sim_maybe was asked; empty when this world makes no choices.
    Sites sites() const { return choices_ ? choices_->sites() : Sites(); }

    // For the seams.
    const MonoTime& time() const { return now_; }
    Wire& wire() { return wire_; }
    runtime::Random& dice() { return random_; }
    Duration delay(Duration typical);
    void at(MonoTime time, std::function<void()> event);
    void in_life(Life& life, MonoTime time, std::function<void()> event);
    void trace(Step step, std::uint64_t a, std::uint64_t b);
    void trace(Step step, std::uint64_t a, BytesView bytes);
    void add_log_line(std::string line);
    const std::vector<std::unique_ptr<SimNode>>& nodes() const { return nodes_; }

private:
    bool step(MonoTime deadline);
    bool run_due();
    bool run_a_turn();
    MonoTime next_time() const;
    void end_life(SimNode& node);
    void lose_power(SimNode& node, std::optional<Unsynced> fate);

    const WorldOptions options_;
    std::optional<Choices> choices_;
    runtime::Random random_;
    runtime::Random workload_random_;
    MonoTime now_;
    std::uint64_t turns_ = 0;
    Hash trace_;
    std::vector<std::string> log_lines_;
    Life* running_ = nullptr;  // whose turn it is
    std::vector<std::unique_ptr<SimNode>> nodes_;
    Wire wire_;
    // By time; of one time in the order in which they were made.
    std::multimap<MonoTime, std::function<void()>> events_;
};

}  // namespace cauce::sim
