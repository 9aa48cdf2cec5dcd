#include "server/acceptor.h"

#include <utility>

namespace cauce::server {

Acceptor::Acceptor(ShardServices& shard, const Listener& listener,
                   std::vector<Connections*> everywhere)
    : shard_(shard), listener_(listener), everywhere_(std::move(everywhere)) {}

Task<IoResult<void>> Acceptor::listen() {
    auto socket = co_await shard_.net.listen(listener_.bind);
    if (!socket) co_return std::unexpected(std::move(socket).error());
    socket_ = *std::move(socket);
    co_return IoResult<void>{};
}

Task<void> Acceptor::run() {
    while (true) {
        auto stream = co_await socket_->accept();
        if (!stream) co_return;
        const unsigned shard = next_++ % shard_.shards.count();
        Handover handover{everywhere_[shard], &listener_, {*std::move(stream), std::nullopt, {}}};
        co_await shard_.shards.on(shard, std::move(handover));
    }
}

void Acceptor::close() {
    if (socket_) socket_->close();
}

}  // namespace cauce::server
