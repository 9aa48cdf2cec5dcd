#include "server/acceptor.h"

#include <string>
#include <utility>

namespace cauce::server {

Acceptor::Acceptor(ShardServices& shard, const Listener& listener, ConnectionQuota& quota,
                   std::vector<Connections*> everywhere)
    : shard_(shard), listener_(listener), quota_(quota), everywhere_(std::move(everywhere)) {}

Task<IoResult<void>> Acceptor::listen() {
    auto socket = co_await shard_.net.listen(listener_.bind, shard_.settings.socket_buffers);
    if (!socket) co_return std::unexpected(std::move(socket).error());
    socket_ = *std::move(socket);
    co_return IoResult<void>{};
}

Task<void> Acceptor::run() {
    while (true) {
        while (quota_.full() && !closed_)
            co_await quota_.freed().wait();
        auto stream = co_await socket_->accept();
        if (!stream) co_return;
        const std::string host = (*stream)->peer().host;
        if (!quota_.enter(host)) {
            shard_.log.warn("turning away a connection of " + host + ": it has " +
                            std::to_string(quota_.most_from(host)) +
                            " already, as many as max.connections.per.ip allows");
            continue;
        }
        const unsigned shard = next_++ % shard_.shards.count();
        Handover handover{everywhere_[shard], &listener_, {*std::move(stream), std::nullopt, {}}};
        const bool adopted = co_await shard_.shards.on(shard, std::move(handover));
        if (!adopted) quota_.leave(host);
    }
}

void Acceptor::close() {
    closed_ = true;
    quota_.freed().notify_all();
    if (socket_) socket_->close();
}

}  // namespace cauce::server
