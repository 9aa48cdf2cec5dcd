// `cauce topic retention`
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/retention_words.h"
#include "cli/time_text.h"
#include "cli/topic_lookup.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::cli {
namespace {

using Offsets = std::map<TopicPartition, client::FoundOffset>;

// What is known of a topic's retention.
struct Known {
    client::TopicInfo topic;
    std::string cleanup_policy;
    RetentionRules rules;
    std::optional<std::int64_t> check_interval_ms;
    Offsets starts;
    Offsets oldest;  // the first record that has a time
    std::map<TopicPartition, client::LogDirectory::Replica> leaders;
};

std::optional<std::string> value_of(const std::vector<client::ConfigEntry>& configs,
                                    std::string_view name) {
    for (const client::ConfigEntry& entry : configs)
        if (entry.name == name) return entry.value;
    return std::nullopt;
}

// -1 for what is no number: it then bounds nothing.
std::int64_t bound_of(const std::vector<client::ConfigEntry>& configs, std::string_view name) {
    return whole_number<std::int64_t>(value_of(configs, name).value_or("")).value_or(-1);
}

const client::FoundOffset* found(const Offsets& offsets, const TopicPartition& tp) {
    const auto at = offsets.find(tp);
    if (at == offsets.end() || at->second.error.code != ErrorCode::none) return nullptr;
    return &at->second;
}

class TopicRetention final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "name the topic");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        auto known = co_await look(session);
        if (!known) co_return std::unexpected(std::move(known).error());
        const WallTime now = session.environment().shards.clock().wall();
        co_return co_await session.print(details_of(*known, now));
    }

private:
    runtime::Task<Expected<Known>> look(Session& session) const {
        const std::string what = "the retention of topic `" + name_ + "` is not known";
        auto topic = co_await find_topic(session, name_, what);
        if (!topic) co_return std::unexpected(std::move(topic).error());
        Known known;
        known.topic = *std::move(topic);
        client::Cluster& cluster = session.cluster();
        const MonoTime deadline = session.deadline();
        const auto configs = co_await client::describe_config(
            cluster, client::ConfigResource::topic, name_, deadline);
        if (!configs) co_return std::unexpected(session.explain(configs.error(), what));
        known.cleanup_policy = value_of(*configs, "cleanup.policy").value_or("");
        known.rules.deletes = known.cleanup_policy.find("delete") != std::string::npos;
        known.rules.retention_ms = bound_of(*configs, "retention.ms");
        known.rules.retention_bytes = bound_of(*configs, "retention.bytes");

        std::map<TopicPartition, std::int64_t> earliest;
        std::map<TopicPartition, std::int64_t> from_the_beginning;
        std::map<TopicPartition, NodeId> leaders;
        std::vector<TopicPartition> partitions;
        for (const client::PartitionInfo& partition : known.topic.partitions) {
            if (partition.leader.value < 0) continue;
            const TopicPartition tp{name_, partition.partition};
            earliest[tp] = client::kEarliestOffset;
            from_the_beginning[tp] = 0;
            leaders[tp] = partition.leader;
            partitions.push_back(tp);
        }
        auto starts = co_await client::list_offsets(cluster, std::move(earliest), deadline);
        if (!starts) co_return std::unexpected(session.explain(starts.error(), what));
        known.starts = *std::move(starts);
        auto oldest =
            co_await client::list_offsets(cluster, std::move(from_the_beginning), deadline);
        if (!oldest) co_return std::unexpected(session.explain(oldest.error(), what));
        known.oldest = *std::move(oldest);
        const auto directories =
            co_await client::describe_log_dirs(cluster, std::move(partitions), deadline, true);
        for (const client::LogDirectory& directory : directories) {
            for (const auto& replica : directory.replicas) {
                const auto led = leaders.find(replica.partition);
                if (led == leaders.end() || led->second != directory.node) continue;
                if (!replica.is_future) known.leaders[replica.partition] = replica;
            }
        }
        if (!leaders.empty()) {
            const std::string node = std::to_string(leaders.begin()->second.value);
            const auto broker = co_await client::describe_config(
                cluster, client::ConfigResource::broker, node, deadline);
            if (broker)
                known.check_interval_ms = whole_number<std::int64_t>(
                    value_of(*broker, "log.retention.check.interval.ms").value_or(""));
        }
        co_return known;
    }

    static Details details_of(const Known& known, WallTime now) {
        Details details;
        details.add({"topic", "topic"}, known.topic.name);
        details.add({"cleanup_policy", "cleanup.policy"}, known.cleanup_policy);
        details.add({"retention_ms", "retention.ms"}, known.rules.retention_ms);
        details.add({"retention_bytes", "retention.bytes"}, known.rules.retention_bytes);
        details.add({"check_interval_ms", "checked every (ms)"},
                    known.check_interval_ms ? Value(*known.check_interval_ms) : Value());
        Table table;
        table.columns = {{"partition", "PARTITION"},
                         {"log_start_offset", "OLDEST"},
                         {"oldest_time", "FROM"},
                         {"oldest_timestamp", "", Show::data},
                         {"size", "BYTES"},
                         {"segment_count", "SEGMENTS"},
                         {"segment_first_offset", "NEXT TO GO"},
                         {"segment_last_offset", "TO"},
                         {"segment_size", "", Show::data},
                         {"segment_max_timestamp", "", Show::data},
                         {"verdict", "", Show::data},
                         {"next_deletion_timestamp", "", Show::data},
                         {"bytes_until_deletion", "", Show::data},
                         {"next_deletion", "WHEN"},
                         {"reason", "WHY"}};
        for (const client::PartitionInfo& partition : known.topic.partitions)
            table.add(row_of(known, {known.topic.name, partition.partition}, now));
        details.parts.push_back({"partitions", "", std::move(table)});
        return details;
    }

    static std::vector<Value> row_of(const Known& known, const TopicPartition& tp, WallTime now) {
        const auto number = [](std::int64_t value) { return value < 0 ? Value() : Value(value); };
        const client::FoundOffset* start = found(known.starts, tp);
        const client::FoundOffset* oldest = found(known.oldest, tp);
        const bool timed = oldest != nullptr && oldest->timestamp >= 0;
        const auto led = known.leaders.find(tp);
        const bool held = led != known.leaders.end();
        const auto outlook = held ? led->second.retention : std::nullopt;
        RetentionWords words{"", ""};
        if (outlook) {
            words = explain_retention(*outlook, known.rules, now);
        } else if (!held) {
            words.why = "the partition has no leader that tells";
        } else if (led->second.size_bytes == 0) {
            words.why = "it is empty";
        } else {
            words.why = "this broker does not tell about its segments";
        }
        const auto text = [](const std::string& said) {
            return said.empty() ? Value() : Value(said);
        };
        const auto told = outlook.value_or(client::RetentionOutlook());
        return {tp.partition,
                start != nullptr ? Value(start->offset) : Value(),
                timed ? Value(time_text(oldest->timestamp)) : Value(),
                timed ? Value(oldest->timestamp) : Value(),
                held ? Value(led->second.size_bytes) : Value(),
                outlook ? Value(told.segment_count) : Value(),
                outlook ? Value(told.first_offset) : Value(),
                outlook ? Value(told.next_offset - 1) : Value(),
                outlook ? Value(told.size_bytes) : Value(),
                outlook ? number(told.max_timestamp) : Value(),
                outlook ? Value(verdict_name(told.verdict)) : Value(),
                outlook ? number(told.due_ms) : Value(),
                outlook ? number(told.bytes_left) : Value(),
                text(words.when),
                text(words.why)};
    }

    std::string name_;
};

}  // namespace

Verb topic_retention_verb() {
    return {.name = "topic retention",
            .summary = "how old a topic's records are, which go next, when and why",
            .text =
                "Records go by segments, the oldest first: a segment goes when its newest record "
                "is older than retention.ms, when what is left without it is still "
                "retention.bytes, or when all of it lies before the start that DeleteRecords set. "
                "Retention looks every log.retention.check.interval.ms. Which segment is the next "
                "one only brokers of Cauce tell.",
            .examples = {{"cauce topic retention orders", "what goes next in each partition"},
                         {"cauce topic retention orders -o json | jq '.partitions[].oldest_time'",
                          "how far back one can read"}},
            .make = [] { return std::make_unique<TopicRetention>(); }};
}

}  // namespace cauce::cli
