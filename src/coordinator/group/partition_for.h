// Which partition of `__consumer_offsets` a group lives in, as every Kafka broker computes it.
#pragma once

#include <cstdint>
#include <string_view>

namespace cauce::coordinator::group {

// java.lang.String.hashCode() of `text`: over UTF-16 units, so UTF-8 is converted on the way.
// Bytes that are not UTF-8 count as U+FFFD each.
std::int32_t java_string_hash(std::string_view text);

// In [0, partitions); `partitions` is the topic's partition count and positive.
std::int32_t partition_for(std::string_view group_id, std::int32_t partitions);

}  // namespace cauce::coordinator::group
