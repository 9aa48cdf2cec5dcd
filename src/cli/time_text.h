// Times and spans as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace cauce::cli {

// "2026-11-21T10:00:00Z", of milliseconds since 1970; the number itself where no calendar reaches.
std::string time_text(std::int64_t ms);

// "7 d", "36 h", "90 s", "250 ms": in the largest unit that loses nothing, or little of it.
std::string span_text(std::int64_t ms);

}  // namespace cauce::cli
