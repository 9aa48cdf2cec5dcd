// `cauce cluster info`
#include "cli/command.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <algorithm>

namespace cauce::cli {
namespace {

class ClusterInfo final : public ClientCommand {
public:
    void declare(Arguments&) override {}

protected:
    runtime::Task<Outcome> run(Session& session) override {
        client::Cluster& cluster = session.cluster();
        const auto described = co_await client::describe_cluster(cluster, session.deadline());
        if (!described)
            co_return std::unexpected(
                session.explain(described.error(), "the cluster was not described"));
        const Result<void> topics = co_await cluster.refresh_all(session.deadline());
        if (!topics)
            co_return std::unexpected(session.explain(topics.error(), "no topics were read"));

        std::int64_t partitions = 0;
        std::int64_t without_leader = 0;
        std::int64_t under_replicated = 0;
        for (const auto& [name, topic] : cluster.topics()) {
            for (const auto& partition : topic.partitions) {
                ++partitions;
                if (partition.leader.value < 0) ++without_leader;
                if (partition.isr.size() < partition.replicas.size()) ++under_replicated;
            }
        }

        Details details;
        details.add({"cluster_id", "cluster"}, described->cluster_id);
        details.add({"controller_id", "controller"}, described->controller.value);
        details.add({"broker_count", "brokers"}, described->nodes.size());
        details.add({"topic_count", "topics"}, cluster.topics().size());
        details.add({"partition_count", "partitions"}, partitions);
        details.add({"leaderless_partitions", "without leader"}, without_leader);
        details.add({"under_replicated_partitions", "under-replicated"}, under_replicated);
        Table brokers;
        brokers.columns = {{"node_id", "NODE"},
                           {"host", "HOST"},
                           {"port", "PORT"},
                           {"rack", "RACK"},
                           {"is_fenced", "FENCED"}};
        for (const auto& node : described->nodes)
            brokers.add({node.id.value, node.address.host, node.address.port,
                         node.rack ? Value(*node.rack) : Value(), node.is_fenced});
        details.parts.push_back({"brokers", "", std::move(brokers)});
        co_return co_await session.print(details);
    }
};

}  // namespace

Verb cluster_info_verb() {
    return {.name = "cluster info",
            .summary = "the brokers and what they hold",
            .text = {},
            .examples = {{"cauce cluster info -b broker-1:9092", "the cluster that broker is of"}},
            .make = [] { return std::make_unique<ClusterInfo>(); }};
}

}  // namespace cauce::cli
