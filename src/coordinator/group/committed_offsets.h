// The positions a group has committed, by topic and partition. Holds only what is committed in the
// log: the coordinator applies a commit when its record is.
#pragma once

#include "base/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace cauce::coordinator::group {

struct CommittedOffset {
    Offset committed;
    LeaderEpoch leader_epoch;  // -1 = the client did not say
    std::string metadata;
    std::int64_t commit_timestamp_ms = 0;
    std::int64_t expire_timestamp_ms = -1;  // -1 = by the broker's retention
    TopicId topic_id;                       // zero = committed by name
    // Where its record stands in the log; the later of two wins, whatever order they are learnt in.
    Offset record_offset{-1};
    bool operator==(const CommittedOffset&) const = default;
};

class CommittedOffsets {
public:
    using Partitions = std::map<std::int32_t, CommittedOffset>;
    using Topics = std::map<std::string, Partitions, std::less<>>;

    bool empty() const { return topics_.empty(); }
    const Topics& topics() const { return topics_; }
    const CommittedOffset* find(std::string_view topic, std::int32_t partition) const;
    const Partitions* find(std::string_view topic) const;
    void put(std::string_view topic, std::int32_t partition, CommittedOffset committed);
    void erase(std::string_view topic, std::int32_t partition);
    bool operator==(const CommittedOffsets&) const = default;

private:
    Topics topics_;
};

}  // namespace cauce::coordinator::group
