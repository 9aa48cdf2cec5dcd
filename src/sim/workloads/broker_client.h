// BrokerClient: one connection of a workload to a broker. Requests go out and answers come in, in
// order; the caller chooses what, in which version and how many at once. No retries: whatever goes
// wrong closes the connection, and the workload makes another one, as a client would.
//
// It knows the bytes from src/wire and nothing of the broker. An answer that is none is a finding.
// Lives on one shard of a simulated node.
#pragma once

#include "base/bytes.h"
#include "runtime/net.h"
#include "sim/checkers/findings.h"
#include "sim/world.h"
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

namespace cauce::sim {

// `body` points into `frame`.
template <typename Response>
struct Answer {
    Buffer frame;
    Response body;
    std::int16_t version = 0;
};

class BrokerClient {
public:
    // An answer that takes longer counts as none.
    static constexpr Duration kPatience = seconds(30);

    // Connects and asks for the versions. Null when that did not work.
    static runtime::Task<std::unique_ptr<BrokerClient>> connect(NodeSeams& seams,
                                                                runtime::Address broker,
                                                                Findings& findings);

    // A version that both sides speak, drawn within the bounds; the same for the whole connection.
    template <typename Request>
    std::int16_t version(std::int16_t min = Request::kMinVersion,
                         std::int16_t max = Request::kMaxVersion) {
        return draw_version(static_cast<wire::ApiKey>(Request::kApiKey), min, max);
    }

    // False when the connection is gone.
    template <typename Request>
    runtime::Task<bool> send(const Request& request, std::int16_t version);
    // The answer to the oldest request without one. Nothing when the connection is gone.
    template <typename Response>
    runtime::Task<std::optional<Answer<Response>>> receive();
    template <typename Response, typename Request>
    runtime::Task<std::optional<Answer<Response>>> ask(const Request& request,
                                                       std::int16_t version);

    // The last request was one that has no answer (Produce with acks=0).
    void expect_no_answer() { unanswered_.pop_back(); }

    std::size_t unanswered() const { return unanswered_.size(); }

private:
    struct Sent {
        wire::ApiKey key;
        std::int16_t version = 0;
        std::int32_t correlation_id = 0;
    };

    BrokerClient(NodeSeams& seams, std::unique_ptr<runtime::Stream> stream, Findings& findings)
        : seams_(seams), stream_(std::move(stream)), findings_(findings) {}

    runtime::Task<bool> negotiate();
    std::int16_t draw_version(wire::ApiKey key, std::int16_t min, std::int16_t max);
    runtime::Task<bool> write(BytesView bytes);
    runtime::Task<bool> read(MutableBytes into);
    // The frame of the next answer, without its size.
    runtime::Task<std::optional<Buffer>> read_frame();
    void bad_answer(const Sent& sent, const std::string& what);

    NodeSeams& seams_;
    std::unique_ptr<runtime::Stream> stream_;
    Findings& findings_;
    std::map<wire::ApiKey, std::pair<std::int16_t, std::int16_t>> offered_;
    std::map<wire::ApiKey, std::int16_t> chosen_;
    std::deque<Sent> unanswered_;
    std::int32_t next_correlation_id_ = 0;
};

template <typename Request>
runtime::Task<bool> BrokerClient::send(const Request& request, std::int16_t version) {
    const auto key = static_cast<wire::ApiKey>(Request::kApiKey);
    const std::int32_t correlation_id = next_correlation_id_++;
    wire::Writer writer;
    wire::begin_request(writer, key, version, correlation_id, "sim");
    request.encode(writer, version);
    CHECK(writer.ok(), writer.error());
    CHECK(wire::end_frame(writer));
    const Buffer frame = writer.take();
    unanswered_.push_back({key, version, correlation_id});
    co_return co_await write(frame);
}

template <typename Response>
runtime::Task<std::optional<Answer<Response>>> BrokerClient::receive() {
    CHECK(!unanswered_.empty());
    const Sent sent = unanswered_.front();
    CHECK(sent.key == static_cast<wire::ApiKey>(Response::kApiKey));
    unanswered_.pop_front();
    std::optional<Buffer> frame = co_await read_frame();
    if (!frame) co_return std::nullopt;
    Answer<Response> answer;
    answer.frame = std::move(*frame);
    answer.version = sent.version;
    wire::Reader reader(answer.frame);
    const std::int32_t id = wire::read_response_header(reader, sent.key, sent.version);
    answer.body.decode(reader, sent.version);
    if (!reader.ok()) {
        bad_answer(sent, reader.error());
    } else if (reader.remaining() > 0) {
        bad_answer(sent, std::to_string(reader.remaining()) + " bytes follow it");
    } else if (id != sent.correlation_id) {
        bad_answer(sent, "correlation id " + std::to_string(id) + " is not " +
                             std::to_string(sent.correlation_id));
    } else {
        co_return answer;
    }
    co_return std::nullopt;
}

template <typename Response, typename Request>
runtime::Task<std::optional<Answer<Response>>> BrokerClient::ask(const Request& request,
                                                                 std::int16_t version) {
    static_assert(Request::kApiKey == Response::kApiKey);
    CHECK(unanswered_.empty());
    const bool sent = co_await send(request, version);
    if (!sent) co_return std::nullopt;
    co_return co_await receive<Response>();
}

}  // namespace cauce::sim
