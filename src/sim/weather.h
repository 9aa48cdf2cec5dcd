// Weather: what goes wrong around a broker for a while and by itself gets better: a slow disk, a
// slow network, one that is cut or breaks connections, a wall clock that jumps. Each kind lasts for
// a drawn time; when it comes again before it has ended, it lasts longer.
//
// Outlives the run of the world: its ends are events there.
#pragma once

#include "sim/fault.h"
#include "sim/world.h"

#include <array>
#include <cstdint>
#include <string>

namespace cauce::sim {

constexpr bool is_weather(Fault fault) {
    return fault >= Fault::slow_disk && fault <= Fault::clock_jump;
}

class Weather {
public:
    Weather(World& world, SimNode& broker, SimNode& clients)
        : world_(world), broker_(broker), clients_(clients) {}
    Weather(const Weather&) = delete;
    Weather& operator=(const Weather&) = delete;

    // Begins; returns what, for the log.
    std::string begin(Fault fault);
    // Everything ends now.
    void clear();

private:
    std::string begin_now(Fault fault);
    void end(Fault fault);

    World& world_;
    SimNode& broker_;
    SimNode& clients_;
    // By kind: which of its beginnings is in force. Ends of earlier ones do nothing.
    std::array<std::uint64_t, kFaults> begun_{};
};

}  // namespace cauce::sim
