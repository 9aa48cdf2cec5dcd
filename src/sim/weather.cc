#include "sim/weather.h"

namespace cauce::sim {

namespace {

// Half an hour: producers' timestamps stay within what message.timestamp.after.max.ms allows.
constexpr std::int64_t kClockJumpMax = 30 * 60 * 1000;

Duration drawn_duration(runtime::Random& random) {
    // From a blink to longer than sessions and clients' patience last.
    return milliseconds(std::int64_t{1} << random.between(4, 15));
}

}  // namespace

std::string Weather::begin(Fault fault) {
    CHECK(is_weather(fault), name_of(fault));
    const std::uint64_t number = ++begun_[static_cast<std::size_t>(fault)];
    const std::string what = begin_now(fault);
    if (fault == Fault::broken_connections) return what;
    const Duration lasts = drawn_duration(world_.random());
    world_.at(world_.now() + lasts, [this, fault, number] {
        if (begun_[static_cast<std::size_t>(fault)] == number) end(fault);
    });
    return what + " for " +
           std::to_string(std::chrono::duration_cast<milliseconds>(lasts).count()) + " ms";
}

std::string Weather::begin_now(Fault fault) {
    runtime::Random& random = world_.random();
    switch (fault) {
        case Fault::slow_disk:
            broker_.disk_slowness = random.between(4, 40);
            return "a disk " + std::to_string(broker_.disk_slowness) + " times as slow";
        case Fault::slow_network:
            broker_.net_slowness = random.between(4, 100);
            return "a network " + std::to_string(broker_.net_slowness) + " times as slow";
        case Fault::broken_connections:
            world_.break_connections(broker_);
            return "all connections broken";
        case Fault::cut: {
            const std::uint64_t direction = random.below(3);
            if (direction != 0) world_.cut(broker_, clients_);
            if (direction != 1) world_.cut(clients_, broker_);
            return direction == 0   ? "nothing reaches the broker"
                   : direction == 1 ? "nothing leaves the broker"
                                    : "broker and clients are apart";
        }
        case Fault::clock_jump:
            broker_.wall_skew = milliseconds(random.between(-kClockJumpMax, kClockJumpMax));
            return "the wall clock is " + std::to_string(broker_.wall_skew.count()) + " ms off";
        default:
            break;
    }
    CHECK(false, name_of(fault));
    return {};
}

void Weather::end(Fault fault) {
    switch (fault) {
        case Fault::slow_disk:
            broker_.disk_slowness = 1;
            return;
        case Fault::slow_network:
            broker_.net_slowness = 1;
            return;
        case Fault::cut:
            world_.heal(broker_, clients_);
            world_.heal(clients_, broker_);
            return;
        case Fault::clock_jump:
            broker_.wall_skew = milliseconds(0);
            return;
        default:
            return;
    }
}

void Weather::clear() {
    for (std::size_t i = 0; i < kFaults; ++i) {
        const auto fault = static_cast<Fault>(i);
        if (!is_weather(fault)) continue;
        ++begun_[i];
        end(fault);
    }
}

}  // namespace cauce::sim
