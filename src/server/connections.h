// The connections of one shard: serves what it is given until they end or the node stops.
#pragma once

#include "server/connection.h"

#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cauce::server {

class Connections;

// What a connection takes along to the shard that serves it next.
struct Luggage {
    std::unique_ptr<runtime::DetachedStream> stream;
    // Of a connection that was served elsewhere before:
    std::optional<ClientIdentity> identity;
    FrameBuffer received;
};

// Takes a connection to another shard: a call for Shards::on().
struct Handover {
    Connections* there;
    const Listener* listener;
    Luggage luggage;
    Task<void> operator()() { return run(*there, *listener, std::move(luggage)); }
    static Task<void> run(Connections& connections, const Listener& listener, Luggage luggage);
};

class Connections {
public:
    explicit Connections(ShardServices& shard);

    // The Connections of every shard, for connections that move. Before the first adopt().
    void introduce(std::vector<Connections*> elsewhere) { elsewhere_ = std::move(elsewhere); }
    // Serves an accepted connection from now on.
    void adopt(Luggage luggage, const Listener& listener);
    // No more requests are read; ends when those under way are answered and every connection is
    // closed.
    Task<void> close();
    std::size_t size() const { return open_.size(); }

private:
    Task<void> serve(std::unique_ptr<Connection> connection);

    ShardServices& shard_;
    std::vector<Connections*> elsewhere_;
    bool closing_ = false;
    std::unordered_set<Connection*> open_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::server
