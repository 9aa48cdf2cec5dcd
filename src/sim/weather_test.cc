#include "sim/weather.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace cauce::sim {
namespace {

struct Bench {
    explicit Bench(std::uint64_t seed) : world({.seed = seed}) {}

    bool is_fine() {
        return broker.disk_slowness == 1 && broker.net_slowness == 1 &&
               broker.wall_skew == milliseconds(0) && can_reach(broker, clients) &&
               can_reach(clients, broker);
    }
    bool can_reach(const SimNode& from, const SimNode& to) {
        return world.wire().open(from.index, to.index);
    }

    World world;
    SimNode& broker = world.add_node("broker", 1);
    SimNode& clients = world.add_node("clients", 1);
    Weather weather{world, broker, clients};
};

constexpr Fault kLasting[] = {Fault::slow_disk, Fault::slow_network, Fault::cut, Fault::clock_jump};

TEST(Weather, EachKindBeginsAndEndsByItself) {
    for (const Fault fault : kLasting) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            Bench bench(seed);
            ASSERT_TRUE(bench.is_fine());
            EXPECT_FALSE(bench.weather.begin(fault).empty());
            EXPECT_FALSE(bench.is_fine()) << name_of(fault) << ' ' << seed;
            bench.world.run_for(seconds(40));
            EXPECT_TRUE(bench.is_fine()) << name_of(fault) << ' ' << seed;
        }
    }
}

TEST(Weather, EverythingEndsWhenItIsCleared) {
    Bench bench(1);
    for (const Fault fault : kLasting)
        bench.weather.begin(fault);
    EXPECT_FALSE(bench.is_fine());
    bench.weather.clear();
    EXPECT_TRUE(bench.is_fine());
}

// "... for 512 ms"
milliseconds duration_in(const std::string& text) {
    const std::size_t at = text.rfind(" for ");
    CHECK(at != std::string::npos, text);
    return milliseconds(std::stoll(text.substr(at + 5)));
}

TEST(Weather, AnEndThatIsOldEndsNothing) {
    int later = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Bench bench(seed);
        const milliseconds first = duration_in(bench.weather.begin(Fault::slow_disk));
        const milliseconds second = duration_in(bench.weather.begin(Fault::slow_disk));
        if (second <= first) continue;
        ++later;
        bench.world.run_for(first + milliseconds(1));
        EXPECT_GT(bench.broker.disk_slowness, 1) << seed;
        bench.world.run_for(second - first);
        EXPECT_EQ(bench.broker.disk_slowness, 1) << seed;
    }
    EXPECT_GT(later, 5);
}

TEST(Weather, OnlySurroundingsAreWeather) {
    for (std::size_t i = 0; i < kFaults; ++i) {
        const auto fault = static_cast<Fault>(i);
        const bool lasting = std::ranges::find(kLasting, fault) != std::end(kLasting);
        EXPECT_EQ(is_weather(fault), lasting || fault == Fault::broken_connections)
            << name_of(fault);
    }
}

}  // namespace
}  // namespace cauce::sim
