#include "server/request_context.h"

#include "base/check.h"

namespace cauce::server {

bool RequestContext::read_header() {
    auto request = wire::parse_request_frame(frame_.bytes);
    if (!request) return false;
    request_ = *std::move(request);
    return request_.api != nullptr;
}

MutableBytes RequestContext::writable(BytesView part) const {
    if (part.empty()) return {};
    const std::uint8_t* start = frame_.bytes.data();
    CHECK(part.data() >= start && part.data() + part.size() <= start + frame_.bytes.size());
    return frame_.bytes.subspan(static_cast<std::size_t>(part.data() - start), part.size());
}

void RequestContext::begin_response(wire::Writer& writer, std::int16_t version) const {
    wire::begin_response(writer, request_.api->key, version, request_.correlation_id);
}

Outcome RequestContext::finish_response(wire::Writer& writer) {
    const bool fits = wire::end_frame(writer);
    if (!writer.ok() || !fits) {
        // A bug of ours, and nothing to send half of; one client's request must not end everybody's
        // broker.
        DCHECK(false, writer.error(), api_key(), version());
        shard.log.error("cannot encode the answer to API key " + std::to_string(api_key()) +
                        " version " + std::to_string(version()) + ": " + writer.error());
        return Outcome::close;
    }
    response_.gaps = writer.gaps();
    response_.bytes = writer.take();
    return Outcome::answered;
}

}  // namespace cauce::server
