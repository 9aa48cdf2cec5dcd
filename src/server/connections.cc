#include "server/connections.h"

#include <utility>
#include <vector>

namespace cauce::server {

Task<void> Handover::run(Connections& connections, const Listener& listener, Luggage luggage) {
    connections.adopt(std::move(luggage), listener);
    co_return;
}

Connections::Connections(ShardServices& shard) : shard_(shard), tasks_(shard.shards.ready()) {}

void Connections::adopt(Luggage luggage, const Listener& listener) {
    if (closing_) return;  // and with that the stream is closed
    auto attached = shard_.net.attach(std::move(luggage.stream));
    if (!attached) return;  // it went away meanwhile
    auto connection = std::make_unique<Connection>(shard_, std::move(attached), listener,
                                                   std::move(luggage.received));
    if (luggage.identity) connection->identity() = *std::move(luggage.identity);
    open_.insert(connection.get());
    tasks_.spawn(serve(std::move(connection)));
}

Task<void> Connections::serve(std::unique_ptr<Connection> connection) {
    co_await connection->run();
    open_.erase(connection.get());
    const auto next = connection->moving_to();
    if (!next || closing_) co_return;
    Handover handover{elsewhere_[*next],
                      &connection->listener(),
                      {connection->detach(), connection->identity(), connection->take_received()}};
    connection.reset();
    co_await shard_.shards.on(*next, std::move(handover));
}

Task<void> Connections::close() {
    closing_ = true;
    // Closing one may end it at once, which changes the set.
    const std::vector<Connection*> all(open_.begin(), open_.end());
    for (Connection* connection : all) {
        if (open_.contains(connection)) connection->close();
    }
    co_await tasks_.join();
}

}  // namespace cauce::server
