#include "coordinator/group/assigned_partitions.h"

#include "coordinator/group/classic_group.h"
#include "wire/messages/consumer_protocol_assignment.h"
#include "wire/reader.h"

#include <algorithm>
#include <string>

namespace cauce::coordinator::group {

std::optional<std::vector<TopicPartition>> assigned_partitions(const ClassicGroup& group,
                                                               const Member& member) {
    if (group.protocol_type() != "consumer" || group.state() != GroupState::stable)
        return std::nullopt;
    std::vector<TopicPartition> partitions;
    // A leader that has nothing for a member may leave it out.
    if (member.assignment.empty()) return partitions;
    // Every version of the consumer protocol begins like version 0.
    wire::Reader reader(member.assignment);
    reader.int16();
    wire::ConsumerProtocolAssignment assignment;
    if (reader.ok()) assignment.decode(reader, 0);
    if (!reader.ok()) return std::nullopt;
    for (const auto& topic : assignment.assigned_partitions)
        for (const std::int32_t partition : topic.partitions)
            partitions.push_back({std::string(topic.topic), partition});
    std::ranges::sort(partitions);
    return partitions;
}

}  // namespace cauce::coordinator::group
