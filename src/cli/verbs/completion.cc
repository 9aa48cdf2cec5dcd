// `cauce completion`
#include "cli/command.h"
#include "cli/verbs.h"

namespace cauce::cli {
namespace {

// Each asks the program itself, with the line as it stands before the cursor.
constexpr std::string_view kBash = R"(# cauce completion bash
_cauce() {
    local IFS=$'\n' current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
    # Readline takes words apart at colons and equal signs too.
    local line=${COMP_LINE:0:COMP_POINT}
    local word=${line##* } prefix
    prefix=${word%"$current"}
    [ -z "$prefix" ] || COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
}
complete -o default -F _cauce cauce
)";
constexpr std::string_view kZsh = R"(#compdef cauce
# cauce completion zsh
_cauce() {
    local -a candidates
    candidates=("${(@f)$("${words[1]}" __complete "${(j: :)${(@q)words[1,CURRENT]}}" 2>/dev/null)}")
    candidates=("${(@)candidates:#}")
    if (( ${#candidates} )); then
        compadd -a candidates
    else
        _files
    fi
}
if [ "${funcstack[1]}" = _cauce ]; then
    _cauce "$@"
else
    compdef _cauce cauce
fi
)";
constexpr std::string_view kFish = R"(# cauce completion fish
complete -c cauce -f -a '(cauce __complete (commandline -cp) 2>/dev/null)'
complete -c cauce -l config -s c -r -F
)";

class Completion final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("SHELL", shell_, "bash, zsh or fish");
    }

    Outcome check() override {
        if (!script().empty()) return {};
        return usage_problem("`" + shell_ + "` is no shell that is known here",
                             "there are bash, zsh and fish", "cauce help completion");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        co_return co_await session.write(as_bytes(script()));
    }

private:
    std::string_view script() const {
        if (shell_ == "bash") return kBash;
        if (shell_ == "zsh") return kZsh;
        if (shell_ == "fish") return kFish;
        return {};
    }

    std::string shell_;
};

}  // namespace

Verb completion_verb() {
    return {.name = "completion",
            .summary = "a script that lets a shell complete commands, options and names",
            .text =
                "Names of topics and groups are asked of the cluster that -b or "
                "CAUCE_BOOTSTRAP names, which has 300 ms to answer.",
            .examples = {{"source <(cauce completion bash)", "in ~/.bashrc"},
                         {"cauce completion zsh > \"${fpath[1]}/_cauce\"", "once, for zsh"},
                         {"cauce completion fish > ~/.config/fish/completions/cauce.fish",
                          "once, for fish"}},
            .make = [] { return std::make_unique<Completion>(); }};
}

}  // namespace cauce::cli
