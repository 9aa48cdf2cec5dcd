// Arguments: what a command accepts, as a table that parsing, help and "did you mean" all read. The
// parsing itself is CLI11's (arguments.cc, the only file that sees it).
#pragma once

#include "cli/problem.h"

#include <charconv>
#include <concepts>
#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::cli {

// "k=v" of -H, -X, --config and --set.
using KeyValue = std::pair<std::string, std::string>;

// Takes a text into a typed place; the error says what was expected: "a number from 1 to 100".
using Accept = std::function<std::expected<void, std::string>(std::string_view)>;

class Arguments {
public:
    struct Option {
        std::string names;       // "-p,--partitions": the long one last
        std::string value_name;  // "N"; empty for a flag
        std::string help;
        bool repeatable = false;
        Accept accept;

        // The long name, or the short one when there is no other.
        std::string name() const;
    };
    struct Positional {
        std::string name;  // "TOPIC"
        std::string help;
        std::size_t count_min = 0;
        std::size_t count_max = 1;
        Accept accept;
    };

    void flag(std::string names, bool& target, std::string help);
    void option(std::string names, std::string value_name, std::string help, Accept accept);
    void repeatable(std::string names, std::string value_name, std::string help, Accept accept);

    void positional(std::string name, std::string& target, std::string help, bool required = true);
    // At least one, or any number.
    void positionals(std::string name, std::vector<std::string>& target, std::string help,
                     bool required = true);

    const std::vector<Option>& options() const { return options_; }
    const std::vector<Positional>& positionals() const { return positionals_; }

private:
    std::vector<Option> options_;
    std::vector<Positional> positionals_;
};

// Gives the texts of `words` to the places in `arguments`. `command` ("topic create") is for the
// error's next step.
Outcome parse(const Arguments& arguments, const std::vector<std::string>& words,
              std::string_view command);

// --- places to put values

Accept into(std::string& target);
Accept into(std::optional<std::string>& target);
// "k=v"; the value may be empty and may hold further '='.
Accept into(std::vector<KeyValue>& target);
// "500", "500ms", "30s", "5m", "2h", "1d"; a bare number is of `unit`.
Accept into_duration(std::int64_t& target_ms, std::int64_t unit_ms);

// A whole number, all of the text.
template <std::integral Integer>
std::optional<Integer> whole_number(std::string_view text) {
    Integer value{};
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end || text.empty()) return std::nullopt;
    return value;
}

template <typename Target, std::integral Integer>
Accept into_number(Target& target, Integer low, Integer high) {
    return [&target, low, high](std::string_view text) -> std::expected<void, std::string> {
        const std::optional<Integer> value = whole_number<Integer>(text);
        if (!value || *value < low || *value > high) {
            const bool open = high == std::numeric_limits<Integer>::max();
            return std::unexpected("a whole number" + (open ? " of at least " + std::to_string(low)
                                                            : " from " + std::to_string(low) +
                                                                  " to " + std::to_string(high)));
        }
        target = *value;
        return {};
    };
}

}  // namespace cauce::cli
