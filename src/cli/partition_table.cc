#include "cli/partition_table.h"

#include "client/admin.h"

#include <map>
#include <utility>

namespace cauce::cli {
namespace {

using Offsets = std::map<TopicPartition, client::FoundOffset>;

Value offset_of(const Offsets& offsets, const TopicPartition& tp) {
    const auto found = offsets.find(tp);
    if (found == offsets.end() || found->second.error.code != ErrorCode::none) return {};
    return found->second.offset;
}

Table table_of(const client::TopicInfo& topic, const Offsets& starts, const Offsets& ends) {
    Table table;
    table.columns = {{"partition", "PARTITION"},
                     {"leader", "LEADER"},
                     {"leader_epoch", "EPOCH", Show::wide},
                     {"replicas", "REPLICAS"},
                     {"isr", "IN-SYNC"},
                     {"offline_replicas", "OFFLINE", Show::wide},
                     {"log_start_offset", "START"},
                     {"high_watermark", "END"}};
    for (const auto& partition : topic.partitions) {
        const TopicPartition tp{topic.name, partition.partition};
        const bool led = partition.leader.value >= 0;
        table.add({partition.partition, led ? Value(partition.leader.value) : Value(),
                   partition.leader_epoch.value, Value::list_of(partition.replicas),
                   Value::list_of(partition.isr), Value::list_of(partition.offline),
                   offset_of(starts, tp), offset_of(ends, tp)});
    }
    return table;
}

}  // namespace

runtime::Task<Expected<Table>> partition_table(Session& session, client::TopicInfo topic,
                                               std::string what) {
    std::map<TopicPartition, std::int64_t> ends;
    for (const auto& partition : topic.partitions)
        if (partition.leader.value >= 0)
            ends[{topic.name, partition.partition}] = client::kLatestOffset;
    std::map<TopicPartition, std::int64_t> starts = ends;
    for (auto& [tp, timestamp] : starts)
        timestamp = client::kEarliestOffset;
    client::Cluster& cluster = session.cluster();
    const MonoTime deadline = session.deadline();
    const auto end = co_await client::list_offsets(cluster, std::move(ends), deadline);
    if (!end) co_return std::unexpected(session.explain(end.error(), std::move(what)));
    const auto start = co_await client::list_offsets(cluster, std::move(starts), deadline);
    if (!start) co_return std::unexpected(session.explain(start.error(), std::move(what)));
    co_return table_of(topic, *start, *end);
}

}  // namespace cauce::cli
