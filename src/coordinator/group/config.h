// The settings of the group coordinator, by Kafka's keys and with Kafka's 4.4 defaults. A value:
// who reads server.properties fills it once, everyone else keeps a copy.
#pragma once

#include "base/time.h"

#include <cstddef>
#include <cstdint>
#include <limits>

namespace cauce::coordinator::group {

inline constexpr milliseconds kInitialRebalanceDelay{3'000};
inline constexpr milliseconds kSessionTimeoutMin{6'000};
inline constexpr milliseconds kSessionTimeoutMax{1'800'000};
inline constexpr std::int32_t kGroupSizeMax = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int32_t kOffsetMetadataSizeMax = 4'096;
inline constexpr milliseconds kOffsetsRetention{10'080LL * 60'000};
inline constexpr milliseconds kOffsetsRetentionCheckInterval{600'000};
inline constexpr milliseconds kCommitTimeout{5'000};
inline constexpr std::int32_t kOffsetsTopicPartitions = 50;
inline constexpr std::size_t kBatchBytesMax = 1'048'588;

// Not a setting in Kafka either: a member whose JoinGroup has not been answered yet cannot send
// heartbeats, so it is given this long before it counts as gone.
inline constexpr milliseconds kNewMemberJoinTimeout{5 * 60'000};

struct GroupConfig {
    // group.initial.rebalance.delay.ms: how long the first rebalance of an empty group waits for
    // more members. Each arrival extends it by as much, up to the rebalance timeout.
    milliseconds initial_rebalance_delay = kInitialRebalanceDelay;
    // group.min.session.timeout.ms, group.max.session.timeout.ms
    milliseconds session_timeout_min = kSessionTimeoutMin;
    milliseconds session_timeout_max = kSessionTimeoutMax;
    // group.max.size, in members
    std::int32_t size_max = kGroupSizeMax;
    // offset.metadata.max.bytes; like Kafka's it counts UTF-16 units, not bytes.
    std::int32_t offset_metadata_size_max = kOffsetMetadataSizeMax;
    // offsets.retention.minutes, offsets.retention.check.interval.ms
    milliseconds offsets_retention = kOffsetsRetention;
    milliseconds offsets_retention_check_interval = kOffsetsRetentionCheckInterval;
    // offsets.commit.timeout.ms: how long a request waits for its records to be committed.
    milliseconds commit_timeout = kCommitTimeout;
    // offsets.topic.num.partitions: in how many partitions `__consumer_offsets` was created.
    std::int32_t offsets_topic_partitions = kOffsetsTopicPartitions;
    // message.max.bytes: no batch of ours is larger.
    std::size_t batch_bytes_max = kBatchBytesMax;
};

}  // namespace cauce::coordinator::group
