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
    // `everywhere` holds the Connections of each shard, to be used there.
    Acceptor(ShardServices& shard, const Listener& listener, std::vector<Connections*> everywhere);

    // EADDRINUSE and friends.
    Task<IoResult<void>> listen();
    // With the port that was given out when 0 was configured.
    runtime::Address local() const { return socket_->local(); }
    // Accepts until close().
    Task<void> run();
    void close();

private:
    ShardServices& shard_;
    const Listener& listener_;
    std::vector<Connections*> everywhere_;
    std::unique_ptr<runtime::Listener> socket_;
    unsigned next_ = 0;
};

}  // namespace cauce::server
