#include "cli/topic_alteration.h"

#include "cli/topic_lookup.h"
#include "metadata/config_keys.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace cauce::cli {
namespace {

using client::ConfigChange;
using client::ConfigEntry;
using client::ConfigOperation;
using runtime::Task;

Accept into_changes(std::vector<ConfigChange>& changes, ConfigOperation operation) {
    return [&changes, operation](std::string_view text) -> std::expected<void, std::string> {
        const std::size_t equals = text.find('=');
        if (equals == 0 || equals == std::string_view::npos) return std::unexpected("KEY=VALUE");
        changes.push_back(
            {std::string(text.substr(0, equals)), operation, std::string(text.substr(equals + 1))});
        return {};
    };
}

Accept into_removals(std::vector<ConfigChange>& changes) {
    return [&changes](std::string_view text) -> std::expected<void, std::string> {
        if (text.empty() || text.contains('=')) return std::unexpected("KEY");
        changes.push_back({std::string(text), ConfigOperation::remove, std::nullopt});
        return {};
    };
}

const ConfigEntry* entry_of(const std::vector<ConfigEntry>& entries, const std::string& name) {
    const auto found = std::ranges::find(entries, name, &ConfigEntry::name);
    return found == entries.end() ? nullptr : &*found;
}

// What the key falls back to when the topic has no value of its own.
std::optional<std::string> inherited(const ConfigEntry& entry) {
    for (const client::ConfigSynonym& place : entry.synonyms)
        if (place.source != client::ConfigSource::topic) return place.value;
    return std::nullopt;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : ",") + part;
    return text;
}

std::optional<std::string> value_after(const ConfigEntry* entry, const ConfigChange& change) {
    if (change.operation == ConfigOperation::set) return change.value;
    if (change.operation == ConfigOperation::remove)
        return entry == nullptr ? std::nullopt : inherited(*entry);
    std::vector<std::string> parts =
        metadata::config_list(entry != nullptr && entry->value ? *entry->value : "");
    for (const std::string& part : metadata::config_list(change.value.value_or(""))) {
        const auto there = std::ranges::find(parts, part);
        const bool appends = change.operation == ConfigOperation::append;
        if (appends && there == parts.end()) parts.push_back(part);
        if (!appends && there != parts.end()) parts.erase(there);
    }
    return joined(parts);
}

Value optional_value(const std::optional<std::string>& text) {
    return text ? Value(*text) : Value();
}

// One `alter_topics`.
class Altering {
public:
    Altering(Session& session, std::vector<std::string> names, TopicAlteration alteration)
        : session_(session),
          names_(std::move(names)),
          alteration_(std::move(alteration)),
          deadline_(session.deadline()) {
        table_.columns = {{"topic", "TOPIC"},
                          {"name", "WHAT"},
                          {"old_value", "BEFORE"},
                          {"new_value", "AFTER"},
                          {"status", "STATUS"}};
    }

    Task<Outcome> run() {
        for (const std::string& name : names_) {
            const Outcome looked = co_await look(name);
            if (!looked) co_return looked;
        }
        const Outcome possible = co_await ask(true);
        if (!possible) co_return possible;
        if (!growing_.empty() && !alteration_.yes) {
            if (alteration_.dry_run) {
                co_await session_.talk(kAboutPartitions + std::string("."));
            } else {
                const Outcome confirmed = co_await session_.confirm(question());
                if (!confirmed) co_return confirmed;
            }
        }
        if (!alteration_.dry_run) {
            const Outcome done = co_await ask(false);
            if (!done) co_return done;
        }
        co_return co_await session_.print(table_);
    }

private:
    static constexpr const char* kAboutPartitions =
        "Partitions cannot be taken away again, and keys may go to other partitions than before";

    std::string question() const {
        std::string text = kAboutPartitions + std::string(". Give ");
        for (std::size_t i = 0; i < growing_.size(); ++i)
            text += (i == 0 ? "`" : ", `") + growing_[i].first + "`";
        return text + " " + std::to_string(alteration_.partitions) + " partitions?";
    }

    std::string what(const std::string& name) const {
        return "topic `" + name + "` was not changed";
    }

    std::string_view status(bool same) const {
        if (same) return "unchanged";
        return alteration_.dry_run ? "would change" : "changed";
    }

    // What the topic is like; fills the table.
    Task<Outcome> look(std::string name) {
        std::string problem_text = what(name);
        const auto topic = co_await find_topic(session_, name, std::move(problem_text));
        if (!topic) co_return std::unexpected(topic.error());
        if (alteration_.partitions >= 0) {
            const auto count = static_cast<std::int32_t>(topic->partitions.size());
            const bool same = count == alteration_.partitions;
            if (!same) growing_.emplace_back(name, alteration_.partitions);
            table_.add({name, "partitions", count, alteration_.partitions, status(same)});
        }
        if (alteration_.configs.empty()) co_return Outcome();
        const auto entries = co_await client::describe_config(
            session_.cluster(), client::ConfigResource::topic, name, deadline_);
        if (!entries) co_return std::unexpected(session_.explain(entries.error(), what(name)));
        for (const ConfigChange& change : alteration_.configs) {
            const ConfigEntry* entry = entry_of(*entries, change.name);
            const auto before = entry == nullptr ? std::nullopt : entry->value;
            const auto after = value_after(entry, change);
            const bool own = entry != nullptr && entry->source == client::ConfigSource::topic;
            const bool same =
                change.operation == ConfigOperation::remove ? !own : own && before == after;
            table_.add(
                {name, change.name, optional_value(before), optional_value(after), status(same)});
        }
        co_return Outcome();
    }

    // Lets the cluster check everything, or do it.
    Task<Outcome> ask(bool validate_only) {
        if (!alteration_.configs.empty()) {
            std::vector<client::ConfigAlteration> alterations;
            for (const std::string& name : names_)
                alterations.push_back({client::ConfigResource::topic, name, alteration_.configs});
            const auto outcomes = co_await client::alter_configs(
                session_.cluster(), std::move(alterations), validate_only, deadline_);
            if (!outcomes)
                co_return std::unexpected(session_.explain(outcomes.error(), what(names_.front())));
            for (const auto& topic : *outcomes)
                if (!topic.ok()) co_return std::unexpected(refused(topic.error, topic.name));
        }
        if (growing_.empty()) co_return Outcome();
        const auto outcomes = co_await client::create_partitions(session_.cluster(), growing_,
                                                                 validate_only, deadline_);
        if (!outcomes)
            co_return std::unexpected(
                session_.explain(outcomes.error(), what(growing_.front().first)));
        for (const auto& topic : *outcomes)
            if (!topic.ok()) co_return std::unexpected(refused(topic.error, topic.name));
        co_return Outcome();
    }

    Problem refused(const Error& error, const std::string& name) const {
        Problem problem = session_.explain(error, what(name));
        if (error.code == ErrorCode::invalid_partitions)
            problem.next = "partitions can only be added; make another topic to have fewer";
        std::vector<std::string> keys;
        for (const ConfigChange& change : alteration_.configs)
            keys.push_back(change.name);
        if (error.code == ErrorCode::invalid_config) suggest_topic_key(problem, keys);
        return problem;
    }

    Session& session_;
    const std::vector<std::string> names_;
    const TopicAlteration alteration_;
    const MonoTime deadline_;
    std::vector<std::pair<std::string, std::int32_t>> growing_;
    Table table_;
};

}  // namespace

void TopicAlteration::declare_configs(Arguments& arguments) {
    arguments.repeatable("-c,--set", "KEY=VALUE", "give the topic a setting of its own",
                         into_changes(configs, ConfigOperation::set));
    arguments.repeatable("--unset", "KEY", "let it follow the broker again",
                         into_removals(configs));
    arguments.repeatable("--append", "KEY=VALUE", "add to a list",
                         into_changes(configs, ConfigOperation::append));
    arguments.repeatable("--subtract", "KEY=VALUE", "take out of a list",
                         into_changes(configs, ConfigOperation::subtract));
    arguments.flag("--dry-run", dry_run, "only say what would change");
}

void TopicAlteration::declare_yes(Arguments& arguments) {
    arguments.flag("-y,--yes", yes, "do not ask before partitions are added");
}

Task<Outcome> alter_topics(Session& session, std::vector<std::string> names,
                           TopicAlteration alteration) {
    Altering altering(session, std::move(names), std::move(alteration));
    co_return co_await altering.run();
}

}  // namespace cauce::cli
