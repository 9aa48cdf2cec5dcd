#include "http/connection.h"

#include <algorithm>
#include <utility>

namespace cauce::http {

Connection::Deadline::Deadline(Connection& owner)
    : Timer([](Timer* self) { static_cast<Deadline*>(self)->connection.abandon(); }),
      connection(owner) {}

Connection::Connection(runtime::Shards& shards, std::unique_ptr<runtime::Stream> stream,
                       const Routes& routes, const Limits& limits)
    : shards_(shards),
      stream_(std::move(stream)),
      routes_(routes),
      limits_(limits),
      requests_(limits.head_bytes),
      deadline_(*this),
      waiting_since_(shards.clock().now()) {}

void Connection::close() {
    closing_ = true;
    if (waiting_) stream_->close();
}

void Connection::abandon() {
    closing_ = true;
    stream_->close();
}

std::optional<MonoTime> Connection::waiting_since() const {
    if (!waiting_ || closing_) return std::nullopt;
    return waiting_since_;
}

void Connection::within(Duration span) {
    shards_.timers().arm(deadline_, shards_.clock().now() + span);
}

Task<void> Connection::run() {
    within(limits_.request_within);
    while (!closing_) {
        auto request = co_await next_request();
        if (!request) break;
        within(limits_.response_within);
        co_await answer(*std::move(request));
        if (closing_) break;
        waiting_ = true;
        waiting_since_ = shards_.clock().now();
        within(requests_.empty() ? limits_.idle : limits_.request_within);
    }
    deadline_.disarm();
    stream_->close();
}

// Nothing when there will be none.
Task<std::optional<Request>> Connection::next_request() {
    while (true) {
        auto request = requests_.next();
        if (!request) {
            waiting_ = false;
            within(limits_.response_within);
            co_await refuse(std::move(request).error());
            co_return std::nullopt;
        }
        if (*request) {
            waiting_ = false;
            co_return *std::move(request);
        }
        const bool first = requests_.empty();
        if (first) co_await stream_->arrival();  // a connection that idles needs no buffer
        const auto bytes = co_await stream_->read_some(requests_.room());
        if (!bytes || *bytes == 0 || closing_) co_return std::nullopt;
        requests_.received(*bytes);
        if (first) within(limits_.request_within);
    }
}

Task<void> Connection::answer(Request request) {
    const Handler* handler = routes_.find(request.path);
    const bool understood = request.method != Method::other;
    // HTTP/1.0 would have to be told that the connection stays; nobody asks for that today.
    const bool keep_alive =
        request.keep_alive && request.version_1_1 && !request.has_body && !closing_;
    const bool has_body = request.has_body;
    Exchange exchange(std::move(request), *stream_, shards_.clock(), keep_alive);
    if (handler == nullptr) {
        Response response{Status::not_found, routes_.nothing_at(exchange.request().path)};
        co_await exchange.reply(std::move(response));
    } else if (!understood) {
        Response response{Status::method_not_allowed,
                          exchange.request().path + " is there to be read: GET or HEAD.\n"};
        co_await exchange.reply(std::move(response));
    } else if (has_body) {
        Response response{Status::content_too_large,
                          exchange.request().path + " takes no body with its request.\n"};
        co_await exchange.reply(std::move(response));
    } else {
        co_await (*handler)(exchange);
    }
    if (exchange.may_go_on()) co_return;
    closing_ = true;
    if (has_body) co_await linger();
}

Task<void> Connection::refuse(Refusal refusal) {
    Exchange exchange(Request{}, *stream_, shards_.clock(), false);
    Response response{refusal.status, std::move(refusal.why) + "\n"};
    co_await exchange.reply(std::move(response));
    closing_ = true;
    co_await linger();
}

// Closing with bytes unread resets the connection, which may take the answer from the client.
Task<void> Connection::linger() {
    within(limits_.linger);
    Buffer discarded(4096);
    for (std::size_t left = limits_.linger_bytes; left > 0;) {
        const auto bytes = co_await stream_->read_some(discarded);
        if (!bytes || *bytes == 0) co_return;
        left -= std::min(left, *bytes);
    }
}

}  // namespace cauce::http
