// What a partition obeys of its topic's configuration. A value shared by the partitions of a topic;
// a changed configuration is a new one.
#pragma once

#include "storage/log_config.h"
#include "wire/compression.h"
#include "wire/record_batch.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

namespace cauce::replica {

struct TopicSettings {
    std::shared_ptr<const storage::LogConfig> log = std::make_shared<storage::LogConfig>();
    std::int32_t max_message_bytes = 1'048'588;  // max.message.bytes
    wire::TimestampType timestamp_type =
        wire::TimestampType::create_time;  // message.timestamp.type
    std::int64_t timestamp_before_max_ms =
        std::numeric_limits<std::int64_t>::max();     // message.timestamp.before.max.ms
    std::int64_t timestamp_after_max_ms = 3'600'000;  // message.timestamp.after.max.ms
    std::int32_t min_insync_replicas = 1;             // min.insync.replicas
    bool validate_compressed = false;                 // cauce.validate.compressed
    // compression.type: nothing = "producer", batches are kept as they come.
    std::optional<wire::Codec> codec;
    std::optional<int> codec_level;
};

}  // namespace cauce::replica
