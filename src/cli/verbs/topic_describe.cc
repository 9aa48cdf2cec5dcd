// `cauce topic describe`
#include "cli/command.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <algorithm>
#include <map>

namespace cauce::cli {
namespace {

using Offsets = std::map<TopicPartition, client::FoundOffset>;

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
        client::Cluster& cluster = session.cluster();
        const MonoTime deadline = session.deadline();
        std::vector<std::string> names{name};
        const Result<void> fetched = co_await cluster.refresh(std::move(names), deadline);
        const std::string what = "topic `" + name + "` was not described";
        if (!fetched) co_return std::unexpected(session.explain(fetched.error(), what));
        const client::TopicInfo* found = cluster.topic(name);
        if (!found || found->error == ErrorCode::unknown_topic_or_partition) {
            Problem unknown = co_await session.unknown_topic(name);
            co_return std::unexpected(std::move(unknown));
        }
        if (found->error != ErrorCode::none) {
            const Error error{found->error, {}};
            co_return std::unexpected(session.explain(error, what));
        }
        const client::TopicInfo topic = *found;

        std::map<TopicPartition, std::int64_t> ends;
        for (const auto& partition : topic.partitions)
            if (partition.leader.value >= 0)
                ends[{name, partition.partition}] = client::kLatestOffset;
        std::map<TopicPartition, std::int64_t> starts = ends;
        for (auto& [tp, timestamp] : starts)
            timestamp = client::kEarliestOffset;
        const auto end = co_await client::list_offsets(cluster, std::move(ends), deadline);
        if (!end) co_return std::unexpected(session.explain(end.error(), what));
        const auto start = co_await client::list_offsets(cluster, std::move(starts), deadline);
        if (!start) co_return std::unexpected(session.explain(start.error(), what));
        const auto configs = co_await client::describe_config(
            cluster, client::ConfigResource::topic, name, deadline);
        if (!configs) co_return std::unexpected(session.explain(configs.error(), what));
        co_return details_of(topic, *start, *end, *configs);
    }

    static Value offset_of(const Offsets& offsets, const TopicPartition& tp) {
        const auto found = offsets.find(tp);
        if (found == offsets.end() || found->second.error.code != ErrorCode::none) return {};
        return found->second.offset;
    }

    static Details details_of(const client::TopicInfo& topic, const Offsets& starts,
                              const Offsets& ends,
                              const std::vector<client::ConfigEntry>& configs) {
        std::size_t replicas = 0;
        Table partitions;
        partitions.columns = {{"partition", "PARTITION"},
                              {"leader", "LEADER"},
                              {"leader_epoch", "EPOCH", Show::wide},
                              {"replicas", "REPLICAS"},
                              {"isr", "IN-SYNC"},
                              {"offline_replicas", "OFFLINE", Show::wide},
                              {"log_start_offset", "START"},
                              {"high_watermark", "END"}};
        for (const auto& partition : topic.partitions) {
            replicas = std::max(replicas, partition.replicas.size());
            const TopicPartition tp{topic.name, partition.partition};
            const bool led = partition.leader.value >= 0;
            partitions.add({partition.partition, led ? Value(partition.leader.value) : Value(),
                            partition.leader_epoch.value, Value::list_of(partition.replicas),
                            Value::list_of(partition.isr), Value::list_of(partition.offline),
                            offset_of(starts, tp), offset_of(ends, tp)});
        }
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
        .text = {},
        .examples = {{"cauce topic describe orders", "who leads what, and how far it goes"},
                     {"cauce topic describe orders -o json | jq '.[].partitions[].high_watermark'",
                      "the same for a program"}},
        .make = [] { return std::make_unique<TopicDescribe>(); }};
}

}  // namespace cauce::cli
