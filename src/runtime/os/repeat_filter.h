// RepeatFilter: keeps a line that comes over and over from filling the log. A few of each are let
// through per window; the next one after that tells how many were held back. Remembers a bounded
// number of lines; pure.
#pragma once

#include "base/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cauce::runtime::os {

class RepeatFilter {
public:
    static constexpr std::uint64_t kPerWindow = 5;
    static constexpr seconds kWindow{10};

    // Nothing: hold the line back. Otherwise write it, and say that so many like it were held back.
    std::optional<std::uint64_t> admit(std::string_view component, std::string_view text,
                                       MonoTime now);

private:
    struct Seen {
        std::size_t hash = 0;
        MonoTime window_begin;
        std::uint64_t count = 0;  // in the window
    };

    std::array<Seen, 256> seen_;  // by hash; a newer line takes the place of an older one
};

}  // namespace cauce::runtime::os
