// One request and its answer, handed to whoever serves the page. The answer goes out whole, or in
// pieces when it may be large: each write() waits until the connection has taken the piece, so
// nobody holds more than one. Lives in the connection's coroutine.
#pragma once

#include "base/time.h"
#include "http/request.h"
#include "http/response.h"
#include "runtime/clock.h"
#include "runtime/net.h"
#include "runtime/task.h"

#include <string>
#include <string_view>
#include <utility>

namespace cauce::http {

using runtime::Task;

class Exchange {
public:
    // `keep_alive`: the connection may go on afterwards.
    Exchange(Request request, runtime::Stream& stream, const runtime::Clock& clock, bool keep_alive)
        : request_(std::move(request)), stream_(stream), clock_(clock), keep_alive_(keep_alive) {}
    Exchange(const Exchange&) = delete;

    const Request& request() const { return request_; }

    Task<void> reply(Response response);

    Task<void> begin(Status status, std::string_view content_type);
    // False: nobody reads any more, so nothing more need be made.
    Task<bool> write(std::string_view piece);
    Task<void> end();

    // Whoever reads is given up: nothing more is written.
    void abandon() {
        broken_ = true;
        stream_.close();
    }

    // The answer is out, and the connection can take another request.
    bool may_go_on() const { return ended_ && keep_alive_ && !broken_; }

private:
    Task<void> send(std::string_view text);

    const Request request_;
    runtime::Stream& stream_;
    const runtime::Clock& clock_;
    bool keep_alive_;
    bool chunked_ = false;
    bool begun_ = false;
    bool ended_ = false;
    bool broken_ = false;
};

}  // namespace cauce::http
