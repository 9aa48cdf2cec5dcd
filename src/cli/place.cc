#include "cli/place.h"

#include <array>
#include <chrono>

namespace cauce::cli {
namespace {

constexpr std::size_t kSecondsDigitsMax = 10;

// Takes `count` digits off the front.
std::optional<int> digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    const std::string_view taken = text.substr(0, count);
    if (taken.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    text.remove_prefix(count);
    return whole_number<int>(taken);
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

struct Clock {
    std::chrono::milliseconds since_midnight{0};
};

// "10:00", "10:00:30", "10:00:30.5"
std::optional<Clock> parse_clock(std::string_view& text) {
    const auto hour = digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = digits(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    Clock clock{std::chrono::hours(*hour) + std::chrono::minutes(*minute)};
    if (!take(text, ':')) return clock;
    const auto second = digits(text, 2);
    if (!second || *second > 59) return std::nullopt;
    clock.since_midnight += std::chrono::seconds(*second);
    if (!take(text, '.')) return clock;
    int scale = 100;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        clock.since_midnight += std::chrono::milliseconds((text.front() - '0') * scale);
        scale /= 10;
        any = true;
        text.remove_prefix(1);
    }
    return any ? std::optional(clock) : std::nullopt;
}

// "", "Z", "+01:00", "-0530"
std::optional<std::chrono::minutes> parse_zone(std::string_view text) {
    using std::chrono::minutes;
    if (text.empty() || text == "Z" || text == "z") return minutes(0);
    const bool east = text.front() == '+';
    if (!east && text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
    const auto hour = digits(text, 2);
    take(text, ':');
    const auto minute = digits(text, 2);
    if (!hour || !minute || *hour > 14 || *minute > 59 || !text.empty()) return std::nullopt;
    const minutes shift = std::chrono::hours(*hour) + minutes(*minute);
    return east ? shift : -shift;
}

std::optional<std::int64_t> parse_span_ms(std::string_view text) {
    std::int64_t ms = 0;
    // A bare number is a count of records, not a time.
    if (text.empty() || (text.back() >= '0' && text.back() <= '9')) return std::nullopt;
    if (!into_duration(ms, 1)(text)) return std::nullopt;
    return ms;
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
        const auto number = whole_number<std::int64_t>(text);
        if (!number) return std::nullopt;
        return WallTime{text.size() <= kSecondsDigitsMax ? *number * 1000 : *number};
    }
    const auto year = digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = digits(text, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    Clock clock;
    std::optional<std::chrono::minutes> zone = std::chrono::minutes(0);
    if (!text.empty()) {
        if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
        const auto parsed = parse_clock(text);
        if (!parsed) return std::nullopt;
        clock = *parsed;
        zone = parse_zone(text);
        if (!zone) return std::nullopt;
    }
    const auto midnight = std::chrono::sys_days(date).time_since_epoch();
    const std::chrono::milliseconds moment = midnight + clock.since_midnight - *zone;
    return WallTime{moment.count()};
}

std::string format_time(WallTime time) {
    const std::chrono::sys_time<std::chrono::milliseconds> moment{
        std::chrono::milliseconds(time.ms)};
    const auto midnight = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(midnight);
    const std::chrono::hh_mm_ss clock(moment - midnight);
    const auto two = [](auto n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    const auto ms = clock.subseconds().count();
    return std::to_string(static_cast<int>(date.year())) + "-" +
           two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day())) +
           "T" + two(clock.hours().count()) + ":" + two(clock.minutes().count()) + ":" +
           two(clock.seconds().count()) + "." + (ms < 100 ? "0" : "") + two(ms) + "Z";
}

std::expected<Place, std::string> parse_place(std::string_view text) {
    using enum Place::Kind;
    const std::unexpected<std::string> wrong{std::string(kPlaces)};
    if (text == "start" || text == "beginning" || text == "earliest") return Place{start, 0};
    if (text == "end" || text == "latest") return Place{end, 0};
    if (text.empty()) return wrong;
    const std::string_view rest = text.substr(1);
    switch (text.front()) {
        case '@': {
            if (rest.starts_with('-'))
                if (const auto ms = parse_span_ms(rest.substr(1))) return Place{ago, *ms};
            const auto moment = parse_time(rest);
            if (!moment)
                return std::unexpected("a time such as @2026-11-21T10:00:00Z or @1763719200000");
            return Place{time, moment->ms};
        }
        case '-': {
            if (const auto ms = parse_span_ms(rest)) return Place{ago, *ms};
            const auto count = whole_number<std::int64_t>(rest);
            if (!count || *count < 0) return wrong;
            return Place{before_end, *count};
        }
        case '+': {
            const auto count = whole_number<std::int64_t>(rest);
            if (!count || *count < 0) return wrong;
            return Place{after_start, *count};
        }
        default: {
            const auto number = whole_number<std::int64_t>(text);
            if (!number || *number < 0) return wrong;
            return Place{offset, *number};
        }
    }
}

Accept into(std::optional<Place>& target) {
    return [&target](std::string_view text) -> std::expected<void, std::string> {
        auto place = parse_place(text);
        if (!place) return std::unexpected(std::move(place).error());
        target = *place;
        return {};
    };
}

}  // namespace cauce::cli
