#include "wire/frame.h"

#include "base/check.h"
#include "wire/messages/request_header.h"
#include "wire/messages/response_header.h"

#include <limits>
#include <string>

namespace cauce::wire {

Result<std::size_t> parse_frame_size(const std::uint8_t (&prefix)[kFrameSizeBytes],
                                     std::size_t max) {
    const auto size = load_big_endian<std::int32_t>(prefix);
    if (size < 0 || static_cast<std::size_t>(size) > max) {
        return fail(ErrorCode::invalid_request, "a frame of " + std::to_string(size) +
                                                    " bytes; at most " + std::to_string(max) +
                                                    " are accepted");
    }
    return static_cast<std::size_t>(size);
}

Result<RequestFrame> parse_request_frame(BytesView frame) {
    RequestFrame result;
    Reader peek(frame);
    result.api_key = peek.int16();
    result.api_version = peek.int16();
    result.correlation_id = peek.int32();
    if (!peek.ok()) return fail(ErrorCode::invalid_request, "truncated header: " + peek.error());
    result.api = find_api(result.api_key);
    if (result.api == nullptr) return result;

    RequestHeader header;
    Reader r(frame);
    header.decode(r, result.api->request_header_version(result.api_version));
    if (!r.ok()) return fail(ErrorCode::invalid_request, "bad request header: " + r.error());
    result.client_id = header.client_id;
    result.body = r.rest();
    return result;
}

void begin_request(Writer& w, ApiKey key, std::int16_t version, std::int32_t correlation_id,
                   std::optional<std::string_view> client_id) {
    DCHECK(w.position() == 0, w.position());
    w.int32(0);
    RequestHeader header;
    header.request_api_key = static_cast<std::int16_t>(key);
    header.request_api_version = version;
    header.correlation_id = correlation_id;
    header.client_id = client_id;
    header.encode(w, find_api(key).request_header_version(version));
}

void begin_response(Writer& w, ApiKey key, std::int16_t version, std::int32_t correlation_id) {
    DCHECK(w.position() == 0, w.position());
    w.int32(0);
    ResponseHeader header;
    header.correlation_id = correlation_id;
    header.encode(w, find_api(key).response_header_version(version));
}

bool end_frame(Writer& w) {
    const std::uint64_t size = w.wire_size() - kFrameSizeBytes;
    if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) return false;
    w.patch_int32(0, static_cast<std::int32_t>(size));
    return true;
}

std::int32_t read_response_header(Reader& r, ApiKey key, std::int16_t version) {
    ResponseHeader header;
    header.decode(r, find_api(key).response_header_version(version));
    return header.correlation_id;
}

}  // namespace cauce::wire
