// `cauce config diff`
#include "cli/broker_configs.h"
#include "cli/command.h"
#include "cli/config_file.h"
#include "cli/verbs.h"
#include "metadata/config_keys.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace cauce::cli {
namespace {

using client::ConfigEntry;
using client::ConfigSource;
using metadata::ConfigScope;

class ConfigDiff final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("FILE", file_, "a server.properties", false);
        arguments.flag("--defaults", defaults_, "FILE against the defaults; no broker is asked");
        arguments.option("--broker", "ID", "which running broker (else any one)",
                         into_number<std::int32_t, std::int32_t>(
                             broker_, 0, std::numeric_limits<std::int32_t>::max()));
    }

    Outcome check() override {
        if (!defaults_ || !file_.empty()) return {};
        return usage_problem("there is nothing to compare", "--defaults compares a FILE",
                             "cauce config diff server.properties --defaults");
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
        if (defaults_) co_return co_await say(session, file_and_defaults());
        const auto configs = co_await broker_configs(session, broker_);
        if (!configs) co_return std::unexpected(configs.error());
        Table table = file_.empty() ? broker_and_defaults(configs->entries)
                                    : file_and_broker(configs->entries);
        co_return co_await say(session, std::move(table));
    }

private:
    static runtime::Task<Outcome> say(Session& session, Table table) {
        if (table.rows.empty()) co_await session.talk("Nothing differs.");
        co_return co_await session.print(table);
    }

    static Value default_of(std::string_view name) {
        const metadata::ConfigKey* key = metadata::find_config_key(ConfigScope::broker, name);
        if (key == nullptr || !key->default_value) return {};
        return *key->default_value;
    }

    static bool is_secret(std::string_view name) {
        const metadata::ConfigKey* key = metadata::find_config_key(ConfigScope::broker, name);
        // What an unknown key holds may be one.
        return key == nullptr || key->sensitive();
    }
    static Value shown(std::string_view name, const std::string& value) {
        return is_secret(name) ? Value("[hidden]") : Value(value);
    }

    Table file_and_defaults() const {
        Table table;
        table.columns = {
            {"name", "KEY"}, {"value", "FILE"}, {"default", "DEFAULT"}, {"place", "PLACE"}};
        for (const ConfigFile::Given& given : config_.given) {
            const metadata::ConfigKey* key =
                metadata::find_config_key(ConfigScope::broker, given.key);
            if (key != nullptr && key->default_value == std::string_view(given.value)) continue;
            table.add(
                {given.key, shown(given.key, given.value), default_of(given.key), given.place});
        }
        return table;
    }

    static Table broker_and_defaults(const std::vector<ConfigEntry>& entries) {
        Table table;
        table.columns = {
            {"name", "KEY"}, {"value", "BROKER"}, {"default", "DEFAULT"}, {"source", "FROM"}};
        for (const ConfigEntry& entry : entries) {
            if (entry.source == ConfigSource::default_value) continue;
            table.add({entry.name, shown_value(entry), default_of(entry.name),
                       client::config_source_name(entry.source)});
        }
        return table;
    }

    // What the broker was started with; nothing when its file does not name the key.
    static const client::ConfigSynonym* started_with(const ConfigEntry& entry) {
        for (const client::ConfigSynonym& place : entry.synonyms)
            if (place.source == ConfigSource::static_broker && place.name == entry.name)
                return &place;
        return nullptr;
    }

    Table file_and_broker(const std::vector<ConfigEntry>& entries) const {
        Table table;
        table.columns = {{"name", "KEY"},      {"file_value", "FILE"},
                         {"value", "BROKER"},  {"source", "FROM"},
                         {"status", "STATUS"}, {"place", "PLACE", Show::wide}};
        for (const ConfigEntry& entry : entries) {
            const ConfigFile::Given* given = given_key(config_, entry.name);
            const client::ConfigSynonym* started = started_with(entry);
            const bool compares = !entry.is_sensitive;
            std::string_view status;
            if (given != nullptr && started == nullptr) {
                status = "new in the file";
            } else if (given == nullptr && started != nullptr) {
                status = "gone from the file";
            } else if (given != nullptr && compares && started->value != given->value) {
                status = "changed in the file";
            } else if (entry.source == ConfigSource::dynamic_broker ||
                       entry.source == ConfigSource::dynamic_default_broker) {
                status = "set while running";
            }
            if (status.empty()) continue;
            table.add({entry.name, given != nullptr ? shown(entry.name, given->value) : Value(),
                       shown_value(entry), client::config_source_name(entry.source), status,
                       given != nullptr ? Value(given->place) : Value()});
        }
        return table;
    }

    std::string file_;
    bool defaults_ = false;
    std::int32_t broker_ = -1;
    ConfigFile config_;
};

}  // namespace

Verb config_diff_verb() {
    return {.name = "config diff",
            .summary = "what a configuration changes: file, running broker and defaults",
            .text =
                "Without FILE: what the running broker has that is no default. With FILE: "
                "where it and the running broker differ, which a restart would change unless "
                "it was set while running.",
            .examples = {{"cauce config diff", "what was set, and where"},
                         {"cauce config diff server.properties", "what a restart would change"},
                         {"cauce config diff server.properties --defaults",
                          "what the file says that is no default"}},
            .make = [] { return std::make_unique<ConfigDiff>(); }};
}

}  // namespace cauce::cli
