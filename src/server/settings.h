// What the server reads of the configuration, checked and typed. Immutable after start-up.
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "metadata/effective_config.h"
#include "runtime/net.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cauce::server {

struct Listener {
    std::string name;  // "PLAINTEXT"
    runtime::Address bind;
    runtime::Address advertised;
};

// Kafka's names are max.connections and max.connections.per.ip(.overrides).
struct ConnectionLimits {
    std::int32_t total = INT32_MAX;
    std::int32_t per_address = INT32_MAX;
    std::map<std::string, std::int32_t> per_address_overrides;  // by numeric address

    bool operator==(const ConnectionLimits&) const = default;
};

struct Settings {
    NodeId node_id;
    std::string cluster_id;
    // The quorum's level of kraft.version, found at the start. It stands in control records and not
    // in the image, and nothing changes it while this node runs.
    std::int16_t kraft_version = 0;
    std::vector<Listener> listeners;
    metadata::StaticConfig file;  // every key as it was given
    std::int32_t socket_request_max_bytes = 100 * 1024 * 1024;
    // Zero where nobody chose: Kafka's 102400 would make a large answer leave in many pieces.
    runtime::SocketBuffers socket_buffers;
    // Of requests being received or handled, over all shards (queued.max.request.bytes); 0: nobody
    // chose, and the program takes a share of the machine's memory.
    std::int64_t request_bytes = 0;
    ConnectionLimits connection_limits;
    Duration connections_max_idle = std::chrono::minutes(10);
    bool auto_create_topics = true;
    std::int32_t num_partitions = 1;
    std::int16_t default_replication_factor = 1;
    std::int32_t fetch_max_bytes = 55 * 1024 * 1024;
    // Of one DescribeTopicPartitions (max.request.partition.size.limit).
    std::int32_t described_partitions_max = 2000;
    std::int32_t fetch_session_slots =
        1000;  // max.incremental.fetch.session.cache.slots, over all shards
    std::int32_t offsets_topic_partitions = 50;
    std::int16_t offsets_topic_replication_factor = 3;
    std::string offsets_topic_segment_bytes = "104857600";
    std::int32_t request_timeout_ms = 30'000;
};

}  // namespace cauce::server
