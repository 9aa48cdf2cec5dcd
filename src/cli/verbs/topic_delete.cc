// `cauce topic delete`
#include "cli/command.h"
#include "cli/topic_lookup.h"
#include "cli/verbs.h"
#include "client/admin.h"

namespace cauce::cli {
namespace {

class TopicDelete final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("NAME", names_, "name the topic, or several");
        arguments.flag("-y,--yes", yes_, "do not ask");
        arguments.flag("--dry-run", dry_run_, "only say what would go");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        if (dry_run_) co_return co_await look(session);
        if (!yes_) {
            std::string question = "Delete ";
            for (const std::string& name : names_)
                question += (question.ends_with(' ') ? "" : ", ") + ("`" + name + "`");
            question += " with all records?";
            const Outcome confirmed = co_await session.confirm(std::move(question));
            if (!confirmed) co_return confirmed;
        }
        const auto outcomes =
            co_await client::delete_topics(session.cluster(), names_, session.deadline());
        if (!outcomes)
            co_return std::unexpected(session.explain(outcomes.error(), "no topic was deleted"));

        Table table;
        table.columns = {{"topic", "TOPIC"}, {"status", "STATUS"}};
        const client::TopicOutcome* failed = nullptr;
        for (const auto& topic : *outcomes) {
            if (topic.ok()) {
                table.add({topic.name, "deleted"});
            } else if (!failed) {
                failed = &topic;
            }
        }
        if (!table.rows.empty()) {
            const Outcome printed = co_await session.print(table);
            if (!printed) co_return printed;
        }
        if (!failed) co_return Outcome();
        if (failed->error.code == ErrorCode::unknown_topic_or_partition) {
            Problem unknown = co_await session.unknown_topic(failed->name);
            co_return std::unexpected(std::move(unknown));
        }
        co_return std::unexpected(
            session.explain(failed->error, "topic `" + failed->name + "` was not deleted"));
    }

private:
    runtime::Task<Outcome> look(Session& session) {
        Table table;
        table.columns = {{"topic", "TOPIC"}, {"status", "STATUS"}};
        for (const std::string& name : names_) {
            std::string what = "topic `" + name + "` would not be deleted";
            const auto topic = co_await find_topic(session, name, std::move(what));
            if (!topic) co_return std::unexpected(topic.error());
            table.add({name, "would be deleted"});
        }
        co_return co_await session.print(table);
    }

    std::vector<std::string> names_;
    bool yes_ = false;
    bool dry_run_ = false;
};

}  // namespace

Verb topic_delete_verb() {
    return {.name = "topic delete",
            .summary = "remove topics with all their records",
            .text = {},
            .examples = {{"cauce topic delete drafts -y", "without asking"},
                         {"cauce topic delete drafts --dry-run", "only look"}},
            .make = [] { return std::make_unique<TopicDelete>(); }};
}

}  // namespace cauce::cli
