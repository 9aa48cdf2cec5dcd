// `cauce broker start`
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/shell_word.h"
#include "cli/verbs.h"
#include "cli/verbs/broker_options.h"

namespace cauce::cli {
namespace {

// Looks at what a start needs; empty when it could not be told what was to be started.
std::string doctor_command(const BrokerStartOptions& options) {
    if (options.config_file.empty() && options.overrides.empty() && !options.container) return {};
    std::string command = "cauce doctor";
    if (options.container) command += " --container";
    if (!options.config_file.empty()) command += " -c " + shell_word(options.config_file);
    for (const auto& [key, value] : options.overrides)
        command += " --set " + shell_word(key + "=" + value);
    return command;
}

Problem problem_of(const ServerFailure& failure, const BrokerStartOptions& options) {
    const std::string& file = options.config_file;
    const std::string doctor = doctor_command(options);
    const std::string look = doctor.empty() ? std::string() : doctor + "  looks at what it needs";
    switch (failure.step) {
        case ServerFailure::Step::file:
            return {exit_not_found, "the configuration was not read", failure.why,
                    "name a server.properties with  -c FILE"};
        case ServerFailure::Step::configuration: {
            const std::string validate =
                "cauce config validate " + shell_word(file) + "  checks a change; ";
            return {exit_error,
                    "no broker starts with " +
                        (file.empty() ? std::string("this configuration") : "`" + file + "`"),
                    failure.why,
                    (file.empty() ? std::string() : validate) +
                        "cauce config explain KEY  says what a key takes"};
        }
        case ServerFailure::Step::service:
            return {exit_error, "the broker had to stop", failure.why, look};
        case ServerFailure::Step::start:
        case ServerFailure::Step::cleanup:
            break;
    }
    return {exit_error, "the broker did not start", failure.why, look};
}

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
            return report_problem(program, invocation, globals, nothing);
        }
        BrokerStartOptions options = broker_.settle(invocation);
        options.strict = strict_;
        options.ignore_security = ignore_security_;
        options.log_level = log_level(globals);
        const Program::Served served = program.broker_start(options);
        if (served) return exit_ok;
        return report_problem(program, invocation, globals, problem_of(served.error(), options));
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
