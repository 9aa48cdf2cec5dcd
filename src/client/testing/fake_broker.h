// For tests: a broker that answers as it was told to, over the real wire format. What it offers in
// ApiVersions are the APIs that have a handler.
#pragma once

#include "base/check.h"
#include "client/frame_reader.h"
#include "client/testing/memory_net.h"
#include "runtime/shards.h"
#include "runtime/task_group.h"
#include "wire/frame.h"
#include "wire/messages/api_versions_request.h"
#include "wire/messages/api_versions_response.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::client::testing {

// What a handler wants done with its answer.
struct Manner {
    Duration delay{0};      // answer after that time; the connection waits, as a real one does
    bool silent = false;    // never answer
    bool hang_up = false;   // close the connection instead
    std::int32_t skew = 0;  // added to the correlation id
    Buffer trailing;        // sent inside the frame, behind the body
};

class FakeBroker {
public:
    FakeBroker(MemoryNet& net, runtime::Shards& shards, runtime::Address address)
        : net_(net), shards_(shards), address_(std::move(address)), tasks_(shards.ready()) {
        start();
    }

    // From now on `handler(request, version, manner)` answers these requests. What the response
    // points to must live until it is encoded, which is right after: keep() holds texts.
    template <typename Request, typename Response>
    void on(std::function<Response(const Request&, std::int16_t, Manner&)> handler,
            std::int16_t min = Request::kMinVersion, std::int16_t max = Request::kMaxVersion) {
        static_assert(Request::kApiKey == Response::kApiKey);
        Api api{min, max, {}};
        api.answer = [this, handler = std::move(handler)](wire::Reader& r, wire::Writer& w,
                                                          std::int16_t version, Manner& manner) {
            Request request;
            request.decode(r, version);
            CHECK(r.ok() && r.remaining() == 0, Request::kName, r.error());
            ++requests[Request::kApiKey];
            const Response response = handler(request, version, manner);
            response.encode(w, version);
            CHECK(w.ok(), Response::kName, w.error());
            kept_.clear();
        };
        apis_[Request::kApiKey] = std::move(api);
    }
    // The usual case: an answer without ado.
    template <typename Request, typename Response>
    void on(std::function<Response(const Request&)> handler) {
        on<Request, Response>([handler = std::move(handler)](const Request& request, std::int16_t,
                                                             Manner&) { return handler(request); });
    }

    // Text or bytes that a response may point to.
    std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

    void start() {
        net_.serve(address_, [this](std::unique_ptr<runtime::Stream> stream) {
            ++connections;
            auto shared = std::shared_ptr<runtime::Stream>(std::move(stream));
            streams_.push_back(shared);
            tasks_.spawn(serve(*this, std::move(shared)));
        });
    }
    // Nobody listens any more and every connection breaks.
    void stop() {
        net_.stop_serving(address_);
        hang_up();
    }
    void hang_up() {
        for (const auto& stream : streams_)
            if (const auto alive = stream.lock()) alive->close();
        streams_.clear();
    }

    const runtime::Address& address() const { return address_; }

    // Counted for tests to look at.
    std::map<std::int16_t, int> requests;
    int connections = 0;
    // Refuses ApiVersions above this version, as an older broker does.
    std::int16_t api_versions_max = wire::ApiVersionsRequest::kMaxVersion;
    std::string software;  // what the last client called itself

private:
    struct Api {
        std::int16_t min = 0;
        std::int16_t max = 0;
        std::function<void(wire::Reader&, wire::Writer&, std::int16_t, Manner&)> answer;
    };

    static runtime::Task<void> serve(FakeBroker& self, std::shared_ptr<runtime::Stream> stream) {
        FrameReader frames(*stream, 64u << 20);
        for (;;) {
            const Result<Buffer> frame = co_await frames.next();
            if (!frame) break;
            const auto request = wire::parse_request_frame(*frame);
            CHECK(request.has_value());
            Manner manner;
            wire::Writer w;
            wire::Reader body(request->body);
            const auto key = static_cast<wire::ApiKey>(request->api_key);
            const bool version_asked = key == wire::ApiKey::api_versions;
            if (version_asked) {
                self.answer_api_versions(*request, w);
            } else {
                const auto found = self.apis_.find(request->api_key);
                CHECK(found != self.apis_.end(), request->api_key);
                const Api& api = found->second;
                CHECK(request->api_version >= api.min && request->api_version <= api.max);
                wire::begin_response(w, key, request->api_version, request->correlation_id);
                api.answer(body, w, request->api_version, manner);
            }
            if (manner.delay > Duration(0))
                co_await self.shards_.sleep_until(self.shards_.clock().now() + manner.delay);
            if (manner.hang_up) break;
            if (manner.silent) continue;
            w.raw(manner.trailing);
            w.patch_int32(4, request->correlation_id + manner.skew);
            CHECK(wire::end_frame(w));
            const BytesView written = w.written();
            const runtime::WritePart part = written;
            const auto sent = co_await stream->write(std::span(&part, 1));
            if (!sent) break;
        }
        stream->close();
    }

    void answer_api_versions(const wire::RequestFrame& frame, wire::Writer& w) {
        wire::ApiVersionsResponse response;
        std::int16_t version = frame.api_version;
        if (version > api_versions_max) {
            version = 0;
            response.error_code = to_wire(ErrorCode::unsupported_version);
        } else if (version >= 3) {
            wire::ApiVersionsRequest request;
            wire::Reader r(frame.body);
            request.decode(r, version);
            CHECK(r.ok(), r.error());
            software = std::string(request.client_software_name);
        }
        response.api_keys.push_back({.api_key = wire::ApiVersionsRequest::kApiKey,
                                     .min_version = 0,
                                     .max_version = api_versions_max});
        for (const auto& [key, api] : apis_)
            response.api_keys.push_back(
                {.api_key = key, .min_version = api.min, .max_version = api.max});
        ++requests[wire::ApiVersionsRequest::kApiKey];
        wire::begin_response(w, wire::ApiKey::api_versions, version, frame.correlation_id);
        response.encode(w, version);
        CHECK(w.ok(), w.error());
    }

    MemoryNet& net_;
    runtime::Shards& shards_;
    runtime::Address address_;
    std::map<std::int16_t, Api> apis_;
    std::deque<std::string> kept_;
    std::vector<std::weak_ptr<runtime::Stream>> streams_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::client::testing
