// `cauce topic alter`
#include "cli/command.h"
#include "cli/topic_alteration.h"
#include "cli/verbs.h"

namespace cauce::cli {
namespace {

class TopicAlter final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("NAME", names_, "name the topic, or several");
        arguments.option(
            "-p,--partitions", "N", "how many partitions it shall have",
            into_number<std::int32_t, std::int32_t>(alteration_.partitions, 1, 1'000'000));
        alteration_.declare_configs(arguments);
        alteration_.declare_yes(arguments);
    }

    Outcome check() override {
        if (!alteration_.is_nothing()) return {};
        return usage_problem("nothing was changed", "there is no --partitions, --set or --unset",
                             "cauce topic alter orders --set retention.ms=86400000");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        return alter_topics(session, names_, alteration_);
    }

private:
    std::vector<std::string> names_;
    TopicAlteration alteration_;
};

}  // namespace

Verb topic_alter_verb() {
    return {.name = "topic alter",
            .summary = "change the settings of topics, or give them more partitions",
            .text = "Nothing is changed before the cluster has checked everything.",
            .examples = {{"cauce topic alter orders --set retention.ms=86400000 --dry-run",
                          "what a day's retention would change"},
                         {"cauce topic alter orders bills --unset retention.ms",
                          "both follow the broker again"}},
            .make = [] { return std::make_unique<TopicAlter>(); }};
}

}  // namespace cauce::cli
