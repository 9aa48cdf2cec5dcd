// `cauce topic config`
#include "cli/command.h"
#include "cli/nearest.h"
#include "cli/topic_alteration.h"
#include "cli/topic_lookup.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <algorithm>

namespace cauce::cli {
namespace {

class TopicConfig final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "name the topic");
        arguments.positionals("KEY", keys_, "only these settings", false);
        alteration_.declare_configs(arguments);
    }

    Outcome check() override {
        if (!keys_.empty() && !alteration_.is_nothing())
            return usage_problem("nothing was changed",
                                 "a KEY asks for its value, --set and --unset change it",
                                 "write one or the other");
        return {};
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        if (!alteration_.is_nothing()) {
            const std::vector<std::string> one{name_};
            co_return co_await alter_topics(session, one, alteration_);
        }
        co_return co_await show(session);
    }

private:
    runtime::Task<Outcome> show(Session& session) const {
        const std::string what = "the settings of topic `" + name_ + "` were not read";
        const auto topic = co_await find_topic(session, name_, what);
        if (!topic) co_return std::unexpected(topic.error());
        const auto entries = co_await client::describe_config(
            session.cluster(), client::ConfigResource::topic, name_, session.deadline());
        if (!entries) co_return std::unexpected(session.explain(entries.error(), what));
        if (const Outcome known = check_keys(*entries); !known) co_return known;

        Table table;
        table.columns = {{"name", "CONFIG"},
                         {"value", "VALUE"},
                         {"source", "FROM"},
                         {"set_as", "SET AS", Show::wide},
                         {"is_read_only", "READ-ONLY", Show::data}};
        for (const client::ConfigEntry& entry : *entries) {
            if (!keys_.empty() && std::ranges::find(keys_, entry.name) == keys_.end()) continue;
            // The broker's key that it follows has another name.
            const std::string& place =
                entry.synonyms.empty() ? entry.name : entry.synonyms.front().name;
            table.add({entry.name, entry.value ? Value(*entry.value) : Value(),
                       client::config_source_name(entry.source), place, entry.is_read_only});
        }
        co_return co_await session.print(table);
    }

    Outcome check_keys(const std::vector<client::ConfigEntry>& entries) const {
        std::vector<std::string> names;
        for (const client::ConfigEntry& entry : entries)
            names.push_back(entry.name);
        for (const std::string& key : keys_) {
            if (std::ranges::find(names, key) != names.end()) continue;
            const auto meant = nearest(key, names);
            return problem(exit_not_found, "topics have no setting `" + key + "`", {},
                           meant ? "did you mean `" + *meant + "`?"
                                 : "cauce topic config " + name_ + "  shows all of them");
        }
        return {};
    }

    std::string name_;
    std::vector<std::string> keys_;
    TopicAlteration alteration_;
};

}  // namespace

Verb topic_config_verb() {
    return {.name = "topic config",
            .summary = "the settings of a topic, where they come from, and changing them",
            .text =
                "FROM says who gave the value: the topic itself, one broker, the cluster, the "
                "broker's file, or the default.",
            .examples = {{"cauce topic config orders", "all settings"},
                         {"cauce topic config orders retention.ms -o json", "one, for a program"},
                         {"cauce topic config orders --set cleanup.policy=compact --dry-run",
                          "what that would change"}},
            .make = [] { return std::make_unique<TopicConfig>(); }};
}

}  // namespace cauce::cli
