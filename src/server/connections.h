// The connections of one shard: serves what it is given until they end or the node stops.
#pragma once

#include "server/connection.h"
#include "server/connection_quota.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cauce::server {

class Connections;

// What a connection takes along to the shard that serves it next.
struct Luggage {
    std::unique_ptr<runtime::DetachedStream> stream;
    // Of a connection that was served elsewhere before:
    std::optional<live::Client> client;
    FrameBuffer received;
};

// Takes a connection to another shard: a call for Shards::on().
struct Handover {
    Connections* there;
    const Listener* listener;
    Luggage luggage;
    // False when it was closed instead: the shard stops, or it went away meanwhile.
    Task<bool> operator()() { return run(*there, *listener, std::move(luggage)); }
    static Task<bool> run(Connections& connections, const Listener& listener, Luggage luggage);
};

class Connections {
public:
    explicit Connections(ShardServices& shard);
    ~Connections();

    // The Connections of every shard, for connections that move. Before the first adopt().
    // `quota` is told of every connection that ends.
    void introduce(std::vector<Connections*> elsewhere, ConnectionQuota& quota) {
        elsewhere_ = std::move(elsewhere);
        quota_ = &quota;
    }
    // Serves an accepted connection from now on; false as Handover says.
    bool adopt(Luggage luggage, const Listener& listener);
    // No more requests are read; ends when those under way are answered and every connection is
    // closed.
    Task<void> close();
    std::size_t size() const { return open_.size(); }
    // Who they are. A connection on its way to another shard is in neither's list, for a moment.
    // Gives way to requests now and then.
    Task<std::vector<live::Client>> clients() const;

private:
    // So many clients are listed at a time: some 50 us, which a request that waits does not notice.
    static constexpr std::size_t kClientsAtOnce = 200;
    // How long a stop waits for clients to read the answers they were given.
    static constexpr Duration kAnswersReadWithin = seconds(5);

    // Memory is short: takes back what idle ones have, and closes those that keep some for requests
    // which do not get on.
    void relieve();
    Task<void> serve(std::unique_ptr<Connection> connection);
    // Null when it has ended.
    Connection* find(live::ClientToken token) const;
    std::vector<live::ClientToken> tokens() const;

    ShardServices& shard_;
    std::vector<Connections*> elsewhere_;
    ConnectionQuota* quota_ = nullptr;
    bool closing_ = false;
    runtime::WaitList ended_;  // a connection did
    // By token, so in the order in which they came: what is done to all of them is done in the same
    // order in every run of a seed.
    std::map<live::ClientToken, Connection*> open_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::server
