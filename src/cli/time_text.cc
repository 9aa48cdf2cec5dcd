#include "cli/time_text.h"

#include <chrono>
#include <cstdio>

namespace cauce::cli {
namespace {

// The year 10000.
constexpr std::int64_t kCalendarEnd = 253'402'300'800'000;

struct Unit {
    std::int64_t ms;
    const char* name;
};
constexpr Unit kUnits[] = {{86'400'000, " d"}, {3'600'000, " h"}, {60'000, " min"}, {1000, " s"}};

}  // namespace

std::string time_text(std::int64_t ms) {
    if (ms < 0 || ms >= kCalendarEnd) return std::to_string(ms);
    const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text;
}

std::string span_text(std::int64_t ms) {
    for (const Unit& unit : kUnits) {
        // Ten of them and a rest: the rest says little.
        if (ms >= unit.ms && (ms % unit.ms == 0 || ms / unit.ms >= 10))
            return std::to_string(ms / unit.ms) + unit.name;
    }
    return std::to_string(ms) + " ms";
}

}  // namespace cauce::cli
