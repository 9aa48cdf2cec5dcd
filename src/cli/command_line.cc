// cli::main: from words to a verb, and from there to one call into the program.
#include "cli/completion.h"
#include "cli/globals.h"
#include "cli/help.h"
#include "cli/kafka/tool.h"
#include "cli/main.h"
#include "cli/nearest.h"
#include "cli/verbs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::cli {
namespace {

using runtime::Task;

// Where the verb stands among the words, and which one it is.
struct Found {
    const Verb* verb = nullptr;
    std::vector<std::string> rest;  // the words without those of the verb
    std::optional<Problem> problem;
    bool nothing = false;  // no word that could be a verb
    std::string noun;      // a noun without its verb
};

// The globals that take a value in the next word: before the verb nothing else may stand.
bool takes_next_word(std::string_view word) {
    constexpr std::string_view kFlagLetters = "qvh";
    constexpr std::string_view kValueLetters = "boX";
    if (word == "--bootstrap" || word == "--output" || word == "--timeout" ||
        word == "--set-client" || word == "--profile")
        return true;
    if (word.size() < 2 || word[0] != '-' || word[1] == '-') return false;
    const std::string_view letters = word.substr(1);
    return letters.find_first_not_of(kFlagLetters) == letters.size() - 1 &&
           kValueLetters.contains(letters.back());
}

bool asks_for_help(const std::vector<std::string>& words) {
    return std::ranges::any_of(words, [](const auto& w) { return w == "-h" || w == "--help"; });
}

Problem unknown_word(const std::string& word, std::string_view noun,
                     const std::vector<std::string>& candidates) {
    const auto meant = nearest(word, candidates);
    const std::string before = noun.empty() ? "cauce " : "cauce " + std::string(noun) + " ";
    std::string next = meant ? "did you mean `" + before + *meant + "`?  " : std::string();
    next += "cauce help" + (noun.empty() ? std::string() : " " + std::string(noun)) +
            "  shows the commands";
    return {exit_usage, "there is no command `" + before + word + "`", {}, std::move(next)};
}

Found find(const std::vector<std::string>& words) {
    Found found;
    std::vector<std::size_t> places;  // of words that are no options, two at most
    for (std::size_t i = 0; i < words.size() && places.size() < 2; ++i) {
        if (words[i] == "--version" && places.empty()) {
            found.verb = find_verb("version");
            return found;
        }
        if (takes_next_word(words[i])) {
            ++i;
        } else if (!words[i].starts_with('-')) {
            places.push_back(i);
        } else if (!places.empty()) {
            break;  // An option between the two words of a verb is not looked through.
        }
    }
    if (places.empty()) {
        found.nothing = true;
        return found;
    }
    const std::string& first = words[places[0]];
    std::size_t taken = 1;
    found.verb = find_verb(first);
    if (!found.verb && is_noun(first)) {
        if (places.size() < 2) {
            found.noun = first;
            return found;
        }
        const std::string& second = words[places[1]];
        found.verb = find_verb(first + " " + second);
        taken = 2;
        if (!found.verb) found.problem = unknown_word(second, first, verbs_of(first));
    } else if (!found.verb) {
        std::vector<std::string> known = first_words();
        for (const kafka::Tool& tool : kafka::tools())
            known.emplace_back(tool.name);
        found.problem = unknown_word(first, {}, known);
    }
    for (std::size_t i = 0; i < words.size(); ++i)
        if (i != places[0] && (taken == 1 || i != places[1])) found.rest.push_back(words[i]);
    return found;
}

Task<int> print(Environment& environment, std::string text, ExitCode code) {
    ByteSink& sink = code == exit_ok ? environment.out : environment.err;
    const IoResult<void> ignored = co_await sink.write(as_bytes(text));
    (void)ignored;  // Nobody reads: nothing to do about that.
    co_return code;
}

// `cauce __complete LINE`: what the scripts of `cauce completion` call. No verb: a line is no list
// of options.
Task<int> print_candidates(Environment& environment, std::string line,
                           std::vector<SettingsLayer> layers) {
    const std::vector<std::string> candidates =
        co_await complete(environment, std::move(line), std::move(layers));
    std::string text;
    for (const std::string& candidate : candidates)
        text += candidate + "\n";
    co_return co_await print(environment, std::move(text), exit_ok);
}

int say(Program& program, const std::string& text, ExitCode code) {
    return program.run([&](Environment& environment) { return print(environment, text, code); });
}

int refuse(Program& program, const Problem& problem, const Invocation& invocation) {
    const bool color = invocation.err_is_terminal && !invocation.variables.contains("NO_COLOR");
    return program.run(
        [&](Environment& environment) { return report_problem(environment, problem, color); });
}

}  // namespace

int main(const Invocation& invocation, Program& program) {
    // By the name of one of Kafka's tools: as the program, or as its first word.
    for (std::size_t i = 0; i < std::min<std::size_t>(invocation.arguments.size(), 2); ++i) {
        const kafka::Tool* tool = kafka::find_tool(invocation.arguments[i]);
        if (tool == nullptr) continue;
        const auto first = invocation.arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1;
        return kafka::start(*tool, {first, invocation.arguments.end()}, invocation, program);
    }

    std::vector<std::string> words = invocation.arguments;
    if (!words.empty()) words.erase(words.begin());

    if (words.size() == 2 && words.front() == "__complete") {
        const auto profiles = load_profiles(invocation, program, std::nullopt);
        const std::vector<SettingsLayer> layers =
            profiles ? profiles->layers : std::vector<SettingsLayer>();
        return program.run([&](Environment& environment) {
            return print_candidates(environment, words.back(), layers);
        });
    }
    const Found found = find(words);
    if (found.nothing) return say(program, root_help(), exit_ok);
    if (!found.noun.empty())
        return say(program, noun_help(found.noun), asks_for_help(words) ? exit_ok : exit_usage);
    if (found.problem) return refuse(program, *found.problem, invocation);

    const Verb& verb = *found.verb;
    const std::unique_ptr<Command> command = verb.make();
    Arguments arguments;
    command->declare(arguments);
    GlobalWords global_words;
    global_words.declare(arguments);
    const Outcome parsed = parse(arguments, found.rest, verb.name);
    if (global_words.help || (!parsed && asks_for_help(found.rest)))
        return say(program, verb_help(verb), exit_ok);
    if (!parsed) return refuse(program, parsed.error(), invocation);
    // For clients only: a broken profile keeps no broker from starting. Those that work on profiles
    // show and change them, and are not governed by them.
    Expected<ProfileLayers> profiles;
    const bool is_client = dynamic_cast<const ClientCommand*>(command.get()) != nullptr;
    if (is_client && !verb.name.starts_with("profile "))
        profiles = load_profiles(invocation, program, global_words.profile);
    if (!profiles) return refuse(program, profiles.error(), invocation);
    const Expected<Globals> globals = settle(global_words, invocation, profiles->layers);
    if (!globals) return refuse(program, globals.error(), invocation);
    if (const Outcome sound = command->check(); !sound)
        return refuse(program, sound.error(), invocation);
    return command->start(invocation, *globals, program);
}

}  // namespace cauce::cli
