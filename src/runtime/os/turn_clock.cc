#include "runtime/os/turn_clock.h"

#include <ctime>

namespace cauce::runtime::os {

MonoTime read_monotonic() {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC, &at);
    return {seconds(at.tv_sec) + Duration(at.tv_nsec)};
}

WallTime read_wall() {
    timespec at{};
    ::clock_gettime(CLOCK_REALTIME, &at);
    return {std::int64_t{at.tv_sec} * 1000 + at.tv_nsec / 1'000'000};
}

}  // namespace cauce::runtime::os
