#include "controller/state/directories.h"

#include "controller/state/brokers.h"
#include "metadata/directory_ids.h"
#include "wire/messages/partition_change_record.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace cauce::controller::state {
namespace {

// Nothing when it is there already, or has no replica of it.
std::optional<std::vector<Uuid>> with_directory(const metadata::Partition& partition, NodeId broker,
                                                const Uuid& directory) {
    std::vector<Uuid> directories = partition.directories.to_vector();
    directories.resize(partition.replicas.size(), metadata::kMigratingDirectory);
    for (std::size_t i = 0; i < directories.size(); ++i) {
        if (partition.replicas[i] != broker) continue;
        if (directories[i] == directory) return std::nullopt;
        directories[i] = directory;
        return directories;
    }
    return std::nullopt;
}

}  // namespace

Result<metadata::RecordList> assign_directories(const Context& context, NodeId broker,
                                                std::int64_t broker_epoch,
                                                std::span<const DirectoryAssignment> assignments) {
    if (!context.versions().directories()) {
        return fail(ErrorCode::unsupported_version,
                    "this metadata.version knows no log directories");
    }
    RETURN_IF_ERROR(check_broker_epoch(context.image, broker, broker_epoch));
    metadata::RecordList records;
    for (const DirectoryAssignment& assignment : assignments) {
        const metadata::Topic* topic = context.image.topic(assignment.topic);
        const metadata::Partition* partition =
            topic == nullptr ? nullptr : topic->find(assignment.partition);
        if (partition == nullptr) continue;
        const auto directories = with_directory(*partition, broker, assignment.directory);
        if (!directories) continue;
        wire::PartitionChangeRecord record;
        record.topic_id = assignment.topic;
        record.partition_id = assignment.partition;
        record.directories = *directories;
        records.add(record, context.versions().partition());
    }
    return records;
}

}  // namespace cauce::controller::state
