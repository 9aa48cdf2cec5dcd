#include "base/version.h"
#include "cli/client_settings.h"
#include "cli/kafka/shell.h"
#include "cli/kafka/tool.h"

#include <algorithm>
#include <cctype>
#include <functional>

namespace cauce::cli::kafka {
namespace {

using runtime::Task;

// What is left to print, and how it ends.
struct Ending {
    std::string out;
    std::string err;
    int code = 0;
};

Task<int> print(Environment& environment, Ending ending) {
    // Nobody reads: nothing to do about that.
    if (!ending.out.empty()) (void)co_await environment.out.write(as_bytes(ending.out));
    if (!ending.err.empty()) (void)co_await environment.err.write(as_bytes(ending.err));
    co_return ending.code;
}

Ending usage_of(const Tool& tool, std::string_view above) {
    return {{}, std::string(above) + "\n" + usage(tool.flags), 1};
}

Ending ending_of(const Tool& tool, const Failure& failure, const Voice& voice) {
    if (failure.misuse) return usage_of(tool, failure.text);
    const std::string text = std::string(voice.before) + failure.text + "\n";
    return voice.on_standard_output ? Ending{text, {}, voice.exit_code}
                                    : Ending{{}, text, voice.exit_code};
}

Task<int> run_in(const Tool& tool, const Given& given, Environment& environment) {
    Shell shell(environment, given);
    Attempt<void> outcome;
    {
        const runtime::Stop::Callback on_stop(environment.stop, [&] { shell.interrupt(); });
        outcome = co_await shell.configure(tool);
        if (outcome) outcome = co_await tool.run(shell);
    }
    co_await shell.close();
    if (outcome || shell.nobody_reads()) co_return shell.exit_code();
    co_return co_await print(environment, ending_of(tool, outcome.error(), tool.voice));
}

}  // namespace

const std::vector<Tool>& tools() {
    static const std::vector<Tool> kTools = [] {
        std::vector<Tool> list{
            broker_api_versions_tool(),
            configs_tool(),
            console_consumer_tool(),
            console_producer_tool(),
            consumer_groups_tool(),
            delete_records_tool(),
            get_offsets_tool(),
            server_start_tool(),
            server_stop_tool(),
            storage_tool(),
            topics_tool(),
        };
        for (Tool& tool : list) {
            tool.flags.push_back(kHelpFlag);
            tool.flags.push_back(kVersionFlag);
        }
        return list;
    }();
    return kTools;
}

const Tool* find_tool(std::string_view program) {
    program = program.substr(program.rfind('/') + 1);
    if (program.ends_with(".sh")) program.remove_suffix(3);
    const auto found = std::ranges::find(tools(), program, &Tool::name);
    return found == tools().end() ? nullptr : &*found;
}

int say(Program& program, std::string out, std::string err, int code) {
    const Ending ending{std::move(out), std::move(err), code};
    return program.run([&](Environment& environment) { return print(environment, ending); });
}

bool is_true(const Properties& properties, const std::string& name, bool otherwise) {
    const auto found = properties.find(name);
    if (found == properties.end()) return otherwise;
    std::string word = found->second;
    std::erase(word, ' ');
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
    return word == "true";
}

int start(const Tool& tool, const std::vector<std::string>& words, const Invocation& invocation,
          Program& program) {
    if (tool.start != nullptr) return tool.start(words, invocation, program);
    const auto end = [&](Ending ending) {
        return say(program, std::move(ending.out), std::move(ending.err), ending.code);
    };
    const std::expected<Given, std::string> given = parse(tool.flags, words);
    if (!given)
        return end(
            ending_of(tool, {given.error(), tool.usage_for_unknown_flags}, tool.voice_of_parsing));
    if (words.empty() && !tool.purpose_when_bare.empty())
        return end(usage_of(tool, tool.purpose_when_bare));
    if (words.empty() || given->has("help")) return end(usage_of(tool, tool.purpose));
    if (given->has("version")) {
        const std::string version = std::string(kKafkaLine) + " (" + std::string(kSoftwareName) +
                                    " " + std::string(kVersion) + ")\n";
        return end({version, {}, 0});
    }
    if (const Attempt<void> sound = tool.check(*given); !sound)
        return end(ending_of(tool, sound.error(), tool.voice_of_parsing));
    if (const auto wrong = given->bad_value())
        return end(ending_of(tool, {*wrong, tool.usage_for_unknown_flags}, tool.voice));
    return program.run([&](Environment& environment) { return run_in(tool, *given, environment); });
}

}  // namespace cauce::cli::kafka
