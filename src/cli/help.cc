#include "cli/help.h"

#include "base/version.h"
#include "cli/client_settings.h"
#include "cli/globals.h"
#include "cli/value.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace cauce::cli {
namespace {

constexpr std::size_t kLineWidth = 80;
// A longer left column would squeeze the right one: its text goes below instead.
constexpr std::size_t kLeftWidthMax = 40;

using Lines = std::vector<std::pair<std::string, std::string>>;

std::string spaces(std::size_t count) {
    return std::string(count, ' ');
}

void append_wrapped(std::string& out, std::string_view text, std::size_t indent) {
    std::size_t column = indent;
    bool first = true;
    while (!text.empty()) {
        const std::size_t space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
        const std::size_t width = display_width(word);
        if (!first && column + 1 + width > kLineWidth) {
            out += '\n' + spaces(indent);
            column = indent;
            first = true;
        }
        if (!first) {
            out += ' ';
            ++column;
        }
        out += word;
        column += width;
        first = false;
    }
    out += '\n';
}

void append_section(std::string& out, std::string_view heading, const Lines& lines) {
    if (lines.empty()) return;
    std::size_t width = 0;
    for (const auto& [left, right] : lines)
        if (left.size() <= kLeftWidthMax) width = std::max(width, left.size());
    out += '\n';
    out += heading;
    out += '\n';
    for (const auto& [left, right] : lines) {
        out += "  " + left;
        if (left.size() > width) {
            out += '\n' + spaces(4 + width);
        } else {
            out += spaces(width - left.size() + 2);
        }
        append_wrapped(out, right, 4 + width);
    }
}

Lines option_lines(const Arguments& arguments) {
    Lines lines;
    for (const auto& option : arguments.options()) {
        std::string left = option.names;
        const std::size_t comma = left.find(',');
        if (comma != std::string::npos) left.insert(comma + 1, " ");
        if (!left.starts_with("-") || left.starts_with("--")) left = "    " + left;
        if (!option.value_name.empty()) left += " " + option.value_name;
        lines.emplace_back(std::move(left), option.help);
    }
    return lines;
}

void append_examples(std::string& out, const std::vector<Example>& examples) {
    if (examples.empty()) return;
    out += "\nExamples\n";
    for (const Example& example : examples) {
        out += "  " + example.command + '\n';
        out += spaces(6);
        append_wrapped(out, example.says, 6);
    }
}

}  // namespace

std::string root_help() {
    std::string out = "Cauce " + std::string(kVersion) +
                      ": event streaming in one binary, for every Kafka client.\n";
    append_section(out, "Try",
                   {{"cauce dev", "a cluster on this machine, with nothing to configure"},
                    {"echo hello | cauce produce greetings", "send a record to a topic"},
                    {"cauce consume greetings --from start", "read it back"}});
    for (const VerbGroup& group : verb_groups()) {
        Lines lines;
        for (const Verb& verb : group.verbs)
            lines.emplace_back(verb.name, verb.summary);
        append_section(out, group.heading, lines);
    }
    out +=
        "\nEvery command takes -b HOST:PORT, -o table|wide|json|yaml|name|tsv, -q, -v and\n"
        "--timeout. `cauce help COMMAND` tells what else, with examples. Kafka's own tools are\n"
        "there by their names: `cauce kafka-topics --help`.\n";
    return out;
}

std::string noun_help(std::string_view noun) {
    std::string out = "cauce " + std::string(noun) + " COMMAND\n";
    Lines lines;
    for (const std::string& name : verbs_of(noun)) {
        const Verb* verb = find_verb(std::string(noun) + " " + name);
        lines.emplace_back(name, verb->summary);
    }
    append_section(out, "Commands", lines);
    out += "\n`cauce help " + std::string(noun) + " COMMAND` tells more, with examples.\n";
    return out;
}

std::string verb_help(const Verb& verb) {
    const auto command = verb.make();
    Arguments own;
    command->declare(own);
    GlobalWords words;
    Arguments everywhere;
    words.declare(everywhere);

    std::string out = "cauce " + verb.name;
    for (const auto& positional : own.positionals()) {
        const bool many = positional.count_max > 1;
        const std::string name = positional.name + (many ? "..." : "");
        out += positional.count_min > 0 ? " " + name : " [" + name + "]";
    }
    out += " [options]\n  ";
    append_wrapped(out, verb.summary, 2);
    if (!verb.text.empty()) {
        out += '\n';
        append_wrapped(out, verb.text, 0);
    }
    append_examples(out, verb.examples);
    append_section(out, "Options", option_lines(own));
    append_section(out, "Options of every command", option_lines(everywhere));
    return out;
}

std::string settings_help() {
    std::string out = "Client settings, given as  -X KEY=VALUE  to any command\n";
    Lines lines;
    for (const ClientSetting& setting : client_settings())
        lines.emplace_back(setting.name + "=" + setting.default_value, setting.text);
    append_section(out, "With their defaults", lines);
    return out;
}

}  // namespace cauce::cli
