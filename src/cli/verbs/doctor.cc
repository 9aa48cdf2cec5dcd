// `cauce doctor`
#include "cli/command.h"
#include "cli/doctor/directory.h"
#include "cli/doctor/finding.h"
#include "cli/doctor/network.h"
#include "cli/paths.h"
#include "cli/verbs.h"

#include <algorithm>

namespace cauce::cli {
namespace {

constexpr std::int64_t kPatienceMs = 3000;

class Doctor final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.repeatable("-c,--config", "FILE",
                             "the configuration of a broker of this machine; several that are to "
                             "be one cluster",
                             [this](std::string_view file) -> std::expected<void, std::string> {
                                 files_.emplace_back(file);
                                 return {};
                             });
        arguments.repeatable("--set", "KEY=VALUE", "one key, over what the file says",
                             into(options_.overrides));
        arguments.flag("--container", options_.container,
                       "the configuration that the container image starts with");
        arguments.flag("--problems", problems_only_, "only what should be changed");
    }

protected:
    Outcome prepare(const Invocation& invocation, const Globals&, Program& program) override {
        if (files_.empty() && (options_.container || !options_.overrides.empty()))
            setups_.push_back(program.server_setup(options_));
        for (const std::string& file : files_) {
            options_.config_file = absolute_path(file, invocation);
            setups_.push_back(program.server_setup(options_));
        }
        facts_ = program.host_facts();
        return {};
    }

    runtime::Task<Outcome> run(Session& session) override {
        const std::int64_t given = session.globals().timeout_ms;
        const Duration patience = milliseconds(given > 0 ? given : kPatienceMs);
        Environment& environment = session.environment();
        Findings findings;
        for (const ServerSetup& setup : setups_) {
            append(findings, examine_configuration(setup));
            if (!setup.faults.empty()) continue;  // the rest is not known
            DirectoryFindings directory = co_await examine_directories(environment.disk, setup);
            append(findings, std::move(directory.findings));
            append(findings, co_await examine_listeners(environment, setup,
                                                        std::move(directory.meta), patience));
        }
        append(findings, examine_together(setups_));
        if (setups_.empty())
            append(findings,
                   co_await examine_bootstrap(environment, session.globals().bootstrap, patience));
        else
            append(findings, examine_host(facts_, environment.shards.clock().wall()));

        const Outcome printed = co_await session.print(table_of(findings));
        if (!printed) co_return printed;
        const auto errors = std::ranges::count(findings, Severity::error, &Finding::severity);
        if (errors == 0) co_return Outcome();
        co_return problem(
            exit_unhealthy,
            std::to_string(errors) + (errors == 1 ? " thing is" : " things are") + " wrong", {},
            "change what the table says, and run it again");
    }

private:
    Table table_of(Findings findings) const {
        Table table;
        table.columns = {{"severity", "STATUS"},
                         {"check", "CHECK"},
                         {"finding", "FINDING"},
                         {"place", "WHERE"},
                         {"change", "CHANGE"}};
        const auto text = [](const std::string& from) {
            return from.empty() ? Value() : Value(from);
        };
        // What is worst comes first; among equals the order of the examination stays.
        for (const Severity severity :
             {Severity::error, Severity::warning, Severity::note, Severity::ok}) {
            if (problems_only_ && severity < Severity::warning) break;
            for (Finding& finding : findings) {
                if (finding.severity != severity) continue;
                table.add({severity_name(severity), finding.check, finding.says,
                           text(finding.place), text(finding.change)});
            }
        }
        return table;
    }

    std::vector<std::string> files_;
    BrokerStartOptions options_;
    bool problems_only_ = false;
    std::vector<ServerSetup> setups_;
    HostFacts facts_;
};

}  // namespace

Verb doctor_verb() {
    return {.name = "doctor",
            .summary = "what is wrong with a broker or the way to it, and which line to change",
            .text =
                "With -c it looks at a broker of this machine, running or not: the configuration, "
                "the data directory, the ports, the addresses that clients are told, the limit of "
                "open files and the clock. Without, it goes the way of a client from -b on, to "
                "every address the brokers advertise. Ends with 6 when something is wrong. It "
                "makes and removes one empty file in the data directory, and takes each free port "
                "for a moment.",
            .examples = {{"cauce doctor -c server.properties", "a broker of this machine"},
                         {"cauce doctor -b broker-1:9092", "what clients of this machine find"},
                         {"cauce doctor --container", "inside a container of our image"}},
            .make = [] { return std::make_unique<Doctor>(); }};
}

}  // namespace cauce::cli
