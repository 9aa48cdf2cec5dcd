// `cauce config explain`
#include "cli/broker_configs.h"
#include "cli/command.h"
#include "cli/config_file.h"
#include "cli/config_words.h"
#include "cli/nearest.h"
#include "cli/verbs.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace cauce::cli {
namespace {

using metadata::ConfigKey;
using metadata::ConfigScope;

class ConfigExplain final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("KEY", names_, "a configuration key, or several");
        arguments.option("-s,--scope", "SCOPE", std::string(kScopeNames), into(scope_));
        arguments.option("-c,--config", "FILE", "where this server.properties sets it",
                         into(file_));
        arguments.option("--broker", "ID", "and what it is on this running broker",
                         into_number<std::int32_t, std::int32_t>(
                             broker_, 0, std::numeric_limits<std::int32_t>::max()));
        arguments.option("--topic", "NAME", "and what it is for this topic", into(topic_));
    }

    Outcome check() override {
        if (!scope_.empty() && !scope_of_name(scope_))
            return usage_problem("`" + scope_ + "` is no scope",
                                 "--scope takes " + std::string(kScopeNames),
                                 "leave --scope away for all of them");
        return {};
    }

protected:
    Outcome prepare(const Invocation& invocation, const Globals&, Program& program) override {
        if (file_.empty()) return {};
        auto read = read_config_file(file_, {}, invocation, program);
        if (!read) return std::unexpected(std::move(read).error());
        config_ = *std::move(read);
        return {};
    }

    runtime::Task<Outcome> run(Session& session) override {
        std::vector<Found> found;
        for (const std::string& name : names_) {
            const auto before = found.size();
            for (const ConfigScope scope : kScopes) {
                if (!scope_.empty() && scope != scope_of_name(scope_)) continue;
                const ConfigKey* key = metadata::find_config_key(scope, name);
                if (key != nullptr) found.push_back({scope, key, {}});
            }
            if (found.size() == before) co_return std::unexpected(unknown(name));
        }
        const Outcome asked = co_await ask(session, found);
        if (!asked) co_return asked;
        std::vector<Details> explained;
        for (Found& one : found)
            explained.push_back(details_of(std::move(one)));
        co_return co_await session.print(explained);
    }

private:
    struct Found {
        ConfigScope scope;
        const ConfigKey* key;
        Table values;
    };

    Problem unknown(const std::string& name) const {
        std::vector<std::string> names;
        for (const ConfigScope scope : kScopes) {
            if (!scope_.empty() && scope != scope_of_name(scope_)) continue;
            for (const ConfigKey& key : metadata::config_keys(scope))
                names.emplace_back(key.name);
        }
        const auto meant = nearest(name, names);
        return {exit_not_found, "there is no configuration key `" + name + "`",
                scope_.empty() ? std::string() : "not for the scope " + scope_,
                meant ? "did you mean `" + *meant + "`?"
                      : "keys have the names that Apache Kafka 4.4 gives them"};
    }

    // Where the keys are set: in the file, on a broker, for a topic.
    runtime::Task<Outcome> ask(Session& session, std::vector<Found>& found) {
        for (Found& one : found) {
            one.values.columns = {
                {"value", "VALUE"}, {"source", "FROM"}, {"set_as", "AS"}, {"place", "PLACE"}};
            if (one.scope == ConfigScope::broker) add_file(one);
        }
        const bool asks_broker = broker_ >= 0 || session.globals().bootstrap_given;
        if (asks_broker && has(found, ConfigScope::broker)) {
            const auto configs = co_await broker_configs(session, broker_);
            if (!configs) co_return std::unexpected(configs.error());
            const std::string place = "broker " + std::to_string(configs->broker.value);
            for (Found& one : found)
                if (one.scope == ConfigScope::broker) add_places(one, configs->entries, place);
        }
        if (!topic_.empty() && has(found, ConfigScope::topic)) {
            const auto entries = co_await client::describe_config(
                session.cluster(), client::ConfigResource::topic, topic_, session.deadline());
            if (!entries)
                co_return std::unexpected(session.explain(
                    entries.error(), "the settings of topic `" + topic_ + "` were not read"));
            for (Found& one : found)
                if (one.scope == ConfigScope::topic) add_places(one, *entries, "topic " + topic_);
        }
        co_return Outcome();
    }

    static bool has(const std::vector<Found>& found, ConfigScope scope) {
        return std::ranges::any_of(found, [&](const Found& one) { return one.scope == scope; });
    }

    void add_file(Found& one) const {
        const ConfigFile::Given* given = given_key(config_, one.key->name);
        if (given == nullptr) return;
        one.values.add({one.key->sensitive() ? Value("[hidden]") : Value(given->value), "file",
                        given->key, given->place});
    }

    static void add_places(Found& one, const std::vector<client::ConfigEntry>& entries,
                           const std::string& place) {
        const auto entry = std::ranges::find(entries, one.key->name, &client::ConfigEntry::name);
        if (entry == entries.end()) return;
        if (entry->synonyms.empty())
            one.values.add({shown_value(*entry), client::config_source_name(entry->source),
                            entry->name, place});
        for (const client::ConfigSynonym& synonym : entry->synonyms) {
            const bool hidden = entry->is_sensitive && !synonym.value;
            one.values.add({synonym.value ? Value(*synonym.value)
                            : hidden      ? Value("[hidden]")
                                          : Value(),
                            client::config_source_name(synonym.source), synonym.name, place});
        }
    }

    static Details details_of(Found one) {
        const ConfigKey& key = *one.key;
        Details details;
        details.add({"name", "key"}, key.name);
        details.add({"scope", "scope"}, scope_name(one.scope));
        details.add({"text", "means"}, key.text);
        details.add({"type", "type"}, type_name(key.type));
        Value default_value;
        if (key.default_value) default_value = *key.default_value;
        details.add({"default", "default"}, std::move(default_value));
        details.add({"valid", "range"}, key.valid.empty() ? Value() : Value(key.valid));
        details.add({"required", "required", Show::data}, key.required);
        details.add({"importance", "importance", Show::wide}, importance_name(key.importance));
        details.add({"update_mode", "update mode"}, update_mode_name(one.scope, key.update_mode));
        details.add({"settable", "set in"}, settable_text(one.scope, key.update_mode));
        const auto followed = followed_keys(key);
        details.add({"follows", "follows", followed.empty() ? Show::data : Show::always},
                    Value::list_of(followed));
        std::vector<std::string> following;
        if (one.scope == ConfigScope::broker) following = following_keys(key.name);
        details.add({"followed_by", "followed by", following.empty() ? Show::data : Show::always},
                    Value::list_of(following));
        details.add({"effect", "effect", Show::data},
                    effect_name(metadata::config_effect(one.scope, key.name)));
        details.add({"effect_text", "in Cauce"}, effect_text(one.scope, key));
        if (!one.values.rows.empty())
            details.parts.push_back({"values", "", std::move(one.values)});
        return details;
    }

    std::vector<std::string> names_;
    std::string scope_;
    std::string file_;
    std::int32_t broker_ = -1;
    std::string topic_;
    ConfigFile config_;
};

}  // namespace

Verb config_explain_verb() {
    return {.name = "config explain",
            .summary = "a configuration key: what it means and takes, and what it does here",
            .text =
                "Every key of Apache Kafka 4.4 is known. With -c, -b, --broker or --topic also "
                "where it is set: the value in force stands first.",
            .examples = {{"cauce config explain retention.ms", "type, default, range and effect"},
                         {"cauce config explain log.retention.ms -c server.properties",
                          "and the line that sets it"},
                         {"cauce config explain retention.ms --topic orders",
                          "and every place that gives the topic a value"}},
            .make = [] { return std::make_unique<ConfigExplain>(); }};
}

}  // namespace cauce::cli
