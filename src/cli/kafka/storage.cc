// kafka-storage: a first word says what to do, and each has flags of its own.
#include "cli/directory_format.h"
#include "cli/kafka/tool.h"
#include "cli/paths.h"

#include <string>
#include <utility>

namespace cauce::cli::kafka {
namespace {

constexpr std::string_view kUsage = "usage: kafka-storage [-h] {format,random-uuid} ...\n";

const std::vector<Flag>& format_flags() {
    static const std::vector<Flag> kFlags{
        {"cluster-id",
         Takes::text,
         "CLUSTER_ID",
         "REQUIRED: the id that all nodes share.",
         {},
         false,
         {},
         't'},
        {"config",
         Takes::text,
         "CONFIG",
         "REQUIRED: the server.properties to format for.",
         {},
         false,
         {},
         'c'},
        {"help", Takes::nothing, {}, "Prints this.", {}, false, {}, 'h'},
        {"ignore-formatted",
         Takes::nothing,
         {},
         "A directory that is formatted already is left as it is.",
         {},
         false,
         {},
         'g'},
        {"initial-controllers",
         Takes::text,
         "INITIAL_CONTROLLERS",
         "The first voters: id@host:port:directory-id, with commas.",
         {},
         false,
         {},
         'I'},
        {"no-initial-controllers",
         Takes::nothing,
         {},
         "No voters: this controller joins a quorum later.",
         {},
         false,
         {},
         'N'},
        {"standalone", Takes::nothing, {}, "A quorum of this node alone.", {}, false, {}, 's'},
    };
    return kFlags;
}

int complain(Program& program, std::string_view usage_text, std::string_view wrong) {
    return say(program, {},
               std::string(usage_text) + "kafka-storage: error: " + std::string(wrong) + "\n", 1);
}

runtime::Task<int> format_and_tell(Environment& environment, quorum::FormatOptions plan) {
    const auto formatted = co_await format_directories(environment, std::move(plan));
    ByteSink& sink = formatted ? environment.out : environment.err;
    std::string text;
    if (!formatted) text = formatted.error().message + "\n";
    if (formatted) {
        for (const std::string& told : quorum::to_lines(*formatted))
            text += told + "\n";
    }
    const IoResult<void> written = co_await sink.write(as_bytes(text));
    const bool good = formatted.has_value() && written.has_value();
    co_return good ? 0 : 1;
}

int format(const std::vector<std::string>& words, const Invocation& invocation, Program& program) {
    const std::string line =
        "usage: kafka-storage format [-h] --config CONFIG --cluster-id CLUSTER_ID [options]\n";
    const std::expected<Given, std::string> given = parse(format_flags(), words);
    if (!given) return complain(program, line, given.error());
    if (given->has("help")) return say(program, line + usage(format_flags()), {}, 0);
    if (!given->others().empty())
        return complain(program, line, "unrecognized arguments: '" + given->others()[0] + "'");
    if (!given->has("config")) return complain(program, line, "argument --config/-c is required");
    if (!given->has("cluster-id"))
        return complain(program, line, "argument --cluster-id/-t is required");
    if (const auto wrong = given->bad_value()) return complain(program, line, *wrong);
    FormatRequest request;
    request.config_file = absolute_path(*given->text("config"), invocation);
    request.cluster_id = *given->text("cluster-id");
    request.standalone = given->has("standalone");
    request.initial_controllers = given->text("initial-controllers").value_or("");
    request.no_initial_controllers = given->has("no-initial-controllers");
    request.ignore_formatted = given->has("ignore-formatted");
    if (request.ways() > 1)
        return complain(program, line,
                        "--standalone, --initial-controllers and --no-initial-controllers exclude "
                        "each other");
    if (request.ways() == 0)
        return say(program, {},
                   "You must specify one of the following: --standalone, --initial-controllers, or "
                   "--no-initial-controllers.\n",
                   1);
    const auto plan = plan_format(request, program);
    if (!plan) return say(program, {}, plan.error().why + "\n", 1);
    return program.run(
        [&](Environment& environment) { return format_and_tell(environment, *plan); });
}

runtime::Task<int> print_uuid(Environment& environment) {
    const std::string line = environment.shards.random().uuid().to_string() + "\n";
    const IoResult<void> written = co_await environment.out.write(as_bytes(line));
    co_return written ? 0 : 1;
}

int start_storage(const std::vector<std::string>& words, const Invocation& invocation,
                  Program& program) {
    if (words.empty()) return complain(program, kUsage, "too few arguments");
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    if (words[0] == "-h" || words[0] == "--help") return say(program, std::string(kUsage), {}, 0);
    if (words[0] == "format") return format(rest, invocation, program);
    if (words[0] == "random-uuid") return program.run(print_uuid);
    return complain(program, kUsage,
                    "invalid choice: '" + words[0] + "' (choose from 'format', 'random-uuid')");
}

}  // namespace

Tool storage_tool() {
    return {.name = "kafka-storage",
            .purpose = "Formats the log directories of a node.",
            .flags = {},
            .start = start_storage};
}

}  // namespace cauce::cli::kafka
