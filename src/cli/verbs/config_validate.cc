// `cauce config validate`
#include "cli/command.h"
#include "cli/config_file.h"
#include "cli/verbs.h"

#include <algorithm>
#include <utility>

namespace cauce::cli {
namespace {

class ConfigValidate final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("FILE", file_, "a server.properties");
        arguments.repeatable("--set", "KEY=VALUE", "one key, over what the file says",
                             into(options_.overrides));
        arguments.flag("--strict", options_.strict, "a key that is not known is an error");
    }

protected:
    Outcome prepare(const Invocation& invocation, const Globals&, Program& program) override {
        auto read = read_config_file(file_, options_, invocation, program);
        if (!read) return std::unexpected(std::move(read).error());
        config_ = *std::move(read);
        return {};
    }

    runtime::Task<Outcome> run(Session& session) override {
        Table table;
        table.columns = {{"place", "PLACE"}, {"severity", "SEVERITY"}, {"text", "WHAT"}};
        for (const ConfigFile::Finding& finding : config_.findings)
            table.add({finding.place, finding.refuses ? "error" : "note", finding.text});
        const auto errors = std::ranges::count_if(config_.findings, &ConfigFile::Finding::refuses);
        // A table without rows says nothing to people.
        if (!table.rows.empty() || session.globals().format != OutputFormat::table) {
            const Outcome printed = co_await session.print(table);
            if (!printed) co_return printed;
        }
        if (errors == 0) {
            co_await session.talk("A broker starts with `" + file_ + "`: " +
                                  std::to_string(config_.given.size()) + " keys are given.");
            co_return Outcome();
        }
        const std::string count =
            errors == 1 ? "1 line has" : std::to_string(errors) + " lines have";
        co_return problem(exit_error, "no broker starts with `" + file_ + "`", count + " to change",
                          "cauce config explain KEY  says what a key takes");
    }

private:
    std::string file_;
    ConfigFileOptions options_;
    ConfigFile config_;
};

}  // namespace

Verb config_validate_verb() {
    return {.name = "config validate",
            .summary = "what is wrong with a configuration file, line by line",
            .text =
                "Reads it as `cauce broker start` does, with KAFKA_* variables and --set above "
                "it, and starts nothing.",
            .examples = {{"cauce config validate server.properties", "before a restart"}},
            .make = [] { return std::make_unique<ConfigValidate>(); }};
}

}  // namespace cauce::cli
