// `cauce dev`
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/verbs.h"

#include <optional>

namespace cauce::cli {
namespace {

class Dev final : public Command {
public:
    void declare(Arguments& arguments) override {
        arguments.option("--port", "PORT", "where clients connect, on this machine only (9092)",
                         into_number<std::uint16_t, std::uint16_t>(options_.port, 1, 65535));
        arguments.option("--data", "DIR", "keep the data there", into(data_));
        arguments.flag("--ephemeral", options_.ephemeral, "forget all data at the end");
        arguments.flag("--no-open", no_open_, "do not open the console in a browser");
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
        options_.open_console = !no_open_ && invocation.out_is_terminal;
        options_.log_level = log_level(globals);
        return program.dev(options_);
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
        .text = "Ready when it says so; Ctrl-C ends it. Clients connect to 127.0.0.1:9092.",
        .examples = {{"cauce dev", "keeps its data for the next time"},
                     {"cauce dev --ephemeral --port 19092", "for a test: nothing stays behind"}},
        .make = [] { return std::make_unique<Dev>(); }};
}

}  // namespace cauce::cli
