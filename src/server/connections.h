// The connections of one shard: serves what it is given until they end or the node stops.
#pragma once

#include "server/connection.h"

#include <memory>
#include <unordered_set>

namespace cauce::server {

class Connections {
public:
    explicit Connections(ShardServices& shard);

    // Serves an accepted connection from now on.
    void adopt(std::unique_ptr<runtime::DetachedStream> stream, const Listener& listener);
    // No more requests are read; ends when those under way are answered and every connection is
    // closed.
    Task<void> close();
    std::size_t size() const { return open_.size(); }

private:
    Task<void> serve(std::unique_ptr<Connection> connection);

    ShardServices& shard_;
    bool closing_ = false;
    std::unordered_set<Connection*> open_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::server
