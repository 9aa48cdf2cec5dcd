// `cauce storage format`
#include "cli/command.h"
#include "cli/directory_format.h"
#include "cli/paths.h"
#include "cli/verbs.h"

#include <utility>

namespace cauce::cli {
namespace {

using runtime::Task;
using Formats = std::vector<quorum::DirectoryFormat>;

const char* status_of(const quorum::DirectoryFormat& one) {
    using Status = quorum::DirectoryFormat::Status;
    switch (one.status) {
        case Status::formatted:
            return "formatted";
        case Status::would_format:
            return "would be formatted";
        case Status::already_formatted:
            break;
    }
    return "already formatted";
}

Table table_of(const Formats& formats) {
    const auto known = [](const std::string& text) { return text.empty() ? Value() : Value(text); };
    Table table;
    table.columns = {{"directory", "DIRECTORY"},
                     {"metadata_version", "METADATA VERSION"},
                     {"cluster_id", "CLUSTER"},
                     {"status", "STATUS"}};
    for (const quorum::DirectoryFormat& one : formats)
        table.add(
            {one.directory, known(one.metadata_version), known(one.cluster_id), status_of(one)});
    return table;
}

Task<Outcome> print(Session& session, const Formats& formats) {
    const OutputFormat format = session.globals().format;
    if (format != OutputFormat::table && format != OutputFormat::wide)
        co_return co_await session.print(table_of(formats));
    // For people in kafka-storage's words, which scripts look for.
    std::string text;
    for (const std::string& line : quorum::to_lines(formats))
        text += line + "\n";
    co_return co_await session.write(as_bytes(text));
}

Task<Outcome> format_and_print(Session& session, quorum::FormatOptions plan) {
    const auto formatted = co_await format_directories(session.environment(), std::move(plan));
    if (!formatted) co_return std::unexpected(format_problem(formatted.error()));
    co_return co_await print(session, *formatted);
}

Task<int> run(Environment& environment, const Globals& globals, quorum::FormatOptions plan) {
    Session session(environment, globals, ClientSettings());
    Outcome outcome = co_await format_and_print(session, std::move(plan));
    co_await session.close();
    if (outcome) co_return exit_ok;
    const bool color = globals.color && environment.invocation.err_is_terminal;
    co_return co_await report_problem(environment, std::move(outcome).error(), color);
}

// No ClientCommand: a broken profile keeps nobody from formatting.
class StorageFormat final : public Command {
public:
    void declare(Arguments& arguments) override {
        arguments.option("-t,--cluster-id", "ID", "the cluster's id (cauce storage random-uuid)",
                         into(request_.cluster_id));
        arguments.option("-c,--config", "FILE", "the server.properties to format for",
                         into(config_));
        arguments.flag("-s,--standalone", request_.standalone, "a quorum of this node alone");
        arguments.option("-I,--initial-controllers", "LIST",
                         "the first voters: id@host:port:directory-id, separated by commas",
                         into(request_.initial_controllers));
        arguments.flag("-N,--no-initial-controllers", request_.no_initial_controllers,
                       "no voters: this controller joins a quorum later");
        arguments.flag("-g,--ignore-formatted", request_.ignore_formatted,
                       "leave a directory that is formatted already as it is");
        arguments.flag("--dry-run", request_.dry_run, "only say what would be formatted");
    }

    Outcome check() override {
        const std::string usage =
            "cauce storage format --standalone -t $(cauce storage random-uuid) -c "
            "server.properties";
        if (config_.empty())
            return usage_problem("no configuration was named",
                                 "formatting needs log.dirs and node.id", usage);
        if (request_.cluster_id.empty())
            return usage_problem("no cluster id was given", "all nodes of a cluster share one",
                                 usage);
        if (request_.ways() == 0)
            return usage_problem(
                "nothing says who votes first",
                "it is this node alone (--standalone), several "
                "(--initial-controllers LIST), or whoever votes in the quorum that "
                "this node joins later (--no-initial-controllers)",
                usage);
        if (request_.ways() > 1)
            return usage_problem("more than one way to choose the first voters was given",
                                 "--standalone, --initial-controllers and "
                                 "--no-initial-controllers exclude each other",
                                 usage);
        if (request_.initial_controllers.empty()) return {};
        return check_initial_controllers(request_.initial_controllers);
    }

    int start(const Invocation& invocation, const Globals& globals, Program& program) override {
        request_.config_file = absolute_path(config_, invocation);
        const auto plan = plan_format(request_, program);
        if (!plan) return report_problem(program, invocation, globals, plan.error());
        return program.run(
            [&](Environment& environment) { return run(environment, globals, *plan); });
    }

private:
    FormatRequest request_;
    std::string config_;
};

}  // namespace

Verb storage_format_verb() {
    return {.name = "storage format",
            .summary = "make log directories ready for a first start",
            .text =
                "Writes meta.properties and the first snapshot of the metadata log, as Apache "
                "Kafka's kafka-storage does: either program starts on what the other formatted. "
                "Says so in Kafka's words; with -o json, yaml, name or tsv it tells what became of "
                "each directory.",
            .examples = {{"cauce storage format --standalone -t $(cauce storage random-uuid) -c "
                          "server.properties",
                          "a new cluster of one node"}},
            .make = [] { return std::make_unique<StorageFormat>(); }};
}

}  // namespace cauce::cli
