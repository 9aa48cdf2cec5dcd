// How many connections the node has, and from where: max.connections, max.connections.per.ip and
// max.connections.per.ip.overrides. One object a node, of the acceptors' shard; whoever serves a
// connection elsewhere tells it by leave_on() when the connection has ended.
#pragma once

#include "runtime/event.h"
#include "runtime/shards.h"
#include "server/settings.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

namespace cauce::server {

class ConnectionQuota {
public:
    // `shards` outlives it.
    ConnectionQuota(runtime::Shards& shards, ConnectionLimits limits)
        : home_(shards.self()), limits_(std::move(limits)) {}

    // Connections beyond a smaller limit stay; new ones wait, or are turned away, until enough have
    // left.
    void set_limits(ConnectionLimits limits);
    const ConnectionLimits& limits() const { return limits_; }

    bool full() const { return total_ >= limits_.total; }
    // Woken when that may have changed.
    runtime::WaitList& freed() { return freed_; }

    // False when this address has all that it may have.
    bool enter(const std::string& host);
    void leave(const std::string& host);
    // From any shard.
    runtime::Task<void> leave_on(runtime::Shards& here, std::string host);

    std::int32_t size() const { return total_; }
    std::int32_t most_from(const std::string& host) const;

private:
    const unsigned home_;
    ConnectionLimits limits_;
    std::int32_t total_ = 0;
    std::unordered_map<std::string, std::int32_t> by_host_;
    runtime::WaitList freed_;
};

}  // namespace cauce::server
