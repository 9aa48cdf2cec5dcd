// `cauce dev`
#include "base/version.h"
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/verbs.h"

#include <optional>
#include <utility>

namespace cauce::cli {
namespace {

constexpr std::uint16_t kUsualPort = 9092;

std::string greeting_for_people(const DevReady& ready) {
    const std::string bootstrap = ready.address.to_string();
    const std::string flag = ready.address.port == kUsualPort ? "" : " -b " + bootstrap;
    return "cauce " + std::string(kVersion) + " is ready: one broker on " + bootstrap +
           "\n"
           "data    " +
           ready.data_folder + (ready.ephemeral ? " (removed at the end)" : "") +
           "\n"
           "\n"
           "  echo hello | cauce produce greetings" +
           flag +
           "\n"
           "  cauce consume greetings --from start" +
           flag +
           "\n"
           "  cauce topic list" +
           flag +
           "\n"
           "\n"
           "Any Kafka client works too: bootstrap.servers=" +
           bootstrap + ". Ctrl-C stops it.\n";
}

Details details_of(const DevReady& ready) {
    Details details;
    details.add({"bootstrap_servers", "bootstrap"}, ready.address.to_string());
    details.add({"data_directory", "data"}, ready.data_folder);
    details.add({"is_ephemeral", "ephemeral"}, ready.ephemeral);
    details.add({"http", "http"},
                ready.http ? Value("http://" + ready.http->to_string()) : Value());
    details.add({"version", "version"}, kVersion);
    return details;
}

// For people it is what they came for; for programs the data is, and the rest is talk.
DevGreeting greeting(const DevReady& ready, const Globals& globals) {
    if (globals.format == OutputFormat::table || globals.format == OutputFormat::wide)
        return {.out = greeting_for_people(ready), .err = {}};
    const RenderOptions options{.format = globals.format, .color = false};
    return {.out = render(details_of(ready), options),
            .err = globals.quiet ? std::string() : greeting_for_people(ready)};
}

Problem problem_of(const ServerFailure& failure) {
    const std::string elsewhere =
        "another port with  --port PORT , other data with  --data DIR  or  --ephemeral";
    switch (failure.step) {
        case ServerFailure::Step::service:
            return {exit_error, "the broker had to stop", failure.why,
                    "its log above tells what came before"};
        case ServerFailure::Step::cleanup:
            return {exit_error, "the temporary data was not removed", failure.why,
                    "remove it by hand"};
        case ServerFailure::Step::file:
        case ServerFailure::Step::configuration:
        case ServerFailure::Step::start:
            break;
    }
    return {exit_error, "the broker did not start", failure.why, elsewhere};
}

class Dev final : public Command {
public:
    void declare(Arguments& arguments) override {
        arguments.option("--port", "PORT", "where clients connect, on this machine only (9092)",
                         into_number<std::uint16_t, std::uint16_t>(options_.port, 1, 65535));
        arguments.option("--data", "DIR", "keep the data there", into(data_));
        arguments.flag("--ephemeral", options_.ephemeral, "forget all data at the end");
        arguments.flag("--no-open", no_open_, "accepted, without effect: there is no console yet");
    }

    Outcome check() override {
        if (data_ && options_.ephemeral)
            return usage_problem("--data and --ephemeral exclude each other",
                                 "one keeps the data, the other forgets it",
                                 "leave one of them away");
        return {};
    }

    int start(const Invocation& invocation, const Globals& globals, Program& program) override {
        options_.data_folder =
            data_ ? absolute_path(*data_, invocation) : user_data_folder(invocation) + "/dev";
        options_.log_level = log_level(globals);
        options_.greet = [&globals](const DevReady& ready) { return greeting(ready, globals); };
        const Program::Served served = program.dev(options_);
        if (served) return exit_ok;
        return report_problem(program, invocation, globals, problem_of(served.error()));
    }

private:
    DevOptions options_;
    std::optional<std::string> data_;
    bool no_open_ = false;
};

}  // namespace

Verb dev_verb() {
    return {
        .name = "dev",
        .summary = "a cluster on this machine, with nothing to configure",
        .text =
            "Ready when it says so; Ctrl-C ends it. Clients connect to 127.0.0.1:9092. With "
            "-o json, yaml, name or tsv it says on standard output where it is and keeps its "
            "data, once it is ready, and all else on standard error.",
        .examples = {{"cauce dev", "keeps its data for the next time"},
                     {"cauce dev --ephemeral --port 19092", "for a test: nothing stays behind"}},
        .make = [] { return std::make_unique<Dev>(); }};
}

}  // namespace cauce::cli
