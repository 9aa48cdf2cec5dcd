// kafka-configs
#include "cli/arguments.h"
#include "cli/kafka/error_text.h"
#include "cli/kafka/shell.h"
#include "cli/kafka/tool.h"
#include "client/admin.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

namespace cauce::cli::kafka {
namespace {

using client::ConfigResource;
using client::ConfigSource;
using runtime::Task;

// What configurations belong to, as the tool names it, and the flags that name one of them.
struct EntityType {
    std::string_view name;      // of --entity-type
    std::string_view flag;      // with the entity's name
    std::string_view defaults;  // the flag of what counts for all of them, if there is one
    std::optional<ConfigResource> resource = {};  // nothing: quotas and credentials
    ConfigSource dynamic = ConfigSource::unknown;
};
constexpr std::array kTypes = std::to_array<EntityType>({
    {"topics", "topic", "", ConfigResource::topic, ConfigSource::topic},
    {"clients", "client", "client-defaults"},
    {"users", "user", "user-defaults"},
    {"brokers", "broker", "broker-defaults", ConfigResource::broker, ConfigSource::dynamic_broker},
    {"broker-loggers", "broker-logger", ""},
    {"ips", "ip", "ip-defaults"},
    {"client-metrics", "client-metrics", "", ConfigResource::client_metrics,
     ConfigSource::client_metrics},
    {"groups", "group", "", ConfigResource::group, ConfigSource::group},
});

const EntityType* find_type(std::string_view name) {
    const auto found = std::ranges::find(kTypes, name, &EntityType::name);
    return found == kTypes.end() ? nullptr : &*found;
}

// "topic" of "topics"; also "client-metric".
std::string singular(const EntityType& type) {
    return std::string(type.name.substr(0, type.name.size() - 1));
}

// Which entities the flags name.
struct Entities {
    std::vector<std::string> types;
    std::vector<std::string> names;  // empty: the default of all

    bool has_type(std::string_view name) const {
        return std::ranges::find(types, name) != types.end();
    }
};

Entities read_entities(const Given& given) {
    Entities entities;
    entities.types = given.texts("entity-type");
    entities.names = given.texts("entity-name");
    if (given.has("entity-default")) entities.names.emplace_back();
    for (const EntityType& type : kTypes) {
        if (!given.has(type.flag)) continue;
        entities.types.emplace_back(type.name);
        entities.names.push_back(*given.text(type.flag));
    }
    for (const EntityType& type : kTypes) {
        if (type.defaults.empty() || !given.has(type.defaults)) continue;
        entities.types.emplace_back(type.name);
        entities.names.emplace_back();
    }
    return entities;
}

bool has_entity_flag(const Given& given) {
    return std::ranges::any_of(kTypes, [&](const EntityType& type) {
        return given.has(type.flag) || (!type.defaults.empty() && given.has(type.defaults));
    });
}

Attempt<void> check_entities(const Given& given, const Entities& entities) {
    for (std::size_t i = 0; i < entities.types.size(); ++i)
        for (std::size_t other = i + 1; other < entities.types.size(); ++other)
            if (entities.types[i] == entities.types[other])
                return failed("Duplicate entity type(s) specified: " + entities.types[i]);
    for (const std::string& type : entities.types)
        if (find_type(type) == nullptr)
            return failed("Invalid entity type " + type +
                          ", the entity type must be one of topics, clients, users, brokers, ips, "
                          "client-metrics, groups, broker-loggers with a --bootstrap-server or "
                          "--bootstrap-controller argument");
    if (entities.types.empty()) return failed("At least one entity type must be specified");
    const bool of_user =
        entities.types.size() == 2 && entities.has_type("users") && entities.has_type("clients");
    if (entities.types.size() > 1 && !of_user)
        return failed("Only 'users' and 'clients' entity types may be specified together");
    const bool general =
        given.has("entity-name") || given.has("entity-type") || given.has("entity-default");
    if (general && has_entity_flag(given))
        return failed(
            "--entity-{type,name,default} should not be used in conjunction with "
            "specific entity flags");
    return {};
}

Attempt<void> check_alteration(const Given& given, const Entities& entities) {
    const bool has_name = std::ranges::any_of(entities.names, [](auto& n) { return !n.empty(); });
    const bool may_default = entities.has_type("users") || entities.has_type("clients") ||
                             entities.has_type("brokers") || entities.has_type("ips");
    if (may_default && entities.names.empty())
        return failed(
            "An entity-name or default entity must be specified with --alter of users, "
            "clients, brokers or ips");
    if (!may_default && !has_name)
        return failed("An entity name must be specified with --alter of " + entities.types[0]);
    if (given.has("add-config") && given.has("add-config-file"))
        return failed("Only one of --add-config or --add-config-file must be specified");
    if (!given.has("add-config") && !given.has("add-config-file") && !given.has("delete-config"))
        return failed(
            "At least one of --add-config, --add-config-file, or --delete-config must be "
            "specified with --alter");
    return {};
}

Attempt<void> check_flags(const Given& given) {
    if (given.has("alter") == given.has("describe"))
        return misused("Command must include exactly one action: --describe, --alter");
    if (const auto wrong = clash(given, "describe", {"add-config", "delete-config"}))
        return misused(*wrong);
    const Entities entities = read_entities(given);
    if (const Attempt<void> sound = check_entities(given, entities); !sound) return sound;
    if (!given.has("bootstrap-server") && !given.has("bootstrap-controller"))
        return failed(
            "One of the required --bootstrap-server or --bootstrap-controller arguments "
            "must be specified");
    if (given.has("bootstrap-server") && given.has("bootstrap-controller"))
        return failed("Only one of --bootstrap-server or --bootstrap-controller can be specified");
    for (const std::string& name : entities.names)
        if (!name.empty() && entities.has_type("brokers") && !whole_number<std::int32_t>(name))
            return failed(
                "The entity name for brokers must be a valid integer broker id, but it "
                "is: " +
                name);
    if (given.has("describe") && given.has("entity-default") &&
        find_type(entities.types[0])->defaults.empty())
        return failed("--entity-default must not be specified with --describe of " +
                      entities.types[0]);
    if (given.has("alter")) return check_alteration(given, entities);
    return {};
}

// What goes wrong at a broker is told with the whole command before it.
Failure told(const Shell& shell, const Error& error, std::string_view call) {
    std::string words;
    for (const std::string& word : shell.given().words())
        words += (words.empty() ? "" : " ") + word;
    const Failure failure = shell.failure(error, call);
    const bool of_broker = failure.text == error_text(error);
    return {"Error while executing config command with args '" + words +
            "'\njava.util.concurrent.ExecutionException: " +
            (of_broker ? exception_text(error) : failure.text)};
}

// --- describe

std::string_view source_name(ConfigSource source) {
    switch (source) {
        case ConfigSource::topic:
            return "DYNAMIC_TOPIC_CONFIG";
        case ConfigSource::dynamic_broker:
            return "DYNAMIC_BROKER_CONFIG";
        case ConfigSource::dynamic_default_broker:
            return "DYNAMIC_DEFAULT_BROKER_CONFIG";
        case ConfigSource::static_broker:
            return "STATIC_BROKER_CONFIG";
        case ConfigSource::default_value:
            return "DEFAULT_CONFIG";
        case ConfigSource::client_metrics:
            return "DYNAMIC_CLIENT_METRICS_CONFIG";
        case ConfigSource::group:
            return "DYNAMIC_GROUP_CONFIG";
        case ConfigSource::dynamic_broker_logger:
            return "DYNAMIC_BROKER_LOGGER_CONFIG";
        case ConfigSource::unknown:
            break;
    }
    return "UNKNOWN";
}

// What is set while the cluster runs; with `all` everything.
Task<Attempt<std::vector<client::ConfigEntry>>> read_configs(Shell& shell, const EntityType& type,
                                                             std::string name, bool all) {
    auto entries =
        co_await client::describe_config(shell.cluster(), *type.resource, name, shell.deadline());
    if (!entries) co_return std::unexpected(told(shell, entries.error(), "describeConfigs"));
    const bool of_all_brokers = type.resource == ConfigResource::broker && name.empty();
    const ConfigSource wanted =
        of_all_brokers ? ConfigSource::dynamic_default_broker : type.dynamic;
    if (!all)
        std::erase_if(*entries, [wanted](const auto& entry) { return entry.source != wanted; });
    co_return std::move(*entries);
}

std::string entry_line(const client::ConfigEntry& entry) {
    std::string synonyms;
    for (const client::ConfigSynonym& synonym : entry.synonyms)
        synonyms += (synonyms.empty() ? "" : ", ") + std::string(source_name(synonym.source)) +
                    ":" + synonym.name + "=" + synonym.value.value_or("null");
    return "  " + entry.name + "=" + entry.value.value_or("null") +
           " sensitive=" + (entry.is_sensitive ? "true" : "false") + " synonyms={" + synonyms +
           "}\n";
}

// All entities of a type, where none is named.
Task<Attempt<std::vector<std::string>>> list_entities(Shell& shell, const EntityType& type) {
    client::Cluster& cluster = shell.cluster();
    std::vector<std::string> names;
    if (type.resource == ConfigResource::topic) {
        const Result<void> fetched = co_await cluster.refresh_all(shell.deadline());
        if (!fetched) co_return std::unexpected(told(shell, fetched.error(), "listTopics"));
        for (const auto& [name, topic] : cluster.topics())
            names.push_back(name);
    } else if (type.resource == ConfigResource::broker) {
        const auto description = co_await client::describe_cluster(cluster, shell.deadline());
        if (!description)
            co_return std::unexpected(told(shell, description.error(), "describeCluster"));
        for (const client::ClusterNode& node : description->nodes)
            names.push_back(std::to_string(node.id.value));
        names.emplace_back();
    } else {
        auto listed =
            co_await client::list_config_resources(cluster, *type.resource, shell.deadline());
        if (!listed) co_return std::unexpected(told(shell, listed.error(), "listConfigResources"));
        names = std::move(*listed);
    }
    co_return names;
}

Task<Attempt<void>> describe(Shell& shell, const EntityType& type, std::vector<std::string> names) {
    const bool all = shell.given().has("all");
    if (names.empty()) {
        Attempt<std::vector<std::string>> listed = co_await list_entities(shell, type);
        if (!listed) co_return std::unexpected(listed.error());
        names = std::move(*listed);
    }
    for (const std::string& name : names) {
        std::string text =
            "Default configs for " + std::string(type.name) + " in the cluster are:\n";
        if (!name.empty())
            text = std::string(all ? "All" : "Dynamic") + " configs for " + singular(type) + " " +
                   name + " are:\n";
        const auto entries = co_await read_configs(shell, type, name, all);
        if (!entries) {
            co_await shell.out(std::move(text));
            co_return std::unexpected(entries.error());
        }
        for (const client::ConfigEntry& entry : *entries)
            text += entry_line(entry);
        co_await shell.out(std::move(text));
    }
    co_return Attempt<void>();
}

// --- alter

std::string trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return std::string(text);
}

// "k1=v1,k2=[v1,v2]": commas and equal signs within brackets belong to the value.
Attempt<Properties> read_pairs(std::string_view text) {
    Properties pairs;
    while (!text.empty()) {
        std::size_t end = 0;
        bool in_brackets = false;
        std::optional<std::size_t> equals;
        bool second = false;
        for (; end < text.size() && (in_brackets || text[end] != ','); ++end) {
            if (text[end] == '[') in_brackets = true;
            if (text[end] == ']') in_brackets = false;
            if (text[end] == '=' && !in_brackets) {
                second = equals.has_value();
                if (!second) equals = end;
            }
        }
        if (!equals || second)
            return failed(
                "requirement failed: Invalid entity config: all configs to be added must "
                "be in the format \"key=val\" or  \"key=[val1,val2]\" to group values which "
                "contain commas.");
        std::string value(text.substr(*equals + 1, end - *equals - 1));
        std::erase_if(value, [](char c) { return c == '[' || c == ']'; });
        pairs[trimmed(text.substr(0, *equals))] = trimmed(value);
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    return pairs;
}

Task<Attempt<Properties>> configs_to_add(Shell& shell) {
    const Given& given = shell.given();
    Properties configs;
    if (const auto path = given.text("add-config-file")) {
        const std::vector<std::string> none;
        Attempt<Properties> read = co_await shell.read_properties(path, none);
        if (!read) co_return read;
        configs = std::move(*read);
    }
    if (const auto text = given.text("add-config")) {
        Attempt<Properties> read = read_pairs(*text);
        if (!read) co_return read;
        configs.merge(*read);
    }
    const auto is_plain = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
    };
    for (const auto& [key, value] : configs)
        if (!std::ranges::all_of(key, is_plain))
            co_return failed("Invalid character found for config key: " + key);
    co_return configs;
}

std::vector<std::string> configs_to_delete(const Given& given) {
    std::vector<std::string> names;
    for (const std::string& text : given.texts("delete-config")) {
        for (std::string_view rest = text;;) {
            const std::size_t comma = rest.find(',');
            names.push_back(trimmed(rest.substr(0, comma)));
            if (comma == std::string_view::npos) break;
            rest = rest.substr(comma + 1);
        }
    }
    return names;
}

Task<Attempt<void>> alter(Shell& shell, const EntityType& type, std::string name) {
    const Attempt<Properties> added = co_await configs_to_add(shell);
    if (!added) co_return std::unexpected(added.error());
    const std::vector<std::string> deleted = configs_to_delete(shell.given());
    client::ConfigAlteration alteration{*type.resource, name, {}};
    for (const auto& [key, value] : *added)
        alteration.changes.push_back({key, client::ConfigOperation::set, value});
    for (const std::string& key : deleted)
        alteration.changes.push_back({key, client::ConfigOperation::remove, std::nullopt});
    std::vector<client::ConfigAlteration> alterations;
    alterations.push_back(std::move(alteration));
    const auto altered = co_await client::alter_configs(shell.cluster(), std::move(alterations),
                                                        false, shell.deadline());
    if (!altered)
        co_return std::unexpected(told(shell, altered.error(), "incrementalAlterConfigs"));
    for (const client::ConfigOutcome& outcome : *altered)
        if (!outcome.ok())
            co_return std::unexpected(told(shell, outcome.error, "incrementalAlterConfigs"));
    const std::string of_one =
        "Completed updating config for " + singular(type) + " " + name + ".\n";
    const std::string of_all =
        "Completed updating default config for " + std::string(type.name) + " in the cluster.\n";
    std::string text = name.empty() ? of_all : of_one;
    co_await shell.out(std::move(text));
    co_return Attempt<void>();
}

Task<Attempt<void>> run(Shell& shell) {
    const Given& given = shell.given();
    const Entities entities = read_entities(given);
    if (given.has("bootstrap-controller"))
        co_return failed(
            "--bootstrap-controller is not there: ask a broker, which passes changes "
            "on, with --bootstrap-server");
    const EntityType& type = *find_type(entities.types.front());
    if (!type.resource)
        co_return failed("Configurations of " + std::string(type.name) + " are not there yet");
    if (given.has("describe")) co_return co_await describe(shell, type, entities.names);
    if (entities.names.size() != entities.types.size())
        co_return failed("An entity name must be specified for every entity type");
    co_return co_await alter(shell, type, entities.names.front());
}

}  // namespace

Tool configs_tool() {
    return {
        .name = "kafka-configs",
        .purpose =
            "This tool helps to manipulate and describe entity config for a topic, client, "
            "user, broker, ip, client-metrics or group",
        .flags =
            {{"add-config",
              Takes::text,
              {},
              "With --alter: settings to make, k1=v1,k2=[v1,v2]; brackets around values with "
              "commas."},
             {"add-config-file", Takes::text, {}, "With --alter: a file with settings to make."},
             {"all", Takes::nothing, {}, "With --describe: also what is set nowhere."},
             {"alter", Takes::nothing, {}, "Changes settings."},
             {"bootstrap-controller", Takes::text, "controller to connect to",
              "Not there: use --bootstrap-server."},
             bootstrap_server_flag(),
             {"broker", Takes::text, {}, "The id of a broker."},
             {"broker-defaults", Takes::nothing, {}, "What counts for all brokers."},
             {"broker-logger", Takes::text, {}, "Not there."},
             {"client", Takes::text, {}, "Not there."},
             {"client-defaults", Takes::nothing, {}, "Not there."},
             {"client-metrics", Takes::text, {}, "The name of a subscription to clients' metrics."},
             command_config_flag(),
             {"delete-config",
              Takes::text,
              {},
              "With --alter: settings to take back, k1,k2.",
              {},
              true},
             {"describe", Takes::nothing, {}, "Shows settings."},
             {"entity-default", Takes::nothing, {}, "What counts for all brokers."},
             {"entity-name",
              Takes::text,
              {},
              "The name of the topic, broker (its id), group...",
              {},
              true},
             {"entity-type",
              Takes::text,
              {},
              "topics, brokers, groups or client-metrics.",
              {},
              true},
             {"group", Takes::text, {}, "The name of a group."},
             {"ip", Takes::text, {}, "Not there."},
             {"ip-defaults", Takes::nothing, {}, "Not there."},
             {"topic", Takes::text, {}, "The name of a topic."},
             {"user", Takes::text, {}, "Not there."},
             {"user-defaults", Takes::nothing, {}, "Not there."}},
        .check = check_flags,
        .run = run};
}

}  // namespace cauce::cli::kafka
