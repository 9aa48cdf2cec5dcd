// Broker: a whole node (src/node) on a simulated machine, with what a test wants to know about it:
// whether it serves, and how it ended when nobody killed it.
#pragma once

#include "base/result.h"
#include "node/config.h"
#include "node/facts.h"
#include "sim/world.h"

#include <cstdint>
#include <optional>
#include <string>

namespace cauce::sim {

// What a node needs to be a cluster of its own: clients find it on the machine "broker".
inline constexpr std::uint16_t kPort = 9092;
inline constexpr const char* kAlone =
    "process.roles=broker,controller\n"
    "node.id=1\n"
    "log.dirs=/data\n"
    "listeners=PLAINTEXT://:9092\n"
    "advertised.listeners=PLAINTEXT://broker:9092\n";

class Broker {
public:
    // `properties` as in server.properties.
    Broker(World& world, SimNode& machine, const std::string& properties);

    void start();
    // Asks a running one to stop in order.
    void stop();

    SimNode& machine() { return machine_; }
    bool running() const { return world_.running(machine_); }
    // Clients can be served, by the process that runs now.
    bool serving() const { return running() && serving_; }
    // What it counts and knows of its clients, while it serves. Takes some simulated time.
    node::NodeFacts facts(node::Detail detail);
    // How the last process ended by itself; nothing while it runs or when it was killed.
    const std::optional<Result<void>>& outcome() const { return outcome_; }

private:
    struct Process;
    static runtime::Task<void> run(Process& process, NodeSeams& seams, unsigned shard);

    World& world_;
    SimNode& machine_;
    node::Config config_;
    bool serving_ = false;
    std::optional<Result<void>> outcome_;
    Process* process_ = nullptr;  // the one that runs
};

}  // namespace cauce::sim
