#include "node/facts.h"

#include "coordinator/host.h"
#include "node/shard.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace cauce::node {

namespace {

// So many partitions at a time: some 50 us, which a request that waits does not notice. So many
// edges take as long as a partition.
constexpr std::size_t kPartitionsAtOnce = 500;
constexpr std::size_t kEdgesAsOne = 16;

PartitionFacts facts_of(replica::Partition& partition, Detail detail) {
    PartitionFacts facts;
    facts.topic = partition.topic_id();
    facts.partition = partition.name().partition;
    facts.leads = partition.is_leader();
    facts.min_insync_replicas = partition.settings().min_insync_replicas;
    facts.size_bytes = partition.log().size_bytes();
    facts.segments = partition.log().segment_count();
    facts.log_start = partition.log_start();
    facts.high_watermark = partition.high_watermark();
    facts.log_end = partition.log_end();
    if (partition.settings().log->compact) {
        const replica::Compaction& compaction = partition.compaction();
        facts.compaction = {compaction.dirt.ratio(), !compaction.refused.empty()};
    }
    facts.counters = partition.counters();
    if (detail == Detail::edges) facts.edges = partition.edges().all();
    return facts;
}

// Of a member's host, which stands in Java's form: "/10.0.0.1".
std::string_view address_of(std::string_view client_host) {
    if (client_host.starts_with('/')) client_host.remove_prefix(1);
    return client_host;
}

std::vector<GroupFacts> groups_of(const coordinator::Host& host, Detail detail) {
    std::map<std::string, GroupFacts, std::less<>> groups;
    host.for_each_group([&](std::string_view id, std::size_t members) {
        GroupFacts& group = groups[std::string(id)];
        group.id = id;
        group.members = members;
    });
    host.for_each_committed(
        [&](std::string_view id, std::string_view topic, std::int32_t partition, Offset committed) {
            const auto group = groups.find(id);
            if (group == groups.end()) return;
            group->second.committed.push_back({std::string(topic), partition, committed});
        });
    const auto add_reader = [&](std::string_view id, std::string_view client_id,
                                std::string_view client_host,
                                const std::vector<TopicPartition>* assigned) {
        const auto group = groups.find(id);
        if (group == groups.end()) return;
        MemberFacts& reader = group->second.readers.emplace_back();
        reader.client_id = client_id;
        reader.host = address_of(client_host);
        if (assigned != nullptr) reader.assigned = *assigned;
    };
    if (detail == Detail::edges) host.for_each_member(add_reader);
    std::vector<GroupFacts> out;
    for (auto& [id, group] : groups) {
        std::ranges::sort(group.committed, {}, [](const CommittedFacts& each) {
            return std::pair<std::string_view, std::int32_t>(each.topic, each.partition);
        });
        out.push_back(std::move(group));
    }
    return out;
}

struct TakeFacts {
    Shard* there;
    Detail detail;
    runtime::Task<ShardFacts> operator()() { return facts_of(*there, detail); }
};

}  // namespace

runtime::Task<ShardFacts> facts_of(Shard& shard, Detail detail) {
    ShardFacts facts;
    facts.groups = groups_of(shard.services().groups, detail);
    facts.requests = shard.services().request_times;
    facts.connections = shard.connections().size();
    facts.request_bytes = shard.services().request_memory.used();
    for (const storage::DirectoryShard* directory : shard.partitions().directories())
        facts.space.push_back({directory->path(), directory->space().throttled_batches(),
                               directory->space().refused_batches()});
    // They may be closed or deleted meanwhile; what they are asked for here can be asked then too.
    std::vector<std::shared_ptr<replica::Partition>> partitions;
    partitions.reserve(shard.partitions().size());
    shard.partitions().for_each([&](const auto& partition) { partitions.push_back(partition); });
    facts.partitions.reserve(partitions.size());
    std::size_t taken = 0;  // since others had their turn
    for (const auto& partition : partitions) {
        const PartitionFacts& last = facts.partitions.emplace_back(facts_of(*partition, detail));
        taken += 1 + last.edges.size() / kEdgesAsOne;
        if (taken < kPartitionsAtOnce) continue;
        taken = 0;
        co_await runtime::yield();
    }
    // After the edges: who is not among them then has left.
    if (detail == Detail::edges) facts.clients = co_await shard.connections().clients();
    co_return facts;
}

runtime::Task<NodeFacts> with_shards(runtime::Shards& here, NodeFacts facts,
                                     std::vector<Shard*> shards, Detail detail) {
    std::vector<std::unique_ptr<runtime::ShardCall<TakeFacts>>> calls;
    for (unsigned i = 0; i < shards.size(); ++i) {
        TakeFacts take{shards[i], detail};
        calls.push_back(std::make_unique<runtime::ShardCall<TakeFacts>>(here, i, take));
        calls.back()->begin();
    }
    for (auto& call : calls)
        facts.shards.push_back(co_await call->finish());
    co_return facts;
}

}  // namespace cauce::node
