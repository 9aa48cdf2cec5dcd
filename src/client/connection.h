// Connection: one stream to one broker. Requests are pipelined: many may wait for their answers at
// once, which come back in the order of the requests. The peer is not trusted: sizes are bounded,
// every answer must fit a request and decode to its last byte, else the connection ends.
//
// One shard. Held by shared pointer: by whoever uses it and by its own two loops, which run in the
// owner's TaskGroup and end soon after close(). Errors, beside those of the broker:
//   network_exception   the connection broke, or was closed
//   request_timed_out   no answer until the deadline; the connection is closed, for behind a
//   request
//                       that hangs nothing else is answered either
//   unsupported_version the broker speaks no version of that request that we speak
//   corrupt_message     the broker sent what is no answer
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "client/frame_reader.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "runtime/task_group.h"
#include "wire/api_table.h"
#include "wire/frame.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cauce::client {

struct ConnectionOptions {
    std::string client_id = "cauce";
    std::size_t response_bytes_max = 128u << 20;
};

// An answer. `body` points into `frame`.
template <typename Response>
struct Reply {
    Buffer frame;
    Response body;
    std::int16_t version = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
    // Connects and asks which versions are spoken. `group` must outlive the connection's loops:
    // close() it, then join the group.
    static runtime::Task<Result<std::shared_ptr<Connection>>> open(
        runtime::Net& net, runtime::Shards& shards, runtime::TaskGroup& group,
        runtime::Address address, ConnectionOptions options, MonoTime deadline);
    // The same over a stream that is there already.
    static runtime::Task<Result<std::shared_ptr<Connection>>> open(
        std::unique_ptr<runtime::Stream> stream, runtime::Shards& shards, runtime::TaskGroup& group,
        ConnectionOptions options, MonoTime deadline);

    Connection(const Connection&) = delete;
    ~Connection();

    // Sends `request` in the highest version both sides speak, at most `version_max`, and waits for
    // the answer.
    template <typename Response, typename Request>
    runtime::Task<Result<Reply<Response>>> call(const Request& request, MonoTime deadline,
                                                std::int16_t version_max = Request::kMaxVersion);

    // Sends a request that has no answer: Produce with acks=0. Returns when it has been written.
    template <typename Request>
    runtime::Task<Result<void>> send(const Request& request, MonoTime deadline,
                                     std::int16_t version_max = Request::kMaxVersion);

    // The version call() would use.
    template <typename Request>
    Result<std::int16_t> version(std::int16_t version_max = Request::kMaxVersion) const {
        return common_version(static_cast<wire::ApiKey>(Request::kApiKey), Request::kMinVersion,
                              version_max);
    }

    // Ends all that waits with network_exception. Idempotent.
    void close();
    bool is_open() const { return !failure_; }
    runtime::Address peer() const { return peer_; }

    // What the broker said about itself in ApiVersions.
    struct VersionRange {
        std::int16_t min = 0;
        std::int16_t max = -1;
    };
    const std::map<std::int16_t, VersionRange>& broker_versions() const { return versions_; }

private:
    // What a call waits for: the answer, or that its frame has been written. Shared, so that a call
    // that is given up leaves its place in the order of answers behind.
    struct Waiting {
        runtime::Event done;
        Result<Buffer> result;
    };
    struct Expected {
        std::int32_t correlation_id;
        std::shared_ptr<Waiting> waiting;
    };
    struct Outgoing {
        Buffer frame;
        std::shared_ptr<Waiting> written;  // null when nobody asks
    };

    Connection(std::unique_ptr<runtime::Stream> stream, runtime::Shards& shards,
               ConnectionOptions options);

    runtime::Task<Result<void>> negotiate(MonoTime deadline);
    Result<std::int16_t> common_version(wire::ApiKey key, std::int16_t min, std::int16_t max) const;

    template <typename Request>
    Result<Buffer> encode(const Request& request, std::int16_t version,
                          std::int32_t correlation_id) const;
    // Queues the frame and waits for the answer to it.
    runtime::Task<Result<Buffer>> exchange(Buffer frame, std::int32_t correlation_id,
                                           MonoTime deadline);
    // Queues the frame and waits until it is written.
    runtime::Task<Result<void>> post(Buffer frame, MonoTime deadline);
    // Reads the header; the error closes the connection.
    template <typename Response>
    Result<Reply<Response>> decode(Buffer frame, std::int16_t version);
    // Waits for `waiting`; a deadline that passes fails the connection.
    runtime::Task<Result<Buffer>> finish(std::shared_ptr<Waiting> waiting, MonoTime deadline);

    static runtime::Task<void> read_loop(std::shared_ptr<Connection> self);
    static runtime::Task<void> write_loop(std::shared_ptr<Connection> self);
    // The first failure counts: everything that waits gets it.
    void fail_all(Error error);

    // Constant after construction.
    std::unique_ptr<runtime::Stream> stream_;
    runtime::Shards& shards_;
    ConnectionOptions options_;
    runtime::Address peer_;

    std::map<std::int16_t, VersionRange> versions_;
    std::int32_t next_correlation_id_ = 0;
    std::optional<Error> failure_;
    FrameReader frames_;
    std::deque<Expected> expected_;
    std::deque<Outgoing> outgoing_;
    std::deque<std::shared_ptr<Waiting>> being_written_;
    runtime::WaitList outgoing_arrived_;
};

using ConnectionPtr = std::shared_ptr<Connection>;

template <typename Request>
Result<Buffer> Connection::encode(const Request& request, std::int16_t version,
                                  std::int32_t correlation_id) const {
    wire::Writer w;
    wire::begin_request(w, static_cast<wire::ApiKey>(Request::kApiKey), version, correlation_id,
                        options_.client_id);
    request.encode(w, version);
    if (!w.ok()) return fail(ErrorCode::invalid_request, w.error());
    if (!wire::end_frame(w)) return fail(ErrorCode::invalid_request, "the request is too large");
    return w.take();
}

template <typename Response>
Result<Reply<Response>> Connection::decode(Buffer frame, std::int16_t version) {
    Reply<Response> reply;
    reply.frame = std::move(frame);
    reply.version = version;
    wire::Reader r(reply.frame);
    wire::read_response_header(r, static_cast<wire::ApiKey>(Response::kApiKey), version);
    reply.body.decode(r, version);
    if (!r.ok() || r.remaining() > 0) {
        const std::string wrong =
            r.ok() ? std::to_string(r.remaining()) + " bytes follow it" : r.error();
        Error error{ErrorCode::corrupt_message, peer_.to_string() + " sent no valid " +
                                                    std::string(Response::kName) + ": " + wrong};
        fail_all(error);
        return std::unexpected(std::move(error));
    }
    return reply;
}

template <typename Response, typename Request>
runtime::Task<Result<Reply<Response>>> Connection::call(const Request& request, MonoTime deadline,
                                                        std::int16_t version_max) {
    static_assert(Request::kApiKey == Response::kApiKey);
    const ConnectionPtr alive = shared_from_this();
    ASSIGN_OR_CO_RETURN(const std::int16_t agreed, version<Request>(version_max));
    const std::int32_t id = next_correlation_id_++;
    ASSIGN_OR_CO_RETURN(Buffer frame, encode(request, agreed, id));
    ASSIGN_OR_CO_RETURN(Buffer answer, co_await exchange(std::move(frame), id, deadline));
    co_return decode<Response>(std::move(answer), agreed);
}

template <typename Request>
runtime::Task<Result<void>> Connection::send(const Request& request, MonoTime deadline,
                                             std::int16_t version_max) {
    const ConnectionPtr alive = shared_from_this();
    ASSIGN_OR_CO_RETURN(const std::int16_t agreed, version<Request>(version_max));
    ASSIGN_OR_CO_RETURN(Buffer frame, encode(request, agreed, next_correlation_id_++));
    co_return co_await post(std::move(frame), deadline);
}

}  // namespace cauce::client
