#include "sim/world.h"

#include <algorithm>
#include <cstdio>

namespace cauce::sim {

namespace {

std::string_view level_name(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warn:
            return "warn";
        case LogLevel::error:
            return "error";
    }
    return "?";
}

class SimLog final : public LogSink {
public:
    SimLog(World& world, const SimNode& node) : world_(world), node_(node), life_(node.lives) {}

    bool enabled(LogLevel level) const override {
        return world_.options().log_level && level >= *world_.options().log_level;
    }

    void write(LogLevel level, std::string_view component, std::string_view text) override {
        char stamp[32];
        std::snprintf(stamp, sizeof stamp, "%14.6f",
                      std::chrono::duration<double>(world_.now().since_start).count());
        std::string line = stamp;
        line.append(" ").append(node_.name).append("#").append(std::to_string(life_));
        line.append(" ").append(level_name(level)).append(" ").append(component);
        line.append(": ").append(text);
        world_.add_log_line(std::move(line));
    }

private:
    World& world_;
    const SimNode& node_;
    const unsigned life_;
};

}  // namespace

Life::Life(World& world, SimNode& machine, Program what)
    : node(machine), program(std::move(what)), log(std::make_unique<SimLog>(world, machine)) {
    seams.reserve(node.shards);
    for (unsigned i = 0; i < node.shards; ++i) {
        shards.push_back(
            std::make_unique<SimShards>(world, *this, i, node.shards, world.dice().next()));
        disks.push_back(std::make_unique<SimDisk>(world, *this, *shards[i]));
        nets.push_back(std::make_unique<SimNet>(world, *this, *shards[i]));
        seams.push_back({*shards[i], *disks[i], *nets[i], *log});
    }
}

bool Life::finished() const {
    return std::ranges::all_of(shards, [](const auto& shard) { return shard->main().size() == 0; });
}

World::World(WorldOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      workload_random_(~options_.seed),
      wire_(*this) {
    if (options_.makes_choices) choices_.emplace(options_.seed);
}

World::~World() {
    for (const auto& node : nodes_)
        kill(*node);
}

SimNode& World::add_node(std::string name, unsigned shards, std::uint64_t disk_bytes) {
    CHECK(shards > 0);
    const auto index = static_cast<unsigned>(nodes_.size());
    nodes_.push_back(std::make_unique<SimNode>(index, std::move(name), shards, disk_bytes));
    return *nodes_.back();
}

void World::start(SimNode& node, Program program) {
    CHECK(!node.life, node.name);
    node.powered = true;
    ++node.lives;
    trace(Step::node_started, node.index, node.lives);
    node.life = std::make_shared<Life>(*this, node, std::move(program));
    for (unsigned i = 0; i < node.shards; ++i)
        node.life->shards[i]->main().spawn(node.life->program(node.life->seams[i], i));
}

void World::kill(SimNode& node) {
    if (!node.life) return;
    node.power_fails_too = false;
    end_life(node);
}

void World::power_loss(SimNode& node, std::optional<Unsynced> fate) {
    if (node.life) {
        node.power_fails_too = true;
        end_life(node);
    }
    lose_power(node, fate);
}

void World::kill_in_disk_call(SimNode& node, std::uint64_t calls, bool power_fails_too,
                              DiskCalls which) {
    CHECK(calls > 0);
    node.dying_in = which;
    node.disk_calls_left = calls;
    node.power_fails_too = power_fails_too;
}

// The process ends: by itself, killed, or with its machine (`power_fails_too`; the disk is the
// caller's business then).
void World::end_life(SimNode& node) {
    const std::shared_ptr<Life> life = std::move(node.life);
    node.life = nullptr;
    CHECK(running_ != life.get(), node.name);
    trace(Step::node_ended, node.index, node.power_fails_too ? 1 : 0);
    life->alive = false;
    wire_.end_life(*life, node.power_fails_too);
    for (const auto& shard : life->shards)
        shard->destroy_calls();
    for (const auto& shard : life->shards)
        shard->destroy_main();
    life->program = nullptr;
    if (node.disk_at_death) {
        node.disk = std::move(*node.disk_at_death);
        node.disk_at_death.reset();
    }
    node.disk_calls_left = 0;
    node.disk.close_all();
}

void World::lose_power(SimNode& node, std::optional<Unsynced> fate) {
    if (!fate) {
        const std::uint64_t draw = random_.below(4);
        fate = draw == 0 ? Unsynced::drop : draw == 1 ? Unsynced::keep : Unsynced::tear;
    }
    node.powered = false;
    node.disk.power_loss(random_, *fate);
}

bool World::run_until(const std::function<bool()>& done, MonoTime deadline) {
    while (!done()) {
        if (now_ >= deadline) return false;
        if (step(deadline)) continue;
        if (deadline != MonoTime::never()) now_ = deadline;
        return done();
    }
    return true;
}

void World::run_for(Duration duration) {
    run_until([] { return false; }, now_ + duration);
}

// False when there is nothing left to do, ever.
bool World::step(MonoTime deadline) {
    if (run_due() || run_a_turn()) return true;
    const MonoTime next = next_time();
    if (next == MonoTime::never()) return false;
    now_ = std::min(next, deadline);
    return true;
}

// One event or the timers of one shard whose time has come.
bool World::run_due() {
    if (!events_.empty() && events_.begin()->first <= now_) {
        const auto event = events_.extract(events_.begin());
        event.mapped()();
        return true;
    }
    for (const auto& node : nodes_) {
        if (!node->life) continue;
        for (const auto& shard : node->life->shards) {
            const std::optional<MonoTime> deadline = shard->timers().next_deadline();
            if (!deadline || *deadline > now_) continue;
            trace(Step::timers, node->index, shard->self());
            shard->timers().fire(now_);
            return true;
        }
    }
    return false;
}

// One ready item of one shard, chosen at random.
bool World::run_a_turn() {
    std::uint64_t candidates = 0;
    Life* chosen = nullptr;
    SimShards* shard = nullptr;
    for (const auto& node : nodes_) {
        if (!node->life) continue;
        for (const auto& candidate : node->life->shards) {
            if (candidate->ready().empty() || !random_.one_in(++candidates)) continue;
            chosen = node->life.get();
            shard = candidate.get();
        }
    }
    if (shard == nullptr) return false;
    SimNode& node = chosen->node;
    ++turns_;
    trace(Step::run, node.index, shard->self());
    running_ = chosen;
    shard->ready().run_one();
    running_ = nullptr;
    now_ = now_ + Duration(random_.between(0, 2 * options_.turn.count()));
    if (chosen->ghost) {
        const bool power_fails = node.power_fails_too;
        end_life(node);
        if (power_fails) lose_power(node, std::nullopt);
    } else if (chosen->finished()) {
        node.power_fails_too = false;
        end_life(node);
    }
    return true;
}

MonoTime World::next_time() const {
    MonoTime next = events_.empty() ? MonoTime::never() : events_.begin()->first;
    for (const auto& node : nodes_) {
        if (!node->life) continue;
        for (const auto& shard : node->life->shards)
            next = std::min(next, shard->timers().next_deadline().value_or(MonoTime::never()));
    }
    return next;
}

Duration World::delay(Duration typical) {
    const Duration usual(random_.between(typical.count() / 2, typical.count() * 3 / 2));
    return random_.one_in(64) ? usual * random_.between(5, 50) : usual;
}

void World::at(MonoTime time, std::function<void()> event) {
    events_.emplace(time, std::move(event));
}

// Nothing happens when the process is gone by then.
void World::in_life(Life& life, MonoTime time, std::function<void()> event) {
    at(time, [weak = life.weak_from_this(), what = std::move(event)] {
        const std::shared_ptr<Life> still = weak.lock();
        if (still && still->alive) what();
    });
}

void World::trace(Step step, std::uint64_t a, std::uint64_t b) {
    trace_.add(static_cast<std::uint64_t>(now_.since_start.count()));
    trace_.add(static_cast<std::uint64_t>(step) << 56 ^ a);
    trace_.add(b);
}

void World::trace(Step step, std::uint64_t a, BytesView bytes) {
    trace(step, a, bytes.size());
    trace_.add(bytes);
}

void World::add_log_line(std::string line) {
    trace(Step::log_line, 0, as_bytes(line));
    if (options_.echo_log) std::fprintf(stderr, "%s\n", line.c_str());
    log_lines_.push_back(std::move(line));
}

}  // namespace cauce::sim
