// Two clocks that must not mix: what measures spans, and what the calendar says.
#pragma once

#include <chrono>
#include <cstdint>

namespace cauce::inline base {

using Duration = std::chrono::nanoseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Time since some fixed moment of this process; never goes back. Sessions, deadlines and timers.
struct MonoTime {
    Duration since_start{0};

    constexpr auto operator<=>(const MonoTime&) const = default;
    constexpr MonoTime operator+(Duration d) const { return {since_start + d}; }
    constexpr MonoTime operator-(Duration d) const { return {since_start - d}; }
    constexpr Duration operator-(MonoTime other) const { return since_start - other.since_start; }
    static constexpr MonoTime never() { return {Duration::max()}; }
};

// Milliseconds since 1970-01-01 UTC, as record timestamps are. May jump either way.
struct WallTime {
    std::int64_t ms = 0;

    constexpr auto operator<=>(const WallTime&) const = default;
    constexpr WallTime operator+(milliseconds d) const { return {ms + d.count()}; }
    constexpr milliseconds operator-(WallTime other) const { return milliseconds(ms - other.ms); }
};

}  // namespace cauce::inline base
