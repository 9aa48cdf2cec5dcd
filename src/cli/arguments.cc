#include "cli/arguments.h"

#include "base/check.h"
#include "cli/nearest.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>

namespace cauce::cli {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::ranges::find(list, text) != list.end();
}

std::string help_hint(std::string_view command) {
    return "cauce help " + std::string(command) + "  shows what it takes";
}

bool is_option_like(std::string_view word) {
    return word.size() > 1 && word.front() == '-';
}

// "--partitons=3" is about "--partitons".
std::string option_part(std::string_view word) {
    return std::string(word.substr(0, word.find('=')));
}

std::vector<std::string> split_names(std::string_view names) {
    std::vector<std::string> list;
    while (!names.empty()) {
        const std::size_t comma = names.find(',');
        list.emplace_back(names.substr(0, comma));
        names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
    }
    return list;
}

Outcome unknown_word(const Arguments& arguments, const std::string& word,
                     std::string_view command) {
    if (!is_option_like(word)) {
        return usage_problem(
            "`cauce " + std::string(command) + "` does not know what to do with `" + word + "`",
            arguments.positionals().empty()
                ? "it takes options only"
                : "it takes only " + arguments.positionals().front().name,
            help_hint(command));
    }
    std::vector<std::string> known;
    for (const auto& option : arguments.options())
        for (auto& name : split_names(option.names))
            known.push_back(std::move(name));
    const std::string typed = option_part(word);
    const auto meant = typed.starts_with("--") ? nearest(typed, known) : std::nullopt;
    return usage_problem("`cauce " + std::string(command) + "` has no option `" + typed + "`", {},
                         (meant ? "did you mean `" + *meant + "`?  " : "") + help_hint(command));
}

// `--name=` is an empty value; CLI11 takes it for none and would eat the next word.
std::vector<std::string> with_separate_values(const Arguments& arguments,
                                              const std::vector<std::string>& words) {
    std::vector<std::string> separate;
    bool options_ended = false;
    for (const std::string& word : words) {
        options_ended = options_ended || word == "--";
        const std::size_t equals = word.find('=');
        if (!options_ended && word.starts_with("--") && equals != std::string::npos) {
            const std::string name = word.substr(0, equals);
            const bool takes_value = std::ranges::any_of(arguments.options(), [&](const auto& o) {
                return !o.value_name.empty() && contains(split_names(o.names), name);
            });
            if (takes_value) {
                separate.push_back(name);
                separate.push_back(word.substr(equals + 1));
                continue;
            }
        }
        separate.push_back(word);
    }
    return separate;
}

struct Parsed {
    std::vector<CLI::Option*> options;
    std::vector<CLI::Option*> positionals;
};

Parsed declare(CLI::App& app, const Arguments& arguments) {
    Parsed parsed;
    for (const auto& option : arguments.options()) {
        CLI::Option* added = option.value_name.empty() ? app.add_flag(option.names)
                                                       : app.add_option(option.names)->expected(1);
        added->multi_option_policy(option.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                     : CLI::MultiOptionPolicy::TakeLast);
        parsed.options.push_back(added);
    }
    for (const auto& positional : arguments.positionals()) {
        const auto most = static_cast<int>(std::min<std::size_t>(positional.count_max, 100'000));
        CLI::Option* added = app.add_option(positional.name)->expected(most);
        added->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        parsed.positionals.push_back(added);
    }
    return parsed;
}

}  // namespace

std::string Arguments::Option::name() const {
    return split_names(names).back();
}

void Arguments::flag(std::string names, bool& target, std::string help) {
    options_.push_back({std::move(names), "", std::move(help), false,
                        [&target](std::string_view) -> std::expected<void, std::string> {
                            target = true;
                            return {};
                        }});
}

void Arguments::option(std::string names, std::string value_name, std::string help, Accept accept) {
    options_.push_back(
        {std::move(names), std::move(value_name), std::move(help), false, std::move(accept)});
}

void Arguments::repeatable(std::string names, std::string value_name, std::string help,
                           Accept accept) {
    options_.push_back(
        {std::move(names), std::move(value_name), std::move(help), true, std::move(accept)});
}

void Arguments::positional(std::string name, std::string& target, std::string help, bool required) {
    positionals_.push_back({std::move(name), std::move(help), required ? 1u : 0u, 1, into(target)});
}

void Arguments::positionals(std::string name, std::vector<std::string>& target, std::string help,
                            bool required) {
    positionals_.push_back({std::move(name), std::move(help), required ? 1u : 0u,
                            std::numeric_limits<std::size_t>::max(),
                            [&target](std::string_view text) -> std::expected<void, std::string> {
                                target.emplace_back(text);
                                return {};
                            }});
}

Outcome parse(const Arguments& arguments, const std::vector<std::string>& words,
              std::string_view command) {
    CLI::App app;
    app.set_help_flag();  // Ours is an option like the others.
    app.allow_extras();
    const Parsed parsed = declare(app, arguments);
    std::vector<std::string> reversed = with_separate_values(arguments, words);
    const std::vector<std::string> in_order = reversed;
    std::ranges::reverse(reversed);
    // CLI11 speaks in exceptions. What is left for them once unknown words are extras and values
    // are ours: an option at the end without its value.
    try {
        app.parse(reversed);
    } catch (const CLI::ParseError&) {
        const std::string last = in_order.empty() ? std::string() : option_part(in_order.back());
        for (const auto& option : arguments.options())
            if (!option.value_name.empty() && contains(split_names(option.names), last))
                return usage_problem("`" + last + "` needs a value",
                                     "it stands at the end of the command",
                                     "give it as  " + last + " " + option.value_name);
        return usage_problem("an option of `cauce " + std::string(command) + "` lacks its value",
                             "`" + last + "` cannot be taken apart into known options",
                             help_hint(command));
    }

    const std::vector<std::string> extras = app.remaining();
    for (const std::string& word : extras)
        if (word != "--") return unknown_word(arguments, word, command);
    for (std::size_t i = 0; i < parsed.options.size(); ++i) {
        const auto& option = arguments.options()[i];
        if (option.value_name.empty()) {
            const std::vector<std::string> uses = parsed.options[i]->results();
            if (std::ranges::any_of(uses, [](const auto& use) { return use != "true"; }))
                return usage_problem("`" + option.name() + "` takes no value", "it is a switch",
                                     "leave the part from `=` on away");
            if (!uses.empty()) CHECK(option.accept({}).has_value());
            continue;
        }
        const std::vector<std::string> texts = parsed.options[i]->results();
        for (std::size_t n = option.repeatable || texts.empty() ? 0 : texts.size() - 1;
             n < texts.size(); ++n) {
            if (const auto accepted = option.accept(texts[n]); !accepted)
                return usage_problem("`" + texts[n] + "` is no value for " + option.name(),
                                     "expected " + accepted.error(), help_hint(command));
        }
    }
    for (std::size_t i = 0; i < parsed.positionals.size(); ++i) {
        const auto& positional = arguments.positionals()[i];
        const std::vector<std::string> texts = parsed.positionals[i]->results();
        if (texts.size() < positional.count_min)
            return usage_problem("`cauce " + std::string(command) + "` needs " + positional.name,
                                 positional.help, help_hint(command));
        for (const std::string& text : texts)
            if (const auto accepted = positional.accept(text); !accepted)
                return usage_problem("`" + text + "` is no value for " + positional.name,
                                     "expected " + accepted.error(), help_hint(command));
    }
    return {};
}

Accept into(std::string& target) {
    return [&target](std::string_view text) -> std::expected<void, std::string> {
        target = text;
        return {};
    };
}

Accept into(std::optional<std::string>& target) {
    return [&target](std::string_view text) -> std::expected<void, std::string> {
        target = text;
        return {};
    };
}

Accept into(std::vector<KeyValue>& target) {
    return [&target](std::string_view text) -> std::expected<void, std::string> {
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos || equals == 0) return std::unexpected("name=value");
        target.emplace_back(text.substr(0, equals), text.substr(equals + 1));
        return {};
    };
}

Accept into_duration(std::int64_t& target_ms, std::int64_t unit_ms) {
    return [&target_ms, unit_ms](std::string_view text) -> std::expected<void, std::string> {
        constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
            {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
        std::int64_t unit = unit_ms;
        std::string_view digits = text;
        for (const auto& [suffix, ms] : kUnits) {
            if (!text.ends_with(suffix)) continue;
            unit = ms;
            digits = text.substr(0, text.size() - suffix.size());
            break;
        }
        const auto number = whole_number<std::int64_t>(digits);
        if (!number || *number < 0 || *number > std::numeric_limits<std::int64_t>::max() / unit)
            return std::unexpected("a time such as 500ms, 30s, 5m, 2h or 1d");
        target_ms = *number * unit;
        return {};
    };
}

}  // namespace cauce::cli
