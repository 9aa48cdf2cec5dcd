// `cauce topic describe`
#include "cli/command.h"
#include "cli/compaction_table.h"
#include "cli/partition_table.h"
#include "cli/topic_lookup.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <algorithm>

namespace cauce::cli {
namespace {

class TopicDescribe final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("NAME", names_, "name the topic, or several");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        std::vector<Details> topics;
        for (const std::string& name : names_) {
            Expected<Details> details = co_await describe(session, name);
            if (!details) co_return std::unexpected(std::move(details).error());
            topics.push_back(std::move(*details));
        }
        co_return co_await session.print(topics);
    }

private:
    static runtime::Task<Expected<Details>> describe(Session& session, std::string name) {
        const std::string what = "topic `" + name + "` was not described";
        const auto found = co_await find_topic(session, name, what);
        if (!found) co_return std::unexpected(found.error());
        const client::TopicInfo& topic = *found;

        auto partitions = co_await partition_table(session, topic, what);
        if (!partitions) co_return std::unexpected(partitions.error());
        const auto configs = co_await client::describe_config(
            session.cluster(), client::ConfigResource::topic, name, session.deadline());
        if (!configs) co_return std::unexpected(session.explain(configs.error(), what));
        Details details = details_of(topic, *std::move(partitions), *configs);
        if (!is_compacted(*configs)) co_return details;
        std::vector<TopicPartition> asked;
        for (const client::PartitionInfo& partition : topic.partitions)
            asked.push_back({name, partition.partition});
        const auto directories = co_await client::describe_log_dirs(
            session.cluster(), std::move(asked), session.deadline(), true);
        const WallTime now = session.environment().shards.clock().wall();
        Table compaction = compaction_table(topic, directories, now);
        if (!compaction.rows.empty())
            details.parts.push_back({"compaction", "", std::move(compaction)});
        co_return details;
    }

    static bool is_compacted(const std::vector<client::ConfigEntry>& configs) {
        for (const client::ConfigEntry& config : configs) {
            if (config.name == "cleanup.policy")
                return config.value.value_or("").find("compact") != std::string::npos;
        }
        return false;
    }

    static Details details_of(const client::TopicInfo& topic, Table partitions,
                              const std::vector<client::ConfigEntry>& configs) {
        std::size_t replicas = 0;
        for (const auto& partition : topic.partitions)
            replicas = std::max(replicas, partition.replicas.size());
        Table changed;
        changed.columns = {{"name", "CONFIG"}, {"value", "VALUE"}, {"source", "FROM"}};
        for (const auto& config : configs) {
            if (config.source == client::ConfigSource::default_value) continue;
            changed.add({config.name, config.value ? Value(*config.value) : Value(),
                         client::config_source_name(config.source)});
        }

        Details details;
        details.add({"topic", "topic"}, topic.name);
        details.add({"topic_id", "id"}, topic.id.is_zero() ? Value() : Value(topic.id.to_string()));
        details.add({"is_internal", "internal", Show::wide}, topic.is_internal);
        details.add({"partition_count", "partitions"}, topic.partitions.size());
        details.add({"replication_factor", "replicas"}, replicas);
        details.parts.push_back({"partitions", "", std::move(partitions)});
        details.parts.push_back({"configs", "", std::move(changed)});
        return details;
    }

    std::vector<std::string> names_;
};

}  // namespace

Verb topic_describe_verb() {
    return {
        .name = "topic describe",
        .summary = "partitions, leaders, offsets and configuration of topics",
        .text =
            "For a compacted topic also how much of each partition compaction has not seen yet, "
            "and when the last trace of a deleted key vanishes: delete.retention.ms after the "
            "first round that met the deletion. Only brokers of Cauce tell.",
        .examples = {{"cauce topic describe orders", "who leads what, and how far it goes"},
                     {"cauce topic describe orders -o json | jq '.[].partitions[].high_watermark'",
                      "the same for a program"}},
        .make = [] { return std::make_unique<TopicDescribe>(); }};
}

}  // namespace cauce::cli
