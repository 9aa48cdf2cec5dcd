// Topics and the state of their partitions. Immutable once they stand in an Image; an Image that
// differs in one partition shares everything else with the one before it.
#pragma once

#include "base/ids.h"
#include "metadata/inline_list.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::metadata {

inline constexpr NodeId kNoLeader{-1};

using ReplicaList = InlineList<NodeId, 3>;

struct Partition {
    // In order of preference.
    ReplicaList replicas;
    ReplicaList isr;
    // Replicas outside the ISR that hold everything up to the high watermark (KIP-966).
    ReplicaList elr;
    ReplicaList last_known_elr;
    // A reassignment that runs: what comes and what goes. Both are part of `replicas`.
    ReplicaList adding;
    ReplicaList removing;
    // The log directory of each replica, in the order of `replicas`. Zero: not assigned yet.
    InlineList<Uuid, 1> directories;
    NodeId leader = kNoLeader;
    LeaderEpoch leader_epoch;
    // Counts every change of the partition; AlterPartition is checked against it.
    std::int32_t partition_epoch = -1;
    // The leader was elected uncleanly and has not finished recovery.
    bool recovering = false;

    bool operator==(const Partition&) const = default;
};

class Topic {
public:
    Topic(std::string name, TopicId id) : name_(std::move(name)), id_(id) {}

    const std::string& name() const { return name_; }
    TopicId id() const { return id_; }
    // Partitions are numbered 0 to partition_count() - 1.
    std::int32_t partition_count() const { return count_; }
    // Null when there is no such partition.
    const Partition* find(std::int32_t index) const {
        if (index < 0 || index >= count_) return nullptr;
        const Partition& held = chunks_[chunk_of(index)]->partitions[place_of(index)];
        // While a log is replayed, a partition may come before one of a smaller number.
        return held.replicas.empty() ? nullptr : &held;
    }
    // The partition must exist.
    const Partition& partition(std::int32_t index) const;

    bool operator==(const Topic& other) const;

private:
    friend class ImageBuilder;

    // Partitions come in chunks, so that a change in a topic of many copies only one of them.
    static constexpr std::int32_t kChunk = 32;
    struct Chunk {
        std::uint64_t edit = 0;  // The edit that may still change it in place.
        std::vector<Partition> partitions;
    };
    static std::size_t chunk_of(std::int32_t index) {
        return static_cast<std::size_t>(index / kChunk);
    }
    static std::size_t place_of(std::int32_t index) {
        return static_cast<std::size_t>(index % kChunk);
    }

    std::string name_;
    TopicId id_;
    std::int32_t count_ = 0;
    std::uint64_t edit_ = 0;
    std::vector<std::shared_ptr<Chunk>> chunks_;
};

// Kafka's own topics: clients may not write to them unless they are the coordinator.
bool is_internal_topic(std::string_view name);

}  // namespace cauce::metadata
