// Places in a partition as people write them: --from and --to of `consume`.
//   start, end     where the log begins, and ends now
//   42             this offset
//   +3, -10        this many records after the start, before the end
//   @1763719200000, @2026-11-21T10:00:00Z   the first record that is not older
//   -90s, -1h, -2d the same, counted back from now
#pragma once

#include "base/time.h"
#include "cli/arguments.h"

#include <expected>
#include <string>
#include <string_view>

namespace cauce::cli {

struct Place {
    enum class Kind : std::uint8_t { start, end, offset, after_start, before_end, time, ago };
    Kind kind = Kind::end;
    // An offset or a count; for `time` milliseconds since 1970, for `ago` milliseconds.
    std::int64_t number = 0;

    bool operator==(const Place&) const = default;
};

inline constexpr std::string_view kPlaces =
    "start, end, an offset, -10, +3, @TIME or a time ago such as -1h";

// The error says what was expected.
std::expected<Place, std::string> parse_place(std::string_view text);
Accept into(std::optional<Place>& target);

// "2026-11-21", "2026-11-21T10:00", "2026-11-21T10:00:00.250+01:00"; without a zone it is UTC. Also
// digits: up to 10 are seconds since 1970, more are milliseconds.
std::optional<WallTime> parse_time(std::string_view text);

// "2026-11-21T10:00:00.250Z"
std::string format_time(WallTime time);

}  // namespace cauce::cli
