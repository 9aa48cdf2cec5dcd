// Listens on one address and deals connections out to the shards in turn. Lives on the shard that
// made it.
#pragma once

#include "runtime/net.h"
#include "server/connections.h"

#include <memory>
#include <vector>

namespace cauce::server {

class Acceptor {
public:
    // `everywhere` holds the Connections of each shard, to be used there. Acceptors of one node
    // share the quota.
    Acceptor(ShardServices& shard, const Listener& listener, ConnectionQuota& quota,
             std::vector<Connections*> everywhere);

    // EADDRINUSE and friends.
    Task<IoResult<void>> listen();
    // With the port that was given out when 0 was configured.
    runtime::Address local() const { return socket_->local(); }
    // Accepts until close(). With max.connections reached nobody is accepted until one leaves: who
    // comes waits in the kernel's queue, as with Kafka. An address that has its share is turned
    // away at once.
    Task<void> run();
    void close();

private:
    ShardServices& shard_;
    const Listener& listener_;
    ConnectionQuota& quota_;
    std::vector<Connections*> everywhere_;
    std::unique_ptr<runtime::Listener> socket_;
    unsigned next_ = 0;
    bool closed_ = false;
};

}  // namespace cauce::server
