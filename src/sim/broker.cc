#include "sim/broker.h"

#include "node/node.h"
#include "runtime/stopwatch.h"

#include <memory>
#include <utility>

namespace cauce::sim {

namespace {

runtime::Task<void> take_facts(const node::Node& node, node::Detail detail,
                               std::optional<node::NodeFacts>& into) {
    into = co_await node.facts(detail);
}

}  // namespace

// No time passes within a turn.
class WorldStopwatch final : public runtime::Stopwatch {
public:
    explicit WorldStopwatch(const World& world) : world_(world) {}
    MonoTime read() const override { return world_.now(); }

private:
    const World& world_;
};

// What the broker's shards share in one life.
struct Broker::Process {
    Process(Broker& broker, node::Config config, unsigned shards, node::Node::Hooks hooks)
        : owner(broker),
          stopwatch(broker.world_),
          node(std::move(config), shards, std::move(hooks)) {}
    ~Process() { owner.process_ = nullptr; }

    Broker& owner;
    runtime::Stop stop;
    const WorldStopwatch stopwatch;
    node::Node node;
};

Broker::Broker(World& world, SimNode& machine, const std::string& properties)
    : world_(world), machine_(machine) {
    node::ConfigInput input;
    input.file_name = machine.name;
    input.file_text = properties;
    Result<node::Config> config = node::read_config(input);
    CHECK(config.has_value(), config.error().message);
    config_ = std::move(*config);
    config_.auto_format = true;
}

void Broker::start() {
    serving_ = false;
    outcome_.reset();
    node::Node::Hooks hooks;
    hooks.ready = [this](const node::Node::Addresses&) { serving_ = true; };
    const auto process =
        std::make_shared<Process>(*this, config_, machine_.shards, std::move(hooks));
    process_ = process.get();
    world_.start(machine_, [process](NodeSeams& seams, unsigned shard) {
        return run(*process, seams, shard);
    });
}

void Broker::stop() {
    CHECK(running());
    process_->stop.request();
}

node::NodeFacts Broker::facts(node::Detail detail) {
    CHECK(serving());
    std::optional<node::NodeFacts> taken;
    const auto take = [&] {
        runtime::TaskGroup& calls = machine_.life->shards[0]->calls();
        calls.spawn(take_facts(process_->node, detail, taken));
    };
    world_.in_life(*machine_.life, world_.now(), take);
    CHECK(world_.run_until([&] { return taken.has_value(); }, world_.now() + seconds(60)));
    return *std::move(taken);
}

runtime::Task<void> Broker::run(Process& process, NodeSeams& seams, unsigned shard) {
    const node::Seams own{seams.shards, seams.disk, seams.net, seams.log, process.stopwatch};
    Result<void> outcome = co_await process.node.run(shard, own, process.stop);
    if (shard == 0) process.owner.outcome_ = std::move(outcome);
}

}  // namespace cauce::sim
