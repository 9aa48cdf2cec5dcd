#include "server/connections.h"

#include <string>
#include <utility>
#include <vector>

namespace cauce::server {

Task<bool> Handover::run(Connections& connections, const Listener& listener, Luggage luggage) {
    co_return connections.adopt(std::move(luggage), listener);
}

Connections::Connections(ShardServices& shard) : shard_(shard), tasks_(shard.shards.ready()) {
    shard_.request_memory.on_pressure([this] { relieve(); });
}

Connections::~Connections() {
    shard_.request_memory.on_pressure(nullptr);
}

Connection* Connections::find(live::ClientToken token) const {
    const auto found = open_.find(token);
    return found == open_.end() ? nullptr : found->second;
}

std::vector<live::ClientToken> Connections::tokens() const {
    std::vector<live::ClientToken> tokens;
    tokens.reserve(open_.size());
    for (const auto& [token, connection] : open_)
        tokens.push_back(token);
    return tokens;
}

void Connections::relieve() {
    // Closing one may end it at once, which changes the map.
    std::vector<live::ClientToken> dawdlers;
    for (const auto& [token, connection] : open_) {
        connection->release_idle();
        if (connection->dawdles()) dawdlers.push_back(token);
    }
    if (dawdlers.empty()) return;
    shard_.log.warn("requests wait for memory (queued.max.request.bytes): closing " +
                    std::to_string(dawdlers.size()) +
                    " connections that keep some for half a request and hardly send");
    for (const live::ClientToken token : dawdlers)
        if (Connection* connection = find(token)) connection->close();
}

bool Connections::adopt(Luggage luggage, const Listener& listener) {
    if (closing_) return false;  // and with that the stream is closed
    auto attached = shard_.net.attach(std::move(luggage.stream));
    if (!attached) return false;  // it went away meanwhile
    if (!luggage.client) {
        const runtime::Address peer = attached->peer();
        live::Client& client = luggage.client.emplace();
        client.token = shard_.next_token();
        client.host = peer.host;
        client.port = peer.port;
    }
    auto connection =
        std::make_unique<Connection>(shard_, std::move(attached), listener,
                                     *std::move(luggage.client), std::move(luggage.received));
    open_.emplace(connection->client().token, connection.get());
    tasks_.spawn(serve(std::move(connection)));
    return true;
}

Task<void> Connections::serve(std::unique_ptr<Connection> connection) {
    co_await connection->run();
    open_.erase(connection->client().token);
    ended_.notify_all();
    const std::string host = connection->client().host;
    const auto next = connection->moving_to();
    if (next && !closing_) {
        Handover handover{
            elsewhere_[*next],
            &connection->listener(),
            {connection->detach(), connection->client(), connection->take_received()}};
        connection.reset();
        if (co_await shard_.shards.on(*next, std::move(handover))) co_return;
    }
    connection.reset();
    co_await quota_->leave_on(shard_.shards, host);
}

Task<std::vector<live::Client>> Connections::clients() const {
    // Some may end meanwhile, and others come.
    const std::vector<live::ClientToken> all = tokens();
    std::vector<live::Client> clients;
    clients.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (const Connection* connection = find(all[i])) clients.push_back(connection->client());
        if ((i + 1) % kClientsAtOnce == 0) co_await runtime::yield();
    }
    co_return clients;
}

Task<void> Connections::close() {
    closing_ = true;
    // Closing one may end it at once, which changes the map.
    for (const live::ClientToken token : tokens())
        if (Connection* connection = find(token)) connection->close();
    // Who does not read its answers must not hold up the stop.
    const MonoTime deadline = shard_.shards.clock().now() + kAnswersReadWithin;
    while (!open_.empty() && shard_.shards.clock().now() < deadline)
        co_await ended_.wait_until(shard_.shards.timers(), deadline);
    for (const live::ClientToken token : tokens())
        if (Connection* connection = find(token)) connection->abandon();
    co_await tasks_.join();
}

}  // namespace cauce::server
