// Which partition a record goes to. Keys are hashed as Apache Kafka's Java client does (murmur2),
// so that one key lands in one partition whichever of the two writes it. Records without a key
// stick to one partition until a batch's worth went there, then to another, drawn by chance
// (KIP-480, 794).
#pragma once

#include "base/bytes.h"
#include "runtime/random.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cauce::client {

// MurmurHash2, 32 bits, with the seed of Kafka's Java client.
std::uint32_t murmur2(BytesView bytes);

// `partitions` > 0.
std::int32_t partition_for_key(BytesView key, std::int32_t partitions);

// The partition of keyless records of one topic. One shard.
class StickyPartition {
public:
    // `available`: partitions that have a leader, not empty. `size_bytes` is the record's.
    std::int32_t choose(const std::vector<std::int32_t>& available, std::size_t size_bytes,
                        std::size_t batch_bytes, runtime::Random& random);

private:
    std::int32_t current_ = -1;
    std::size_t taken_bytes_ = 0;
};

}  // namespace cauce::client
