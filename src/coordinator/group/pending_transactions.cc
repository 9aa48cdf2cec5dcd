#include "coordinator/group/pending_transactions.h"

#include <algorithm>
#include <utility>

namespace cauce::coordinator::group {
namespace {

bool is(const PendingTransactions::Change& change, std::string_view group_id,
        std::string_view topic, std::int32_t partition) {
    return change.partition == partition && change.topic == topic && change.group_id == group_id;
}

}  // namespace

void PendingTransactions::add(ProducerId transaction, Change change) {
    std::vector<Change>& changes = open_[transaction];
    const auto same = std::ranges::find_if(changes, [&](const Change& earlier) {
        return is(earlier, change.group_id, change.topic, change.partition);
    });
    if (same == changes.end()) {
        changes.push_back(std::move(change));
    } else {
        *same = std::move(change);
    }
}

void PendingTransactions::erase(std::string_view group_id, std::string_view topic,
                                std::int32_t partition) {
    for (auto& [transaction, changes] : open_)
        std::erase_if(changes,
                      [&](const Change& change) { return is(change, group_id, topic, partition); });
    std::erase_if(open_, [](const auto& open) { return open.second.empty(); });
}

std::vector<PendingTransactions::Change> PendingTransactions::take(ProducerId transaction) {
    auto node = open_.extract(transaction);
    if (node.empty()) return {};
    return std::move(node.mapped());
}

bool PendingTransactions::contains(std::string_view group_id) const {
    return std::ranges::any_of(open_, [&](const auto& open) {
        return std::ranges::any_of(
            open.second, [&](const Change& change) { return change.group_id == group_id; });
    });
}

bool PendingTransactions::contains(std::string_view group_id, std::string_view topic,
                                   std::int32_t partition) const {
    return std::ranges::any_of(open_, [&](const auto& open) {
        return std::ranges::any_of(open.second, [&](const Change& change) {
            return is(change, group_id, topic, partition);
        });
    });
}

void PendingTransactions::add_positions(std::string_view group_id,
                                        std::set<TopicPartition>& positions) const {
    for (const auto& [transaction, changes] : open_)
        for (const Change& change : changes)
            if (change.group_id == group_id) positions.insert({change.topic, change.partition});
}

}  // namespace cauce::coordinator::group
