// kafka-topics
#include "cli/arguments.h"
#include "cli/kafka/shell.h"
#include "cli/kafka/tool.h"
#include "cli/kafka/topic_pattern.h"
#include "client/admin.h"
#include "metadata/config_keys.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

namespace cauce::cli::kafka {
namespace {

using client::TopicInfo;
using runtime::Task;

constexpr std::array kActions{"alter", "create", "delete", "describe", "list"};

Attempt<void> check_flags(const Given& given) {
    const auto actions = std::ranges::count_if(kActions, [&](auto a) { return given.has(a); });
    if (actions != 1)
        return misused(
            "Command must include exactly one action: --list, --describe, --create, "
            "--alter or --delete");
    if (!given.has("bootstrap-server")) return failed("--bootstrap-server must be specified");
    if (given.has("describe") && given.has("if-exists") && !given.has("topic") &&
        !given.has("topic-id"))
        return misused("--topic or --topic-id is required to describe a topic");
    std::optional<std::string> wrong;
    if (!given.has("list") && !given.has("describe")) wrong = missing(given, {"topic"});
    if (!wrong && given.has("alter")) {
        if (given.has("config"))
            wrong =
                "Option combination \"[[bootstrap-server], [config]]\" can't be used with "
                "option \"[alter]\" (To alter topic configurations, the kafka-configs tool can "
                "be used.)";
        if (!wrong) wrong = missing(given, {"partitions"});
    }
    if (!wrong) wrong = clash(given, "config", {"describe", "list", "delete"});
    if (!wrong) wrong = clash(given, "partitions", {"describe", "list", "delete"});
    if (!wrong) wrong = clash(given, "replication-factor", {"alter", "describe", "list", "delete"});
    if (!wrong) wrong = clash(given, "replica-assignment", {"describe", "list", "delete"});
    if (!wrong && given.has("create"))
        wrong = clash(given, "replica-assignment", {"partitions", "replication-factor"});
    for (const char* report : {"under-replicated-partitions", "under-min-isr-partitions",
                               "at-min-isr-partitions", "unavailable-partitions"})
        if (!wrong)
            wrong = clash(given, report,
                          {"alter", "create", "list", "delete", "topics-with-overrides"});
    if (!wrong)
        wrong =
            clash(given, "topics-with-overrides",
                  {"alter", "create", "list", "delete", "under-replicated-partitions",
                   "under-min-isr-partitions", "at-min-isr-partitions", "unavailable-partitions"});
    if (!wrong) wrong = clash(given, "if-exists", {"create", "list"});
    if (!wrong) wrong = clash(given, "if-not-exists", {"alter", "describe", "list", "delete"});
    if (!wrong) wrong = clash(given, "exclude-internal", {"alter", "create", "delete"});
    if (wrong) return misused(*wrong);
    return {};
}

// --- which topics

// The names that --topic means; all of them without it.
Task<Attempt<std::vector<std::string>>> find_topics(Shell& shell) {
    const Given& given = shell.given();
    std::optional<TopicPattern> pattern;
    if (const auto text = given.text("topic")) {
        auto parsed = TopicPattern::parse(*text);
        if (!parsed) co_return failed(parsed.error());
        pattern = std::move(*parsed);
    }
    const Result<void> fetched = co_await shell.cluster().refresh_all(shell.deadline());
    if (!fetched) co_return std::unexpected(shell.failure(fetched.error(), "listTopics"));
    std::vector<std::string> names;
    for (const auto& [name, topic] : shell.cluster().topics()) {
        if (topic.is_internal && given.has("exclude-internal")) continue;
        if (!pattern || pattern->matches(name)) names.push_back(name);
    }
    co_return names;
}

// The same of commands that are about topics which must be there.
Task<Attempt<std::vector<std::string>>> find_existing_topics(Shell& shell) {
    Attempt<std::vector<std::string>> names = co_await find_topics(shell);
    const std::string wanted = shell.given().text("topic").value_or("");
    if (names && names->empty() && !wanted.empty() && !shell.given().has("if-exists"))
        co_return failed("Topic '" + wanted + "' does not exist as expected");
    co_return names;
}

Task<Attempt<void>> list(Shell& shell) {
    const Attempt<std::vector<std::string>> names = co_await find_topics(shell);
    if (!names) co_return std::unexpected(names.error());
    std::string text;
    for (const std::string& name : *names)
        text += (text.empty() ? "" : "\n") + name;
    text += '\n';
    co_await shell.out(std::move(text));
    co_return Attempt<void>();
}

// --- create

// "name=value", each once, checked as the broker would.
Attempt<Properties> read_configs(const Given& given) {
    const auto trimmed = [](std::string_view text) {
        while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
            text.remove_prefix(1);
        while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
            text.remove_suffix(1);
        return std::string(text);
    };
    Properties configs;
    for (const std::string& text : given.texts("config")) {
        const std::size_t equals = text.find('=');
        const bool is_pair = equals != std::string::npos && equals + 1 < text.size() &&
                             text.find('=', equals + 1) == std::string::npos;
        if (!is_pair)
            return failed(
                "requirement failed: Invalid topic config: all configs to be added must "
                "be in the format \"key=val\".");
        configs[trimmed(text.substr(0, equals))] = trimmed(text.substr(equals + 1));
    }
    const metadata::ConfigValues values(configs.begin(), configs.end());
    if (const Result<void> valid = metadata::check_topic_configs(values); !valid)
        return failed(valid.error().message);
    return configs;
}

// "1:2,2:3": the replicas of each partition.
Attempt<std::vector<std::vector<std::int32_t>>> read_assignment(const Given& given) {
    std::vector<std::vector<std::int32_t>> assignment;
    const std::string text = given.text("replica-assignment").value_or("");
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t comma = rest.find(',');
        std::string_view part = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        std::vector<std::int32_t>& brokers = assignment.emplace_back();
        std::string listed;
        for (;;) {
            const std::size_t colon = part.find(':');
            const std::string_view word = part.substr(0, colon);
            const auto broker = whole_number<std::int32_t>(word);
            if (!broker) return failed("For input string: \"" + std::string(word) + "\"");
            if (std::ranges::find(brokers, *broker) != brokers.end())
                return failed("Partition replica lists may not contain duplicate entries: " +
                              std::string(word));
            brokers.push_back(*broker);
            listed += (listed.empty() ? "" : ", ") + std::string(word);
            if (colon == std::string_view::npos) break;
            part = part.substr(colon + 1);
        }
        if (brokers.size() != assignment.front().size())
            return failed("Partition " + std::to_string(assignment.size() - 1) +
                          " has different replication factor: [" + listed + "]");
    }
    return assignment;
}

Task<Attempt<void>> create(Shell& shell) {
    const Given& given = shell.given();
    client::NewTopic topic;
    topic.name = *given.text("topic");
    auto assignment = read_assignment(given);
    if (!assignment) co_return std::unexpected(assignment.error());
    topic.assignment = std::move(*assignment);
    auto configs = read_configs(given);
    if (!configs) co_return std::unexpected(configs.error());
    topic.configs.assign(configs->begin(), configs->end());
    if (topic.name.find_first_of("._") != std::string::npos)
        co_await shell.out(
            "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore "
            "('_') could collide. To avoid issues it is best to use either, but not both.\n");
    if (const auto replicas = given.number("replication-factor")) {
        constexpr std::int64_t kMost = std::numeric_limits<std::int16_t>::max();
        if (*replicas < 1 || *replicas > kMost)
            co_return failed("The replication factor must be between 1 and " +
                             std::to_string(kMost) + " inclusive");
        topic.replicas = static_cast<std::int16_t>(*replicas);
    }
    if (const auto partitions = given.number("partitions")) {
        if (*partitions < 1) co_return failed("The partitions must be greater than 0");
        topic.partitions = static_cast<std::int32_t>(*partitions);
    }
    const std::string name = topic.name;
    std::vector<client::NewTopic> topics;
    topics.push_back(std::move(topic));
    const auto outcomes =
        co_await client::create_topics(shell.cluster(), std::move(topics), false, shell.deadline());
    if (!outcomes) co_return std::unexpected(shell.failure(outcomes.error(), "createTopics"));
    for (const client::TopicOutcome& outcome : *outcomes) {
        if (outcome.ok()) continue;
        if (outcome.error.code == ErrorCode::topic_already_exists && given.has("if-not-exists"))
            co_return Attempt<void>();
        co_return std::unexpected(shell.failure(outcome.error, "createTopics"));
    }
    co_await shell.out("Created topic " + name + ".\n");
    co_return Attempt<void>();
}

// --- alter

// More partitions for each topic that is meant. With --replica-assignment, which is of all
// partitions, those that are there already keep their places.
Task<Attempt<void>> alter(Shell& shell) {
    const Given& given = shell.given();
    const auto assignment = read_assignment(given);
    if (!assignment) co_return std::unexpected(assignment.error());
    const Attempt<std::vector<std::string>> names = co_await find_existing_topics(shell);
    if (!names) co_return std::unexpected(names.error());
    if (names->empty()) co_return Attempt<void>();
    std::vector<std::pair<std::string, std::int32_t>> counts;
    client::NewReplicas replicas;
    for (const std::string& name : *names) {
        counts.emplace_back(name, static_cast<std::int32_t>(*given.number("partitions")));
        const TopicInfo* topic = shell.cluster().topic(name);
        const std::size_t there = topic == nullptr ? 0 : topic->partitions.size();
        for (std::size_t i = there; i < assignment->size(); ++i)
            replicas[name].push_back((*assignment)[i]);
    }
    const auto outcomes = co_await client::create_partitions(
        shell.cluster(), std::move(counts), false, shell.deadline(), std::move(replicas));
    if (!outcomes) co_return std::unexpected(shell.failure(outcomes.error(), "createPartitions"));
    for (const client::TopicOutcome& outcome : *outcomes)
        if (!outcome.ok())
            co_return std::unexpected(shell.failure(outcome.error, "createPartitions"));
    co_return Attempt<void>();
}

// --- delete

Task<Attempt<void>> remove(Shell& shell) {
    Attempt<std::vector<std::string>> names = co_await find_existing_topics(shell);
    if (!names) co_return std::unexpected(names.error());
    if (names->empty()) co_return Attempt<void>();
    const auto outcomes =
        co_await client::delete_topics(shell.cluster(), std::move(*names), shell.deadline());
    if (!outcomes) co_return std::unexpected(shell.failure(outcomes.error(), "deleteTopics"));
    for (const client::TopicOutcome& outcome : *outcomes)
        if (!outcome.ok()) co_return std::unexpected(shell.failure(outcome.error, "deleteTopics"));
    co_return Attempt<void>();
}

// --- describe

// Java's Uuid.fromString().
Attempt<TopicId> read_topic_id(const std::string& text) {
    constexpr std::size_t kLongest = 24;
    if (text.size() > kLongest)
        return failed("Input string with prefix `" + text.substr(0, kLongest) +
                      "` is too long to be decoded as a base64 UUID");
    if (const auto id = Uuid::parse(text)) return *id;
    return failed("Input string `" + text + "` decoded as " + std::to_string(text.size() * 3 / 4) +
                  " bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID");
}

// --topic-id wins over --topic, unless it is the zero id.
Task<Attempt<std::vector<std::string>>> find_described(Shell& shell) {
    const Given& given = shell.given();
    TopicId wanted;
    if (const auto text = given.text("topic-id")) {
        const Attempt<TopicId> id = read_topic_id(*text);
        if (!id) co_return std::unexpected(id.error());
        wanted = *id;
    }
    if (wanted.is_zero()) co_return co_await find_existing_topics(shell);
    const Result<void> fetched = co_await shell.cluster().refresh_all(shell.deadline());
    if (!fetched) co_return std::unexpected(shell.failure(fetched.error(), "listTopics"));
    std::vector<std::string> names;
    for (const auto& [name, topic] : shell.cluster().topics())
        if (topic.id == wanted && !(topic.is_internal && given.has("exclude-internal")))
            names.push_back(name);
    if (names.empty() && !given.has("if-exists"))
        co_return failed("TopicId '" + wanted.to_string() + "' does not exist as expected");
    co_return names;
}

template <typename Numbers>
std::string joined(const Numbers& numbers) {
    std::string text;
    for (const auto number : numbers)
        text += (text.empty() ? "" : ",") + std::to_string(number);
    return text;
}

// What there is to say about one topic.
struct Described {
    const TopicInfo& topic;
    const std::vector<client::ConfigEntry>& configs;
    const client::TopicReplicas* replicas;  // null: the broker does not tell
};

std::string header_line(const Described& described) {
    std::string changed;
    for (const client::ConfigEntry& config : described.configs)
        if (config.source != client::ConfigSource::default_value)
            changed +=
                (changed.empty() ? "" : ",") + config.name + "=" + config.value.value_or("null");
    const TopicInfo& topic = described.topic;
    std::string line = "Topic: " + topic.name;
    if (!topic.id.is_zero()) line += "\tTopicId: " + topic.id.to_string();
    line += "\tPartitionCount: " + std::to_string(topic.partitions.size());
    line += "\tReplicationFactor: " + std::to_string(topic.partitions.front().replicas.size());
    return line + "\tConfigs: " + changed + "\n";
}

std::string partition_line(const Described& described, const client::PartitionInfo& partition) {
    const bool led = partition.leader.value >= 0;
    std::string line = "\tTopic: " + described.topic.name;
    line += "\tPartition: " + std::to_string(partition.partition);
    line += "\tLeader: " + (led ? std::to_string(partition.leader.value) : "none");
    line += "\tReplicas: " + joined(partition.replicas);
    line += "\tIsr: " + joined(partition.isr);
    const client::EligibleReplicas* eligible = nullptr;
    if (described.replicas != nullptr) {
        const auto found = described.replicas->find(partition.partition);
        if (found != described.replicas->end()) eligible = &found->second;
    }
    line += "\tElr: " + (eligible && eligible->leaders ? joined(*eligible->leaders) : "N/A");
    line += "\tLastKnownElr: " +
            (eligible && eligible->last_known ? joined(*eligible->last_known) : "N/A");
    return line + "\n";
}

// Which partitions are shown: all, unless the flags ask for those in trouble.
class PartitionFilter {
public:
    PartitionFilter(const Given& given, const Described& described,
                    const std::set<NodeId>& live_brokers)
        : given_(given), live_brokers_(live_brokers) {
        for (const client::ConfigEntry& config : described.configs)
            if (config.name == "min.insync.replicas" && config.value)
                min_isr_ = whole_number<std::size_t>(*config.value).value_or(1);
    }

    static bool shows_all(const Given& given) {
        return !given.has("under-replicated-partitions") && !given.has("unavailable-partitions") &&
               !given.has("under-min-isr-partitions") && !given.has("at-min-isr-partitions");
    }
    bool shows(const client::PartitionInfo& partition) const {
        const bool led = partition.leader.value >= 0;
        const std::size_t isr = partition.isr.size();
        return shows_all(given_) ||
               (given_.has("under-replicated-partitions") && isr < partition.replicas.size()) ||
               (given_.has("unavailable-partitions") &&
                (!led || !live_brokers_.contains(partition.leader))) ||
               (given_.has("under-min-isr-partitions") && (!led || isr < min_isr_)) ||
               (given_.has("at-min-isr-partitions") && isr == min_isr_);
    }

private:
    const Given& given_;
    const std::set<NodeId>& live_brokers_;
    std::size_t min_isr_ = 1;
};

std::string description(const Given& given, const Described& described,
                        const std::set<NodeId>& live_brokers) {
    std::string text;
    const bool overrides_only = given.has("topics-with-overrides");
    const bool has_overrides = std::ranges::any_of(described.configs, [](const auto& config) {
        return config.source != client::ConfigSource::default_value;
    });
    if (PartitionFilter::shows_all(given) && (!overrides_only || has_overrides))
        text += header_line(described);
    if (overrides_only) return text;
    const PartitionFilter filter(given, described, live_brokers);
    for (const client::PartitionInfo& partition : described.topic.partitions)
        if (filter.shows(partition)) text += partition_line(described, partition);
    return text;
}

Task<Attempt<void>> describe(Shell& shell) {
    const Given& given = shell.given();
    if (given.has("if-exists") && given.has("topic") && given.has("topic-id"))
        co_await shell.out(
            "Only topic id will be used when both --topic and --topic-id are "
            "specified and topicId is not Uuid.ZERO_UUID\n");
    const Attempt<std::vector<std::string>> names = co_await find_described(shell);
    if (!names) co_return std::unexpected(names.error());
    if (names->empty()) co_return Attempt<void>();
    client::Cluster& cluster = shell.cluster();
    const auto configs = co_await client::describe_topic_configs(cluster, *names, shell.deadline());
    if (!configs) co_return std::unexpected(shell.failure(configs.error(), "describeConfigs"));
    constexpr std::int64_t kPageOfPartitions = 2000;
    const auto page = static_cast<std::int32_t>(
        given.number("partition-size-limit-per-response").value_or(kPageOfPartitions));
    const auto replicas =
        co_await client::describe_replicas(cluster, *names, page, shell.deadline());
    if (!replicas) co_return std::unexpected(shell.failure(replicas.error(), "describeTopics"));
    std::set<NodeId> live_brokers;
    for (const auto& [id, node] : cluster.nodes())
        live_brokers.insert(id);

    for (const std::string& name : *names) {
        const TopicInfo* topic = cluster.topic(name);
        const auto config = configs->find(name);
        // Deleted in the meantime.
        if (topic == nullptr || topic->partitions.empty() || config == configs->end()) continue;
        if (!config->second)
            co_return std::unexpected(shell.failure(config->second.error(), "describeConfigs"));
        const auto eligible = replicas->find(name);
        const Described described{*topic, *config->second,
                                  eligible == replicas->end() ? nullptr : &eligible->second};
        std::string text = description(given, described, live_brokers);
        co_await shell.out(std::move(text));
    }
    co_return Attempt<void>();
}

Task<Attempt<void>> run(Shell& shell) {
    const Given& given = shell.given();
    if (given.has("delete-config"))
        co_await shell.err(
            "delete-config option is no longer supported and deprecated since "
            "version 4.0. The config will be fully removed in future releases.");
    if (given.has("create")) co_return co_await create(shell);
    if (given.has("list")) co_return co_await list(shell);
    if (given.has("describe")) co_return co_await describe(shell);
    if (given.has("alter")) co_return co_await alter(shell);
    co_return co_await remove(shell);
}

}  // namespace

Tool topics_tool() {
    return {
        .name = "kafka-topics",
        .purpose = "This tool helps to create, delete, describe, or change a topic.",
        .purpose_when_bare = "Create, delete, describe, or change a topic.",
        .flags =
            {{"alter", Takes::nothing, {}, "Adds partitions."},
             {"at-min-isr-partitions",
              Takes::nothing,
              {},
              "With --describe: only partitions with as many in-sync replicas as they must have."},
             bootstrap_server_flag(),
             command_config_flag(),
             {"config",
              Takes::text,
              "name=value",
              "With --create: a setting of the topic. May come several times.",
              {},
              true},
             {"create", Takes::nothing, {}, "Creates a topic."},
             {"delete", Takes::nothing, {}, "Deletes topics."},
             {"delete-config", Takes::text, "name", "Without effect since 4.0."},
             {"describe", Takes::nothing, {}, "Shows topics and their partitions."},
             {"exclude-internal",
              Takes::nothing,
              {},
              "Leaves the cluster's own topics out of --list and --describe."},
             {"if-exists", Takes::nothing, {}, "A topic that is not there is no error."},
             {"if-not-exists", Takes::nothing, {}, "A topic that is there already is no error."},
             {"list", Takes::nothing, {}, "Lists topics."},
             {"partition-size-limit-per-response", Takes::integer,
              "maximum number of partitions per response",
              "With --describe: how many partitions are asked for at once."},
             {"partitions", Takes::integer, "# of partitions",
              "How many partitions the topic gets; else what the cluster is set to."},
             {"replica-assignment", Takes::text,
              "broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , "
              "broker_id_for_part2_replica1 : broker_id_for_part2_replica2 , ...",
              "Which brokers hold which partition."},
             {"replication-factor", Takes::integer, "replication factor",
              "How many brokers hold each partition; else what the cluster is set to."},
             {"topic", Takes::text, "topic",
              "The topic. Except with --create: a regular expression."},
             {"topic-id", Takes::text, "topic-id", "With --describe: the topic of this id."},
             {"topics-with-overrides",
              Takes::nothing,
              {},
              "With --describe: only topics with settings of their own."},
             {"unavailable-partitions",
              Takes::nothing,
              {},
              "With --describe: only partitions without a leader that lives."},
             {"under-min-isr-partitions",
              Takes::nothing,
              {},
              "With --describe: only partitions with fewer in-sync replicas than they must have."},
             {"under-replicated-partitions",
              Takes::nothing,
              {},
              "With --describe: only partitions of which a replica is not in sync."}},
        .check = check_flags,
        .voice = {true, "Error while executing topic command : "},
        .run = run};
}

}  // namespace cauce::cli::kafka
