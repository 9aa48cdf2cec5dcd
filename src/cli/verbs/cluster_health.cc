// `cauce cluster health`
#include "cli/command.h"
#include "cli/disk_room.h"
#include "cli/verbs.h"
#include "client/admin.h"
#include "client/backoff.h"

#include <algorithm>
#include <utility>

namespace cauce::cli {
namespace {

constexpr std::size_t kPartitionsNamed = 20;

// What keeps a cluster from being healthy.
struct Health {
    client::ClusterDescription cluster;
    std::vector<std::int32_t> fenced;
    bool without_controller = false;
    std::int64_t partitions = 0;
    std::vector<TopicPartition> leaderless;
    std::vector<TopicPartition> under_replicated;
    std::vector<TopicPartition> offline_replicas;
    // Nobody is refused because of a disk that only runs full.
    std::vector<ShortDisk> full_disks;
    std::vector<ShortDisk> scarce_disks;

    bool good() const {
        return fenced.empty() && !without_controller && leaderless.empty() &&
               under_replicated.empty() && offline_replicas.empty() && full_disks.empty();
    }
};

std::string text_of(const TopicPartition& tp) {
    return tp.topic + "-" + std::to_string(tp.partition);
}

Value names(const std::vector<TopicPartition>& partitions) {
    Value::List list;
    for (const TopicPartition& tp : partitions)
        list.emplace_back(text_of(tp));
    return list;
}

// "/data of broker 1".
std::string text_of(const ShortDisk& disk) {
    return disk.path + " of broker " + std::to_string(disk.node.value);
}

Value names(const std::vector<ShortDisk>& disks) {
    Value::List list;
    for (const ShortDisk& disk : disks)
        list.emplace_back(text_of(disk));
    return list;
}

// For people: the first few, and how many more.
std::string some(const std::vector<TopicPartition>& partitions) {
    std::string text;
    for (std::size_t i = 0; i < partitions.size() && i < kPartitionsNamed; ++i)
        text += (i > 0 ? ", " : "") + text_of(partitions[i]);
    if (partitions.size() > kPartitionsNamed)
        text += " and " + std::to_string(partitions.size() - kPartitionsNamed) + " more";
    return text;
}

class ClusterHealth final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.flag("--exit-when-healthy", wait_,
                       "wait until the cluster is healthy, as long as --timeout says");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        const MonoTime deadline = session.deadline();
        client::Cluster& cluster = session.cluster();
        client::Backoff backoff = cluster.new_backoff();
        for (;;) {
            const auto health = co_await look(cluster, deadline);
            const bool good = health && health->good();
            if (!good && wait_) {
                const bool again = co_await cluster.pause(backoff, deadline);
                if (again) continue;
            }
            if (!health)
                co_return std::unexpected(
                    session.explain(health.error(), "the cluster's health is not known"));
            const Outcome printed = co_await session.print(details_of(*health));
            if (!printed || good) co_return printed;
            co_return std::unexpected(reason(*health));
        }
    }

private:
    static runtime::Task<Result<Health>> look(client::Cluster& cluster, MonoTime deadline) {
        Health health;
        ASSIGN_OR_CO_RETURN(health.cluster, co_await client::describe_cluster(cluster, deadline));
        CO_RETURN_IF_ERROR(co_await cluster.refresh_all(deadline));
        for (const client::ClusterNode& node : health.cluster.nodes)
            if (node.is_fenced) health.fenced.push_back(node.id.value);
        health.without_controller = health.cluster.controller.value < 0;
        for (const auto& [name, topic] : cluster.topics()) {
            for (const client::PartitionInfo& partition : topic.partitions) {
                ++health.partitions;
                const TopicPartition tp{name, partition.partition};
                if (partition.leader.value < 0) health.leaderless.push_back(tp);
                if (partition.isr.size() < partition.replicas.size())
                    health.under_replicated.push_back(tp);
                if (!partition.offline.empty()) health.offline_replicas.push_back(tp);
            }
        }
        std::vector<ShortDisk> disks = co_await short_disks(cluster, deadline);
        for (ShortDisk& disk : disks) {
            const bool full = disk.stage == storage::SpaceStage::full;
            (full ? health.full_disks : health.scarce_disks).push_back(std::move(disk));
        }
        co_return health;
    }

    static Details details_of(const Health& health) {
        Details details;
        details.add({"cluster_id", "cluster"}, health.cluster.cluster_id);
        details.add({"is_healthy", "healthy"}, health.good());
        details.add({"controller_id", "controller"}, health.cluster.controller.value);
        details.add({"broker_count", "brokers"}, health.cluster.nodes.size());
        details.add({"fenced_brokers", "fenced"}, Value::list_of(health.fenced));
        details.add({"partition_count", "partitions"}, health.partitions);
        details.add({"leaderless_partitions", "without leader"}, names(health.leaderless));
        details.add({"under_replicated_partitions", "under-replicated"},
                    names(health.under_replicated));
        details.add({"offline_partitions", "with offline replicas"},
                    names(health.offline_replicas));
        details.add({"full_log_directories", "full disks"}, names(health.full_disks));
        details.add({"scarce_log_directories", "disks running full"}, names(health.scarce_disks));
        return details;
    }

    static Problem reason(const Health& health) {
        std::string why;
        const auto add = [&](const std::string& text) { why += (why.empty() ? "" : "; ") + text; };
        if (health.without_controller) add("no controller is known");
        if (!health.fenced.empty()) {
            std::string ids;
            for (const std::int32_t id : health.fenced)
                ids += (ids.empty() ? "" : ", ") + std::to_string(id);
            add("fenced brokers: " + ids);
        }
        if (!health.leaderless.empty()) add("without leader: " + some(health.leaderless));
        if (!health.under_replicated.empty())
            add("under-replicated: " + some(health.under_replicated));
        if (!health.offline_replicas.empty())
            add("with offline replicas: " + some(health.offline_replicas));
        for (const ShortDisk& disk : health.full_disks)
            add("records are refused, the disk is full: " + text_of(disk) + ", " +
                storage::size_text(disk.space.free_bytes) + " of " +
                storage::size_text(disk.space.total_bytes) + " free");
        const bool only_full = why.starts_with("records are refused");
        return {exit_unhealthy, "the cluster is not healthy", std::move(why),
                only_full ? "delete topics or records, or lower retention; what goes when:  cauce "
                            "topic retention NAME"
                          : "bring the missing brokers back; their logs say why they are away"};
    }

    bool wait_ = false;
};

}  // namespace

Verb cluster_health_verb() {
    return {.name = "cluster health",
            .summary = "whether every broker and every partition is well",
            .text =
                "Healthy means: a controller, no fenced broker, a leader for every partition, "
                "every replica in sync, and no disk so full that records are refused. Ends with 0 "
                "then, and with 6 when not.",
            .examples = {{"cauce cluster health", "what is wrong, if anything is"},
                         {"cauce cluster health --exit-when-healthy --timeout 60s",
                          "wait for a cluster that is starting"}},
            .make = [] { return std::make_unique<ClusterHealth>(); }};
}

}  // namespace cauce::cli
