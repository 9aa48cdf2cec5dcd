// kafka-server-start
#include "base/version.h"
#include "cli/arguments.h"
#include "cli/kafka/tool.h"
#include "cli/paths.h"

#include <algorithm>

namespace cauce::cli::kafka {
namespace {

constexpr std::string_view kUsage =
    "USAGE: kafka-server-start server.properties [--override property=value]*\n";

const std::vector<Flag>& flags() {
    static const std::vector<Flag> kFlags{
        {"override", Takes::text, {}, "A property over what the file says, key=value.", {}, true},
        // Of the script that starts the Java program.
        {"name", Takes::text, {}, "Without effect."},
        {"loggc", Takes::nothing, {}, "Without effect."},
        kHelpFlag,
        kVersionFlag,
    };
    return kFlags;
}

int start_server(const std::vector<std::string>& words, const Invocation& invocation,
                 Program& program) {
    const std::string help = std::string(kUsage) + usage(flags());
    const std::expected<Given, std::string> given = parse(flags(), words);
    if (!given && std::ranges::find(words, "-daemon") != words.end())
        return say(program, {},
                   "-daemon is not there: let the service manager or the shell (&) do it\n", 1);
    if (!given) return say(program, {}, given.error() + "\n" + help, 1);
    if (given->has("version")) return say(program, std::string(kKafkaLine) + "\n", {}, 0);
    if (given->others().empty() || given->has("help")) return say(program, {}, help, 1);
    if (given->others().size() > 1)
        return say(program, {},
                   "Found non argument parameters: " + given->others()[1] + "\n" + help, 1);
    BrokerStartOptions options;
    options.config_file = absolute_path(given->others()[0], invocation);
    for (const std::string& text : given->texts("override")) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            return say(program, {}, "Missing value for key " + text + "\n" + help, 1);
        options.overrides.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    const Program::Served served = program.broker_start(options);
    if (served) return 0;
    return say(program, {}, served.error().why + "\n", 1);
}

}  // namespace

Tool server_start_tool() {
    return {.name = "kafka-server-start",
            .purpose = "Starts a server from a configuration file.",
            .flags = {},
            .start = start_server};
}

}  // namespace cauce::cli::kafka
