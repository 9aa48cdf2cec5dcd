// `cauce help [COMMAND]`
#include "cli/help.h"

#include "cli/command.h"
#include "cli/nearest.h"
#include "cli/verbs.h"

namespace cauce::cli {
namespace {

class Help final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("COMMAND", first_, "a command, such as `topic create`", false);
        arguments.positional("VERB", second_, "", false);
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        const Expected<std::string> text = help_text();
        if (!text) co_return std::unexpected(text.error());
        co_return co_await session.write(as_bytes(*text));
    }

private:
    Expected<std::string> help_text() const {
        if (first_.empty()) return root_help();
        if (first_ == "settings") return settings_help();
        const std::string name = second_.empty() ? first_ : first_ + " " + second_;
        if (const Verb* verb = find_verb(name)) return verb_help(*verb);
        if (is_noun(first_) && second_.empty()) return noun_help(first_);
        const auto meant =
            second_.empty() ? nearest(first_, first_words()) : nearest(second_, verbs_of(first_));
        return problem(exit_not_found, "there is no command `cauce " + name + "`", {},
                       (meant ? "did you mean `" + *meant + "`?  " : "") +
                           std::string("cauce help  shows them all"));
    }

    std::string first_;
    std::string second_;
};

}  // namespace

Verb help_verb() {
    return {.name = "help",
            .summary = "what a command does and takes, with examples",
            .text = {},
            .examples = {{"cauce help consume", "everything about reading topics"},
                         {"cauce help settings", "the client settings that -X takes"}},
            .make = [] { return std::make_unique<Help>(); }};
}

}  // namespace cauce::cli
