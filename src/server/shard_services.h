// Everything a shard serves requests with. One object a shard, made by node/, outliving all
// connections.
#pragma once

#include "base/log.h"
#include "live/request_times.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "runtime/stopwatch.h"
#include "server/changed_reason.h"
#include "server/fetch_session.h"
#include "server/fetch_wait.h"
#include "server/producer_ids.h"
#include "server/request_memory.h"
#include "server/settings.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cauce::metadata {
class Image;
}
namespace cauce::replica {
class PartitionTable;
}
namespace cauce::coordinator {
class Host;
}
namespace cauce::controller {
class Host;
}

namespace cauce::server {

class LogStarts;
using runtime::Task;

struct ShardServices {
    runtime::Shards& shards;
    runtime::Net& net;
    const runtime::Stopwatch& stopwatch;
    const Settings& settings;  // immutable, shared by all shards
    Logger log;

    // The cluster as this shard last heard of it; replaced whole (node/ on every committed change).
    std::shared_ptr<const metadata::Image> image;
    runtime::WaitList image_changed{};

    replica::PartitionTable& partitions;  // the partitions this shard owns
    coordinator::Host& groups;            // the groups whose offsets partitions this shard owns
    FetchSessions fetch_sessions;
    RequestMemory request_memory;
    FetchWaits fetch_waits{};
    ProducerIds producer_ids{};
    // To be used on kControllerShard only: shards.on(kControllerShard, ...).
    controller::Host& controller;
    static constexpr unsigned kControllerShard = 0;
    LogStarts& log_starts;  // likewise

    // The same object of every shard, for use there: shards.on(i, [&peer = *peers[i]] { return
    // f(peer); }).
    std::vector<ShardServices*> peers{};

    // Why __consumer_offsets could not be made; on kControllerShard.
    ChangedReason offsets_topic_refusal{};

    // Set when the node stops: long polls answer what they have, parked requests end.
    runtime::Stop stop{};

    // Another number each time, on whichever shard: for clients, and for waits that other shards
    // may end.
    std::uint64_t next_token() {
        return static_cast<std::uint64_t>(shards.self()) << 48 | ++last_token;
    }
    std::uint64_t last_token = 0;

    // Connections of this shard whose answers are large (Connection::owned_by).
    std::uint32_t bulk_readers = 0;

    // Of the requests that connections of this shard were answered.
    live::RequestTimes request_times{};
};

}  // namespace cauce::server
