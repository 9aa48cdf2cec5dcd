// `cauce topic list`
#include "cli/command.h"
#include "cli/verbs.h"

#include <algorithm>

namespace cauce::cli {
namespace {

class TopicList final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.flag("--internal", internal_, "also the topics the cluster keeps for itself");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        client::Cluster& cluster = session.cluster();
        const Result<void> fetched = co_await cluster.refresh_all(session.deadline());
        if (!fetched)
            co_return std::unexpected(
                session.explain(fetched.error(), "the topics were not listed"));
        Table table;
        table.columns = {{"topic", "TOPIC"},
                         {"partition_count", "PARTITIONS"},
                         {"replication_factor", "REPLICAS"},
                         {"topic_id", "ID", Show::wide},
                         {"is_internal", "INTERNAL", Show::wide},
                         {"leaderless_partitions", "WITHOUT-LEADER", Show::wide},
                         {"under_replicated_partitions", "UNDER-REPLICATED", Show::wide}};
        for (const auto& [name, topic] : cluster.topics()) {
            if (topic.is_internal && !internal_) continue;
            std::size_t replicas = 0;
            std::int64_t without_leader = 0;
            std::int64_t under_replicated = 0;
            for (const auto& partition : topic.partitions) {
                replicas = std::max(replicas, partition.replicas.size());
                if (partition.leader.value < 0) ++without_leader;
                if (partition.isr.size() < partition.replicas.size()) ++under_replicated;
            }
            table.add({name, topic.partitions.size(), replicas,
                       topic.id.is_zero() ? Value() : Value(topic.id.to_string()),
                       topic.is_internal, without_leader, under_replicated});
        }
        const bool empty = table.rows.empty();
        const Outcome printed = co_await session.print(table);
        if (printed && empty && session.globals().format == OutputFormat::table)
            co_await session.talk("There is no topic yet:  cauce topic create NAME  makes one.");
        co_return printed;
    }

private:
    bool internal_ = false;
};

}  // namespace

Verb topic_list_verb() {
    return {.name = "topic list",
            .summary = "all topics",
            .text = {},
            .examples = {{"cauce topic list -o name", "only the names, one a line"},
                         {"cauce topic list --internal -o wide",
                          "with the cluster's own topics, ids and health"}},
            .make = [] { return std::make_unique<TopicList>(); }};
}

}  // namespace cauce::cli
