#include "coordinator/group/committed_offsets.h"

#include <utility>

namespace cauce::coordinator::group {

const CommittedOffsets::Partitions* CommittedOffsets::find(std::string_view topic) const {
    const auto at = topics_.find(topic);
    return at == topics_.end() ? nullptr : &at->second;
}

const CommittedOffset* CommittedOffsets::find(std::string_view topic,
                                              std::int32_t partition) const {
    const Partitions* partitions = find(topic);
    if (partitions == nullptr) return nullptr;
    const auto at = partitions->find(partition);
    return at == partitions->end() ? nullptr : &at->second;
}

void CommittedOffsets::put(std::string_view topic, std::int32_t partition,
                           CommittedOffset committed) {
    auto at = topics_.find(topic);
    if (at == topics_.end()) at = topics_.emplace(topic, Partitions()).first;
    at->second.insert_or_assign(partition, std::move(committed));
}

void CommittedOffsets::erase(std::string_view topic, std::int32_t partition) {
    const auto at = topics_.find(topic);
    if (at == topics_.end()) return;
    at->second.erase(partition);
    if (at->second.empty()) topics_.erase(at);
}

}  // namespace cauce::coordinator::group
