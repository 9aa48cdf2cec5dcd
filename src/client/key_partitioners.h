// The ways in which clients choose a partition for a key. They do not agree: one key written by
// clients of two kinds stands in two partitions, in no order between them.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace cauce::client {

struct KeyPartitioner {
    std::string_view name;
    std::string_view clients;  // that use it unless told otherwise
    std::int32_t (*partition)(BytesView key, std::int32_t partitions);  // `partitions` > 0
};

// Apache Kafka's own first.
std::span<const KeyPartitioner> key_partitioners();

}  // namespace cauce::client
