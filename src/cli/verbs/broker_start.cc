// `cauce broker start`
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/verbs.h"
#include "cli/verbs/broker_options.h"

namespace cauce::cli {
namespace {

class BrokerStart final : public Command {
public:
    void declare(Arguments& arguments) override {
        broker_.declare(arguments);
        arguments.flag("--strict", strict_, "refuse to start with any key that is not known");
        arguments.flag("--ignore-security", ignore_security_,
                       "open data that holds ACLs or credentials although they have no effect");
    }

    int start(const Invocation& invocation, const Globals& globals, Program& program) override {
        if (!broker_.given(invocation)) {
            const Problem nothing{exit_usage, "`cauce broker start` needs a configuration",
                                  "there is no -c FILE, no --set and no KAFKA_* variable",
                                  "cauce broker start -c server.properties , or  cauce dev  to try "
                                  "without one"};
            return program.run([&](Environment& environment) {
                return report_problem(environment, nothing, globals.color);
            });
        }
        BrokerStartOptions options = broker_.settle(invocation);
        options.strict = strict_;
        options.ignore_security = ignore_security_;
        options.log_level = log_level(globals);
        return program.broker_start(options);
    }

private:
    BrokerOptions broker_;
    bool strict_ = false;
    bool ignore_security_ = false;
};

}  // namespace

Verb broker_start_verb() {
    return {.name = "broker start",
            .summary = "a server from a configuration file",
            .text =
                "The file is Kafka's server.properties; KAFKA_* variables and --set change single "
                "keys. The data directories must have been formatted: cauce storage format. With "
                "--container nothing needs to be given or formatted.",
            .examples = {{"cauce broker start -c server.properties", "as the file says"},
                         {"cauce broker start -c server.properties --set log.retention.hours=24",
                          "with one key changed"},
                         {"KAFKA_NUM_PARTITIONS=3 cauce broker start --container",
                          "what the container image runs"}},
            .make = [] { return std::make_unique<BrokerStart>(); }};
}

}  // namespace cauce::cli
