// Offsets committed inside transactions that have not ended. Our own broker does not take such
// commits yet, but a log that Apache Kafka wrote holds them, and they count when the log says that
// their transaction was committed.
#pragma once

#include "base/ids.h"
#include "coordinator/group/committed_offsets.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::coordinator::group {

class PendingTransactions {
public:
    struct Change {
        std::string group_id;
        std::string topic;
        std::int32_t partition = 0;
        CommittedOffset committed;
    };

    bool empty() const { return open_.empty(); }
    void add(ProducerId transaction, Change change);
    // A tombstone takes pending ones along.
    void erase(std::string_view group_id, std::string_view topic, std::int32_t partition);
    // The transaction has ended; what it holds is the caller's now.
    std::vector<Change> take(ProducerId transaction);

    bool contains(std::string_view group_id) const;
    bool contains(std::string_view group_id, std::string_view topic, std::int32_t partition) const;
    // Adds every position of the group.
    void add_positions(std::string_view group_id, std::set<TopicPartition>& positions) const;

private:
    std::map<ProducerId, std::vector<Change>> open_;
};

}  // namespace cauce::coordinator::group
