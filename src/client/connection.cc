#include "client/connection.h"

#include "base/version.h"
#include "wire/messages/api_versions_request.h"
#include "wire/messages/api_versions_response.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

namespace cauce::client {
namespace {

// Frames written by one call.
constexpr std::size_t kFramesPerWriteMax = 64;

std::string in_ms(Duration span) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(span).count()) + " ms";
}

std::string describe(std::int16_t min, std::int16_t max) {
    return min == max ? std::to_string(min) : std::to_string(min) + " to " + std::to_string(max);
}

}  // namespace

Connection::Connection(std::unique_ptr<runtime::Stream> stream, runtime::Shards& shards,
                       ConnectionOptions options)
    : stream_(std::move(stream)),
      shards_(shards),
      options_(std::move(options)),
      peer_(stream_->peer()),
      frames_(*stream_, options_.response_bytes_max) {}

Connection::~Connection() = default;

runtime::Task<Result<std::shared_ptr<Connection>>> Connection::open(
    runtime::Net& net, runtime::Shards& shards, runtime::TaskGroup& group, runtime::Address address,
    ConnectionOptions options, MonoTime deadline) {
    auto stream = co_await net.connect(address, deadline);
    if (!stream) {
        const ErrorCode code = stream.error().number == ETIMEDOUT ? ErrorCode::request_timed_out
                                                                  : ErrorCode::network_exception;
        co_return fail(code, stream.error().to_string());
    }
    co_return co_await open(std::move(*stream), shards, group, std::move(options), deadline);
}

runtime::Task<Result<std::shared_ptr<Connection>>> Connection::open(
    std::unique_ptr<runtime::Stream> stream, runtime::Shards& shards, runtime::TaskGroup& group,
    ConnectionOptions options, MonoTime deadline) {
    ConnectionPtr connection(new Connection(std::move(stream), shards, std::move(options)));
    group.spawn(read_loop(connection));
    group.spawn(write_loop(connection));
    const Result<void> negotiated = co_await connection->negotiate(deadline);
    if (!negotiated) {
        connection->close();
        co_return std::unexpected(negotiated.error());
    }
    co_return connection;
}

runtime::Task<Result<void>> Connection::negotiate(MonoTime deadline) {
    wire::ApiVersionsRequest request;
    request.client_software_name = kSoftwareName;
    request.client_software_version = kVersion;
    std::int16_t asked = wire::ApiVersionsRequest::kMaxVersion;
    Reply<wire::ApiVersionsResponse> reply;
    for (;;) {
        const std::int32_t id = next_correlation_id_++;
        ASSIGN_OR_CO_RETURN(Buffer frame, encode(request, asked, id));
        ASSIGN_OR_CO_RETURN(Buffer answer, co_await exchange(std::move(frame), id, deadline));
        // A broker that does not know this version answers in version 0 (KIP-511); the error code
        // is the first thing in every version.
        wire::Reader peek(answer);
        wire::read_response_header(peek, wire::ApiKey::api_versions, 0);
        const ErrorCode error = error_code_from_wire(peek.int16());
        const bool refused = peek.ok() && error == ErrorCode::unsupported_version;
        ASSIGN_OR_CO_RETURN(reply, decode<wire::ApiVersionsResponse>(
                                       std::move(answer), refused ? std::int16_t{0} : asked));
        if (!refused) break;
        std::int16_t next = 0;
        for (const auto& api : reply.body.api_keys)
            if (api.api_key == wire::ApiVersionsRequest::kApiKey)
                next = std::min(asked, api.max_version);
        if (next >= asked || next < 0)
            co_return fail(ErrorCode::unsupported_version,
                           peer_.to_string() + " refuses every version of ApiVersions");
        asked = next;
    }
    const ErrorCode error = error_code_from_wire(reply.body.error_code);
    if (error != ErrorCode::none)
        co_return fail(error, peer_.to_string() + " refused to say which versions it speaks: " +
                                  std::string(error_name(error)));
    for (const auto& api : reply.body.api_keys)
        versions_[api.api_key] = {api.min_version, api.max_version};
    co_return Result<void>();
}

Result<std::int16_t> Connection::common_version(wire::ApiKey key, std::int16_t min,
                                                std::int16_t max) const {
    const auto found = versions_.find(static_cast<std::int16_t>(key));
    const std::string name(wire::find_api(key).name);
    if (found == versions_.end())
        return fail(ErrorCode::unsupported_version, peer_.to_string() + " does not offer " + name);
    const VersionRange theirs = found->second;
    const std::int16_t highest = std::min(max, theirs.max);
    if (highest < std::max(min, theirs.min))
        return fail(ErrorCode::unsupported_version, peer_.to_string() + " speaks " + name + " " +
                                                        describe(theirs.min, theirs.max) +
                                                        ", needed is " + describe(min, max));
    return highest;
}

runtime::Task<Result<Buffer>> Connection::exchange(Buffer frame, std::int32_t correlation_id,
                                                   MonoTime deadline) {
    if (failure_) co_return std::unexpected(*failure_);
    auto waiting = std::make_shared<Waiting>();
    expected_.push_back({correlation_id, waiting});
    outgoing_.push_back({std::move(frame), nullptr});
    outgoing_arrived_.notify_one();
    co_return co_await finish(std::move(waiting), deadline);
}

runtime::Task<Result<void>> Connection::post(Buffer frame, MonoTime deadline) {
    if (failure_) co_return std::unexpected(*failure_);
    auto waiting = std::make_shared<Waiting>();
    outgoing_.push_back({std::move(frame), waiting});
    outgoing_arrived_.notify_one();
    CO_RETURN_IF_ERROR(co_await finish(std::move(waiting), deadline));
    co_return Result<void>();
}

runtime::Task<Result<Buffer>> Connection::finish(std::shared_ptr<Waiting> waiting,
                                                 MonoTime deadline) {
    const MonoTime since = shards_.clock().now();
    const bool done = co_await waiting->done.wait_until(shards_.timers(), deadline);
    if (!done) {
        const Duration waited = shards_.clock().now() - since;
        fail_all({ErrorCode::request_timed_out,
                  peer_.to_string() + " did not answer within " + in_ms(waited)});
    }
    co_return std::move(waiting->result);
}

runtime::Task<void> Connection::read_loop(std::shared_ptr<Connection> self) {
    for (;;) {
        Result<Buffer> frame = co_await self->frames_.next();
        if (!frame) {
            self->fail_all(frame.error());
            co_return;
        }
        const bool has_id = frame->size() >= sizeof(std::int32_t);
        const std::int32_t id = has_id ? load_big_endian<std::int32_t>(frame->data()) : -1;
        if (self->expected_.empty() || self->expected_.front().correlation_id != id) {
            self->fail_all({ErrorCode::corrupt_message,
                            self->peer_.to_string() + " sent an answer nobody asked for"});
            co_return;
        }
        const std::shared_ptr<Waiting> waiting = std::move(self->expected_.front().waiting);
        self->expected_.pop_front();
        waiting->result = std::move(*frame);
        waiting->done.set();
    }
}

runtime::Task<void> Connection::write_loop(std::shared_ptr<Connection> self) {
    std::vector<Buffer> frames;
    std::vector<runtime::WritePart> parts;
    while (!self->failure_) {
        if (self->outgoing_.empty()) {
            co_await self->outgoing_arrived_.wait();
            continue;
        }
        frames.clear();
        parts.clear();
        while (!self->outgoing_.empty() && frames.size() < kFramesPerWriteMax) {
            Outgoing& next = self->outgoing_.front();
            frames.push_back(std::move(next.frame));
            if (next.written) self->being_written_.push_back(std::move(next.written));
            self->outgoing_.pop_front();
        }
        for (const Buffer& frame : frames)
            parts.emplace_back(BytesView(frame));
        const IoResult<void> written = co_await self->stream_->write(parts);
        if (!written) {
            self->fail_all({ErrorCode::network_exception, written.error().to_string()});
            co_return;
        }
        for (const auto& waiting : self->being_written_)
            waiting->done.set();
        self->being_written_.clear();
    }
}

void Connection::close() {
    fail_all(
        {ErrorCode::network_exception, "the connection to " + peer_.to_string() + " was closed"});
}

void Connection::fail_all(Error error) {
    if (failure_) return;
    failure_ = std::move(error);
    const auto tell = [this](const std::shared_ptr<Waiting>& waiting) {
        if (!waiting) return;
        waiting->result = std::unexpected(*failure_);
        waiting->done.set();
    };
    for (const auto& expected : expected_)
        tell(expected.waiting);
    for (const auto& outgoing : outgoing_)
        tell(outgoing.written);
    for (const auto& waiting : being_written_)
        tell(waiting);
    expected_.clear();
    outgoing_.clear();
    being_written_.clear();
    stream_->close();
    outgoing_arrived_.notify_all();
}

}  // namespace cauce::client
