// `cauce broker start`
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/verbs.h"

#include <algorithm>
#include <optional>

namespace cauce::cli {
namespace {

class BrokerStart final : public Command {
public:
    void declare(Arguments& arguments) override {
        arguments.option("-c,--config", "FILE", "a server.properties as Apache Kafka takes it",
                         into(config_));
        arguments.repeatable("--set", "KEY=VALUE", "one key, over what the file says",
                             into(options_.overrides));
        arguments.flag("--strict", options_.strict,
                       "refuse to start with any key that is not known");
        arguments.flag("--ignore-security", options_.ignore_security,
                       "open data that holds ACLs or credentials although they have no effect");
    }

    int start(const Invocation& invocation, const Globals& globals, Program& program) override {
        if (config_) options_.config_file = absolute_path(*config_, invocation);
        options_.log_level = log_level(globals);
        const bool has_variables = std::ranges::any_of(
            invocation.variables, [](const auto& v) { return v.first.starts_with("KAFKA_"); });
        if (!config_ && options_.overrides.empty() && !has_variables) {
            const Problem nothing{exit_usage, "`cauce broker start` needs a configuration",
                                  "there is no -c FILE, no --set and no KAFKA_* variable",
                                  "cauce broker start -c server.properties , or  cauce dev  to try "
                                  "without one"};
            return program.run([&](Environment& environment) {
                return report_problem(environment, nothing, globals.color);
            });
        }
        return program.broker_start(options_);
    }

private:
    BrokerStartOptions options_;
    std::optional<std::string> config_;
};

}  // namespace

Verb broker_start_verb() {
    return {.name = "broker start",
            .summary = "a server from a configuration file",
            .text =
                "The file is Kafka's server.properties; KAFKA_* variables and --set change single "
                "keys. The data directories must have been formatted: cauce storage format.",
            .examples = {{"cauce broker start -c server.properties", "as the file says"},
                         {"cauce broker start -c server.properties --set log.retention.hours=24",
                          "with one key changed"}},
            .make = [] { return std::make_unique<BrokerStart>(); }};
}

}  // namespace cauce::cli
