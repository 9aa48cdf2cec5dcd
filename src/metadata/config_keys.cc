#include "metadata/config_keys.h"

#include "base/check.h"
#include "base/edit_distance.h"
#include "metadata/config_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

namespace cauce::metadata {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
        text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
        text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    text = trimmed(text);
    if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return value;
}

std::optional<double> parse_number(std::string_view text) {
    text = trimmed(text);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty() ||
        !std::isfinite(value))
        return std::nullopt;
    return value;
}

std::unexpected<Error> invalid(const ConfigKey& key, std::string_view value, std::string reason) {
    return fail(ErrorCode::invalid_config, "Invalid value " + std::string(value) +
                                               " for configuration " + std::string(key.name) +
                                               ": " + std::move(reason));
}

const char* type_name(ConfigType type) {
    switch (type) {
        case ConfigType::int16:
            return "SHORT";
        case ConfigType::int32:
            return "INT";
        case ConfigType::float64:
            return "DOUBLE";
        default:
            return "LONG";
    }
}

bool fits(ConfigType type, std::int64_t value) {
    if (type == ConfigType::int16) return value == static_cast<std::int16_t>(value);
    if (type == ConfigType::int32) return value == static_cast<std::int32_t>(value);
    return true;
}

// "[0,...]", "[1,...,17]" or "[1,...,9] or -1".
struct Range {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    std::string_view low_text;
    std::string_view high_text;
    // A value outside that is fine all the same.
    std::optional<double> exception;
    std::string_view exception_text;
};

std::optional<Range> parse_range(std::string_view valid) {
    const std::size_t dots = valid.find(",...");
    if (dots == std::string_view::npos || valid.front() != '[') return std::nullopt;
    const std::size_t close = valid.find(']');
    Range range;
    range.low_text = valid.substr(1, dots - 1);
    const auto low = parse_number(range.low_text);
    if (!low) return std::nullopt;
    range.low = *low;
    if (dots + 4 < close) {
        range.high_text = valid.substr(dots + 5, close - dots - 5);
        range.high = parse_number(range.high_text).value_or(range.high);
    }
    if (const std::size_t other = valid.find("] or "); other != std::string_view::npos) {
        range.exception_text = valid.substr(other + 5);
        range.exception = parse_number(range.exception_text);
    }
    return range;
}

Result<void> check_range(const ConfigKey& key, std::string_view text, double value) {
    const auto range = parse_range(key.valid);
    if (!range) return {};
    const bool inside = value >= range->low && value <= range->high;
    if (inside || (range->exception && value == *range->exception)) return {};
    if (range->exception)
        return invalid(key, text,
                       "Value must be between " + std::string(range->low_text) + " and " +
                           std::string(range->high_text) + " or equal to " +
                           std::string(range->exception_text));
    if (value < range->low)
        return invalid(key, text, "Value must be at least " + std::string(range->low_text));
    return invalid(key, text, "Value must be no more than " + std::string(range->high_text));
}

// "[a, b, c]": what a string, or each part of a list, may be.
struct Choice {
    std::vector<std::string_view> names;
    std::string_view text;
    bool any_case = false;
};

constexpr std::string_view kAnyCase = "(case insensitive) ";
constexpr std::string_view kThrottledReplicas =
    "[partitionId]:[brokerId],[partitionId]:[brokerId],...";

std::optional<Choice> parse_choice(std::string_view valid) {
    Choice choice;
    if (valid.starts_with(kAnyCase)) {
        choice.any_case = true;
        valid.remove_prefix(kAnyCase.size());
    }
    if (!valid.starts_with('[') || !valid.ends_with(']')) return std::nullopt;
    choice.text = valid.substr(1, valid.size() - 2);
    std::string_view rest = choice.text;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        choice.names.push_back(trimmed(rest.substr(0, comma)));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return choice;
}

constexpr std::string_view kByDuration = "by_duration:";

// ISO 8601, days and smaller: PnDTnHnMn.nS, at least one part.
bool is_duration(std::string_view text) {
    if (!text.starts_with('P')) return false;
    text.remove_prefix(1);
    bool any = false;
    std::string_view units = "D";
    while (!text.empty()) {
        if (text.front() == 'T') {
            if (units.find('S') != std::string_view::npos) return false;
            units = "HMS";
            text.remove_prefix(1);
            if (text.empty()) return false;
            continue;
        }
        std::size_t digits = 0;
        while (digits < text.size() && (std::isdigit(static_cast<unsigned char>(text[digits])) ||
                                        (text[digits] == '.' && digits > 0)))
            ++digits;
        if (digits == 0 || digits == text.size()) return false;
        const std::size_t unit = units.find(text[digits]);
        if (unit == std::string_view::npos) return false;
        units.remove_prefix(unit + 1);
        text.remove_prefix(digits + 1);
        any = true;
    }
    return any;
}

Result<void> check_choice(const ConfigKey& key, std::string_view shown, std::string_view value) {
    const auto choice = parse_choice(key.valid);
    if (!choice) return {};
    for (std::string_view name : choice->names) {
        if (choice->any_case ? lower(name) == lower(value) : name == value) return {};
        if (name.starts_with(kByDuration) && value.starts_with(kByDuration) &&
            is_duration(value.substr(kByDuration.size())))
            return {};
    }
    return invalid(key, shown,
                   "String must be one of" +
                       std::string(choice->any_case ? " (case insensitive)" : "") + ": " +
                       std::string(choice->text));
}

bool is_throttled_replica(std::string_view part) {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) return false;
    const auto partition = parse_integer(part.substr(0, colon));
    const auto broker = parse_integer(part.substr(colon + 1));
    return partition && broker && *partition >= 0 && *broker >= 0;
}

Result<void> check_list(const ConfigKey& key, std::string_view text) {
    const std::vector<std::string> parts = config_list(text);
    if (key.valid == kThrottledReplicas) {
        if (parts.empty() || (parts.size() == 1 && parts[0] == "*")) return {};
        if (std::ranges::all_of(parts, is_throttled_replica)) return {};
        std::string shown;
        for (const std::string& part : parts)
            shown += (shown.empty() ? "" : ", ") + part;
        return invalid(key, "[" + shown + "]",
                       std::string(key.name) +
                           " must be the literal '*' or a list of replicas in "
                           "the following format: " +
                           std::string(kThrottledReplicas));
    }
    if (!parse_choice(key.valid)) return {};
    for (const std::string& part : parts) {
        if (part.empty())
            return fail(ErrorCode::invalid_config,
                        "Configuration '" + std::string(key.name) + "' values must not be empty.");
        RETURN_IF_ERROR(check_choice(key, part, part));
    }
    return {};
}

}  // namespace

std::span<const ConfigKey> config_keys(ConfigScope scope) {
    switch (scope) {
        case ConfigScope::broker:
            return config_table::broker();
        case ConfigScope::topic:
            return config_table::topic();
        case ConfigScope::group:
            return config_table::group();
        case ConfigScope::client_metrics:
            return config_table::client_metrics();
    }
    CHECK(false, static_cast<int>(scope));
    return {};
}

const ConfigKey* find_config_key(ConfigScope scope, std::string_view name) {
    const auto keys = config_keys(scope);
    const auto at = std::ranges::lower_bound(keys, name, {}, &ConfigKey::name);
    return at != keys.end() && at->name == name ? &*at : nullptr;
}

std::string_view nearest_config_key(ConfigScope scope, std::string_view name) {
    std::string_view nearest;
    // One edit in five characters, and a slip in a short name.
    std::size_t least = std::max<std::size_t>(1, name.size() / 5) + 1;
    for (const ConfigKey& key : config_keys(scope)) {
        if (key.internal) continue;
        const std::size_t longer = std::max(key.name.size(), name.size());
        if (longer - std::min(key.name.size(), name.size()) >= least) continue;
        if (const std::size_t edits = edit_distance(key.name, name); edits < least) {
            least = edits;
            nearest = key.name;
        }
    }
    return nearest;
}

Result<void> check_config_value(const ConfigKey& key, std::optional<std::string_view> value) {
    if (!value) {
        if (!key.default_value && !key.required) return {};
        return invalid(key, "null", "entry must be non null");
    }
    const std::string_view text = trimmed(*value);
    switch (key.type) {
        case ConfigType::boolean: {
            const std::string word = lower(text);
            if (word == "true" || word == "false") return {};
            return invalid(key, *value, "Expected value to be either true or false");
        }
        case ConfigType::int16:
        case ConfigType::int32:
        case ConfigType::int64: {
            const auto number = parse_integer(text);
            if (!number || !fits(key.type, *number))
                return invalid(key, *value,
                               std::string("Not a number of type ") + type_name(key.type));
            return check_range(key, text, static_cast<double>(*number));
        }
        case ConfigType::float64: {
            const auto number = parse_number(text);
            if (!number)
                return invalid(key, *value,
                               std::string("Not a number of type ") + type_name(key.type));
            return check_range(key, text, *number);
        }
        case ConfigType::list:
            return check_list(key, text);
        case ConfigType::string:
            if (key.valid == "non-empty string" && text.empty())
                return invalid(key, *value, "String must be non-empty");
            return check_choice(key, text, text);
        case ConfigType::class_name:
        case ConfigType::password:
            return {};
    }
    CHECK(false, static_cast<int>(key.type));
    return {};
}

bool config_bool(std::string_view text) {
    return lower(trimmed(text)) == "true";
}

std::int64_t config_integer(std::string_view text) {
    const auto value = parse_integer(text);
    CHECK(value.has_value(), text);
    return *value;
}

double config_number(std::string_view text) {
    const auto value = parse_number(text);
    CHECK(value.has_value(), text);
    return *value;
}

std::vector<std::string> config_list(std::string_view text) {
    std::vector<std::string> parts;
    text = trimmed(text);
    if (text.empty()) return parts;
    while (true) {
        const std::size_t comma = text.find(',');
        parts.emplace_back(trimmed(text.substr(0, comma)));
        if (comma == std::string_view::npos) return parts;
        text.remove_prefix(comma + 1);
    }
}

Result<void> check_topic_configs(const ConfigValues& values) {
    std::string nulls;
    for (const auto& [name, value] : values) {
        if (!value) nulls += (nulls.empty() ? "" : ",") + name;
    }
    if (!nulls.empty())
        return fail(ErrorCode::invalid_config,
                    "Null value not supported for topic configs: " + nulls);
    for (const auto& [name, value] : values) {
        if (find_config_key(ConfigScope::topic, name) == nullptr) {
            const std::string_view near = nearest_config_key(ConfigScope::topic, name);
            return fail(ErrorCode::invalid_config,
                        "Unknown topic config name: " + name +
                            (near.empty() ? "" : " (did you mean " + std::string(near) + "?)"));
        }
    }
    for (const auto& [name, value] : values)
        RETURN_IF_ERROR(check_config_value(*find_config_key(ConfigScope::topic, name), *value));

    const auto effective = [&](std::string_view name) -> std::string {
        for (const auto& [given, value] : values) {
            if (given == name) return *value;
        }
        return std::string(*find_config_key(ConfigScope::topic, name)->default_value);
    };
    const std::int64_t least = config_integer(effective("min.compaction.lag.ms"));
    const std::int64_t most = config_integer(effective("max.compaction.lag.ms"));
    if (least > most)
        return fail(ErrorCode::invalid_config,
                    "conflict topic config setting min.compaction.lag.ms (" +
                        std::to_string(least) + ") > max.compaction.lag.ms (" +
                        std::to_string(most) + ")");
    if (config_bool(effective("remote.storage.enable")))
        return fail(ErrorCode::invalid_config,
                    "Tiered Storage functionality is disabled in the broker. Topic cannot be "
                    "configured with remote log storage.");
    return {};
}

}  // namespace cauce::metadata
