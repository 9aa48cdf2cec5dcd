#include "controller/state/new_partitions.h"

#include "controller/state/placement.h"
#include "metadata/image_records.h"
#include "wire/messages/partition_record.h"

#include <algorithm>
#include <string>

namespace cauce::controller::state {

using metadata::Partition;
using metadata::ReplicaList;

Partition new_partition(const metadata::Image& image, const std::vector<NodeId>& replicas,
                        const std::vector<NodeId>& isr) {
    std::vector<Uuid> directories;
    for (NodeId broker : replicas)
        directories.push_back(default_directory(image, broker));
    Partition partition;
    partition.replicas = ReplicaList(replicas);
    partition.isr = ReplicaList(isr);
    partition.directories = metadata::InlineList<Uuid, 1>(directories);
    partition.leader = isr.front();
    partition.leader_epoch = LeaderEpoch{0};
    partition.partition_epoch = 0;
    return partition;
}

std::vector<NodeId> active_of(const metadata::Image& image, const std::vector<NodeId>& replicas) {
    std::vector<NodeId> active;
    for (NodeId id : replicas) {
        const metadata::Broker* broker = image.broker(id);
        if (broker != nullptr && broker->is_active()) active.push_back(id);
    }
    return active;
}

Result<std::vector<NodeId>> check_assignment(const metadata::Image& image,
                                             const std::vector<std::int32_t>& broker_ids,
                                             std::optional<std::size_t> replicas_before) {
    const auto invalid = [](std::string text) {
        return fail(ErrorCode::invalid_replica_assignment, std::move(text));
    };
    if (broker_ids.empty())
        return invalid("The manual partition assignment includes an empty replica list.");
    std::vector<std::int32_t> sorted(broker_ids);
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        if (image.broker(NodeId{sorted[i]}) == nullptr)
            return invalid("The manual partition assignment includes broker " +
                           std::to_string(sorted[i]) + ", but no such broker is registered.");
        if (i > 0 && sorted[i] == sorted[i - 1])
            return invalid("The manual partition assignment includes the broker " +
                           std::to_string(sorted[i]) + " more than once.");
    }
    if (replicas_before && *replicas_before != broker_ids.size())
        return invalid("The manual partition assignment includes a partition with " +
                       std::to_string(broker_ids.size()) +
                       " replica(s), but this is not consistent with previous partitions, which "
                       "have " +
                       std::to_string(*replicas_before) + " replica(s).");
    std::vector<NodeId> replicas;
    for (std::int32_t id : broker_ids)
        replicas.push_back(NodeId{id});
    return replicas;
}

void add_partition_record(const Context& context, TopicId topic, std::int32_t index,
                          const Partition& partition, metadata::RecordList& records) {
    const metadata::RecordVersions versions = context.versions();
    const wire::PartitionRecord record =
        metadata::partition_record(topic, index, partition, versions);
    records.add(record, versions.partition());
}

}  // namespace cauce::controller::state
