// The node's HTTP listener: metrics and health now; the console, its live feed and the gateway will
// be further routes. Accepts and serves on the shard that made it.
//
// A client that opens connections and says nothing must not keep the probes of others out: when all
// places are taken, the connection that has been waiting longest for a request makes room.
#pragma once

#include "base/log.h"
#include "http/connection.h"
#include "http/routes.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "runtime/task_group.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace cauce::http {

class Server {
public:
    Server(runtime::Shards& shards, runtime::Net& net, Logger log, Limits limits = {});
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    // Before listen().
    void route(std::string path, Handler handler);

    // EADDRINUSE and friends. Requests are served from now on.
    Task<IoResult<void>> listen(runtime::Address address);
    // With the port that was given out when 0 was asked for.
    runtime::Address local() const { return socket_->local(); }

    // Nobody is let in any more; answers under way have a moment to be read. Ends when every
    // connection is closed. The last call.
    Task<void> close();

    std::size_t size() const { return open_.size(); }

private:
    static constexpr Duration kAnswersReadWithin = seconds(2);

    Task<void> accept();
    Task<void> serve(std::uint64_t number, std::unique_ptr<Connection> connection);
    // Lets the longest-waiting connection go; false when all are being answered.
    bool make_room();

    runtime::Shards& shards_;
    runtime::Net& net_;
    const Logger log_;
    const Limits limits_;
    Routes routes_;
    std::unique_ptr<runtime::Listener> socket_;
    bool closing_ = false;
    std::uint64_t accepted_ = 0;
    std::map<std::uint64_t, Connection*> open_;  // by order of arrival, so that runs repeat
    runtime::WaitList ended_;                    // a connection did
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::http
