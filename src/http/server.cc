#include "http/server.h"

#include <utility>
#include <vector>

namespace cauce::http {

Server::Server(runtime::Shards& shards, runtime::Net& net, Logger log, Limits limits)
    : shards_(shards), net_(net), log_(std::move(log)), limits_(limits), tasks_(shards.ready()) {}

Server::~Server() = default;

void Server::route(std::string path, Handler handler) {
    routes_.add(std::move(path), std::move(handler));
}

Task<IoResult<void>> Server::listen(runtime::Address address) {
    auto socket = co_await net_.listen(std::move(address));
    if (!socket) co_return std::unexpected(std::move(socket).error());
    socket_ = *std::move(socket);
    tasks_.spawn(accept());
    co_return IoResult<void>{};
}

Task<void> Server::accept() {
    while (!closing_) {
        auto accepted = co_await socket_->accept();
        if (!accepted) co_return;
        while (open_.size() >= limits_.connections && make_room()) {
            // It may have ended at once.
            if (open_.size() >= limits_.connections) co_await ended_.wait();
        }
        if (closing_) co_return;
        if (open_.size() >= limits_.connections) {
            log_.warn("turning away a connection of " + (*accepted)->peer().host + ": " +
                      std::to_string(open_.size()) + " requests are being answered");
            continue;
        }
        auto stream = net_.attach(*std::move(accepted));
        if (!stream) continue;  // it went away meanwhile
        auto connection =
            std::make_unique<Connection>(shards_, std::move(stream), routes_, limits_);
        const std::uint64_t number = ++accepted_;
        open_.emplace(number, connection.get());
        tasks_.spawn(serve(number, std::move(connection)));
    }
}

bool Server::make_room() {
    Connection* longest = nullptr;
    for (const auto& [number, connection] : open_) {
        const auto since = connection->waiting_since();
        if (!since) continue;
        if (longest == nullptr || *since < *longest->waiting_since()) longest = connection;
    }
    if (longest == nullptr) return false;
    longest->close();
    return true;
}

Task<void> Server::serve(std::uint64_t number, std::unique_ptr<Connection> connection) {
    co_await connection->run();
    open_.erase(number);
    connection.reset();
    ended_.notify_all();
}

Task<void> Server::close() {
    closing_ = true;
    if (socket_) socket_->close();
    ended_.notify_all();
    const auto all = [this] {
        std::vector<Connection*> connections;
        for (const auto& [number, connection] : open_)
            connections.push_back(connection);
        return connections;
    };
    for (Connection* connection : all())
        connection->close();
    const MonoTime deadline = shards_.clock().now() + kAnswersReadWithin;
    while (!open_.empty() && shards_.clock().now() < deadline)
        co_await ended_.wait_until(shards_.timers(), deadline);
    for (Connection* connection : all())
        connection->abandon();
    co_await tasks_.join();
}

}  // namespace cauce::http
