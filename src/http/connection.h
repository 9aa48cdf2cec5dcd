// One HTTP connection: requests in, answers out, one after another. Owned by its Server, on its
// shard. Whoever keeps it busy without getting on is cut off: a request must be whole, an answer
// read, within its time.
#pragma once

#include "http/exchange.h"
#include "http/request_reader.h"
#include "http/routes.h"
#include "runtime/shards.h"
#include "runtime/timers.h"

#include <memory>
#include <optional>

namespace cauce::http {

struct Limits {
    std::size_t head_bytes = 8 * 1024;  // of a request
    std::size_t connections = 64;
    Duration request_within = seconds(10);   // from accept, or its first byte, to its end
    Duration idle = seconds(75);             // between requests: more than a usual scrape interval
    Duration response_within = seconds(10);  // until it is made and read
    // What a refused client still sends is read for so long, so that it gets to see the refusal.
    Duration linger = seconds(1);
    std::size_t linger_bytes = 64 * 1024;
};

class Connection {
public:
    Connection(runtime::Shards& shards, std::unique_ptr<runtime::Stream> stream,
               const Routes& routes, const Limits& limits);

    // Serves until the peer leaves, breaks a rule, or close() or abandon() is called.
    Task<void> run();

    // The answer under way, if any, is the last.
    void close();
    // That one neither.
    void abandon();

    // Since when a request is waited for; nothing while one is answered, or when it ends anyway.
    std::optional<MonoTime> waiting_since() const;

private:
    struct Deadline : runtime::Timer {
        explicit Deadline(Connection& owner);
        Connection& connection;
    };

    Task<std::optional<Request>> next_request();
    Task<void> answer(Request request);
    Task<void> refuse(Refusal refusal);
    Task<void> linger();
    // From now on, instead of what was set before.
    void within(Duration span);

    runtime::Shards& shards_;
    const std::unique_ptr<runtime::Stream> stream_;
    const Routes& routes_;
    const Limits& limits_;

    RequestReader requests_;
    Deadline deadline_;
    MonoTime waiting_since_;
    bool waiting_ = true;
    bool closing_ = false;
};

}  // namespace cauce::http
