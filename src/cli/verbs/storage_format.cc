// `cauce storage format`
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/verbs.h"

namespace cauce::cli {
namespace {

class StorageFormat final : public Command {
public:
    void declare(Arguments& arguments) override {
        arguments.option("-t,--cluster-id", "ID", "the cluster's id (cauce storage random-uuid)",
                         into(options_.cluster_id));
        arguments.option("-c,--config", "FILE", "the server.properties to format for",
                         into(config_));
        arguments.flag("-s,--standalone", options_.standalone, "a quorum of this node alone");
        arguments.option("-I,--initial-controllers", "LIST",
                         "the first voters: id@host:port:directory-id, separated by commas",
                         into(options_.initial_controllers));
        arguments.flag("-N,--no-initial-controllers", options_.no_initial_controllers,
                       "no voters: this controller joins a quorum later");
        arguments.flag("-g,--ignore-formatted", options_.ignore_formatted,
                       "leave a directory that is formatted already as it is");
        arguments.flag("--dry-run", options_.dry_run, "only say what would be formatted");
    }

    Outcome check() override {
        const std::string usage =
            "cauce storage format --standalone -t $(cauce storage random-uuid) -c "
            "server.properties";
        if (config_.empty())
            return usage_problem("no configuration was named",
                                 "formatting needs log.dirs and node.id", usage);
        if (options_.cluster_id.empty())
            return usage_problem("no cluster id was given", "all nodes of a cluster share one",
                                 usage);
        const int ways = int{options_.standalone} + int{!options_.initial_controllers.empty()} +
                         int{options_.no_initial_controllers};
        if (ways > 1)
            return usage_problem("more than one way to choose the first voters was given",
                                 "--standalone, --initial-controllers and "
                                 "--no-initial-controllers exclude each other",
                                 usage);
        return {};
    }

    int start(const Invocation& invocation, const Globals&, Program& program) override {
        options_.config_file = absolute_path(config_, invocation);
        return program.storage_format(options_);
    }

private:
    StorageFormatOptions options_;
    std::string config_;
};

}  // namespace

Verb storage_format_verb() {
    return {.name = "storage format",
            .summary = "make log directories ready for a first start",
            .text =
                "Writes meta.properties and the first snapshot of the metadata log, as Apache "
                "Kafka's kafka-storage does: either program starts on what the other formatted.",
            .examples = {{"cauce storage format --standalone -t $(cauce storage random-uuid) -c "
                          "server.properties",
                          "a new cluster of one node"}},
            .make = [] { return std::make_unique<StorageFormat>(); }};
}

}  // namespace cauce::cli
