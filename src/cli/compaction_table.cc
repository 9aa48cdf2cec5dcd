#include "cli/compaction_table.h"

#include "cli/time_text.h"

#include <cstdint>
#include <string>

namespace cauce::cli {
namespace {

// Null when its leader does not tell.
const client::CompactionOutlook* outlook_of(const client::PartitionInfo& partition,
                                            const std::string& topic,
                                            const std::vector<client::LogDirectory>& directories) {
    for (const client::LogDirectory& directory : directories) {
        if (directory.node != partition.leader) continue;
        for (const auto& replica : directory.replicas) {
            if (replica.partition != TopicPartition{topic, partition.partition}) continue;
            if (!replica.is_future && replica.compaction) return &*replica.compaction;
        }
    }
    return nullptr;
}

std::int64_t dirty_percent(const client::CompactionOutlook& outlook) {
    const double all =
        static_cast<double>(outlook.seen_bytes) + static_cast<double>(outlook.dirty_bytes);
    if (!(all > 0)) return 0;
    return static_cast<std::int64_t>(static_cast<double>(outlook.dirty_bytes) / all * 100);
}

std::string next_round(const client::CompactionOutlook& outlook) {
    if (outlook.refused) return "never: " + *outlook.refused;
    if (outlook.is_wanted) return "soon";
    if (outlook.dirty_bytes == 0) return "when a segment is full";
    return "when more is dirty";
}

// When the first of the keys that were deleted has vanished for good.
Value vanishing(const client::CompactionOutlook& outlook, WallTime now) {
    if (outlook.next_deletion_ms < 0) return {};
    if (outlook.next_deletion_ms <= now.ms) return "with the next round";
    return "after " + time_text(outlook.next_deletion_ms);
}

Value number(std::int64_t value) {
    return value < 0 ? Value() : Value(value);
}

}  // namespace

Table compaction_table(const client::TopicInfo& topic,
                       const std::vector<client::LogDirectory>& directories, WallTime now) {
    Table table;
    table.columns = {{"partition", "PARTITION"},
                     {"dirty_percent", "DIRTY %"},
                     {"compacted_offset", "COMPACTED TO"},
                     {"compactable_offset", "OF", Show::wide},
                     {"compacted_size", "", Show::data},
                     {"dirty_size", "", Show::data},
                     {"last_round_timestamp", "", Show::data},
                     {"next_round", "NEXT ROUND"},
                     {"next_deletion_timestamp", "", Show::data},
                     {"next_deletion", "DELETED KEYS VANISH"}};
    for (const client::PartitionInfo& partition : topic.partitions) {
        const auto* outlook = outlook_of(partition, topic.name, directories);
        if (outlook == nullptr) continue;
        table.add({partition.partition, dirty_percent(*outlook), outlook->seen_upto,
                   outlook->may_see_upto, outlook->seen_bytes, outlook->dirty_bytes,
                   number(outlook->last_round_ms), next_round(*outlook),
                   number(outlook->next_deletion_ms), vanishing(*outlook, now)});
    }
    return table;
}

}  // namespace cauce::cli
