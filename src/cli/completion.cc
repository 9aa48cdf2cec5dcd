#include "cli/completion.h"

#include "cli/explain/words.h"
#include "cli/globals.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <algorithm>
#include <set>

namespace cauce::cli {
namespace {

using runtime::Task;
using Words = std::vector<std::string>;

// A shell waits for the answer with every press of Tab.
constexpr milliseconds kPatience{300};

enum class Kind : std::uint8_t { nothing, topic, group, format, command, explained };

// What the words before the last one come to.
struct Line {
    const Verb* verb = nullptr;
    std::string noun;    // typed, its verb not yet
    std::string option;  // whose value is being typed
    std::string value_name;
    std::size_t positionals = 0;  // behind the verb
    std::optional<std::string> bootstrap;
};

const Arguments::Option* find_option(const Arguments& arguments, std::string_view word) {
    for (const auto& option : arguments.options()) {
        std::string_view names = option.names;
        while (!names.empty()) {
            const std::size_t comma = names.find(',');
            if (names.substr(0, comma) == word) return &option;
            names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
        }
    }
    return nullptr;
}

// The options of a verb, or those that may stand before one.
struct Known {
    explicit Known(const Verb* verb) {
        if (verb != nullptr) {
            command = verb->make();
            command->declare(arguments);
        }
        globals.declare(arguments);
    }
    std::unique_ptr<Command> command;
    GlobalWords globals;
    Arguments arguments;
};

Line understand(const Words& words) {
    Line line;
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
        const std::string& word = words[i];
        if (word.starts_with('-') && word.size() > 1) {
            const Known known(line.verb);
            const auto* option = find_option(known.arguments, word);
            if (option == nullptr || option->value_name.empty()) continue;
            if (i + 2 == words.size()) {
                line.option = word;
                line.value_name = option->value_name;
            } else {
                ++i;
                if (word == "-b" || word == "--bootstrap") line.bootstrap = words[i];
            }
        } else if (line.verb != nullptr) {
            ++line.positionals;
        } else if (!line.noun.empty()) {
            line.verb = find_verb(line.noun + " " + word);
        } else if (is_noun(word)) {
            line.noun = word;
        } else {
            line.verb = find_verb(word);
        }
    }
    return line;
}

Kind kind_of(const Line& line) {
    std::string_view name = line.value_name;
    std::string_view noun;
    if (line.verb != nullptr)
        noun = std::string_view(line.verb->name).substr(0, line.verb->name.find(' '));
    const Known known(line.verb);
    if (line.option.empty() && line.verb != nullptr) {
        const auto& positionals = known.arguments.positionals();
        if (positionals.empty()) return Kind::nothing;
        const auto& one = positionals[std::min(line.positionals, positionals.size() - 1)];
        if (line.positionals >= positionals.size() && one.count_max == 1) return Kind::nothing;
        name = one.name;
    }
    if (name == "FORMAT" && (line.option == "-o" || line.option == "--output")) return Kind::format;
    if (name == "TOPIC" || (name == "NAME" && noun == "topic")) return Kind::topic;
    if (line.option == "-g" || line.option == "--group" || name == "GROUP" ||
        (name == "NAME" && noun == "group"))
        return Kind::group;
    if (name == "WORD" && noun == "explain") return Kind::explained;
    if (name == "COMMAND" && noun == "help") return Kind::command;
    return Kind::nothing;
}

Task<Words> live_names(Environment& environment, Kind kind, std::optional<std::string> bootstrap,
                       std::vector<SettingsLayer> layers) {
    Words names;
    GlobalWords words;
    words.bootstrap = std::move(bootstrap);
    auto globals = settle(words, environment.invocation, layers);
    if (!globals) co_return names;
    auto settings = read_client_settings(globals->settings);
    if (!settings) co_return names;
    Session session(environment, *std::move(globals), *std::move(settings));
    const MonoTime deadline = session.now() + kPatience;
    if (kind == Kind::topic) {
        const Result<void> fetched = co_await session.cluster().refresh_all(deadline);
        if (fetched)
            for (const auto& [name, topic] : session.cluster().topics())
                if (!topic.is_internal) names.push_back(name);
    } else {
        const auto groups = co_await client::list_groups(session.cluster(), deadline);
        if (groups)
            for (const auto& group : *groups)
                names.push_back(group.group);
    }
    co_await session.close();
    co_return names;
}

Words fixed_names(Kind kind) {
    Words names;
    if (kind == Kind::format) names = {"table", "wide", "json", "yaml", "name", "tsv"};
    if (kind == Kind::command) names = first_words();
    if (kind == Kind::explained) names = explained_words();
    return names;
}

Words option_names(const Verb* verb) {
    Words names;
    const Known known(verb);
    for (const auto& option : known.arguments.options())
        names.push_back(option.name());
    return names;
}

}  // namespace

Words split_line(std::string_view line) {
    Words words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
            word += line[++i];
            in_word = true;
        } else if (quote != 0) {
            if (c == quote)
                quote = 0;
            else
                word += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
            in_word = true;
        } else if (c == ' ' || c == '\t' || c == '\n') {
            if (in_word) words.push_back(std::exchange(word, {}));
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    words.push_back(std::move(word));
    return words;
}

Task<Words> complete(Environment& environment, std::string text,
                     std::vector<SettingsLayer> layers) {
    const Words words = split_line(text);
    const std::string& typed = words.back();
    Words candidates;
    if (words.size() > 1) {
        const Line line = understand(words);
        const bool wants_value = !line.option.empty();
        if (typed.starts_with('-') && !wants_value) {
            candidates = option_names(line.verb);
        } else if (line.verb == nullptr && !wants_value) {
            candidates = line.noun.empty() ? first_words() : verbs_of(line.noun);
        } else {
            const Kind kind = kind_of(line);
            if (kind == Kind::topic || kind == Kind::group)
                candidates =
                    co_await live_names(environment, kind, line.bootstrap, std::move(layers));
            else
                candidates = fixed_names(kind);
        }
    }
    std::set<std::string> sorted;
    for (std::string& candidate : candidates)
        if (candidate.starts_with(typed)) sorted.insert(std::move(candidate));
    co_return Words(sorted.begin(), sorted.end());
}

}  // namespace cauce::cli
