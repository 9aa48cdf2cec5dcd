// A request or response on a connection: int32 size, header, body. Pure functions over bytes.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "wire/api_table.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace cauce::wire {

inline constexpr std::size_t kFrameSizeBytes = 4;

// The size at the start of a frame, which does not count itself. A negative one, and one above
// `max` (socket.request.max.bytes), is an error the connection does not survive.
Result<std::size_t> parse_frame_size(const std::uint8_t (&prefix)[kFrameSizeBytes],
                                     std::size_t max);

// Who asks for what, and where its body starts. `api` is null when the key is unknown, and then
// nothing can be said about the rest of the frame. For a known key but a version beyond the table
// the header is read as the nearest known version has it, which holds for all that Kafka ever
// published: ApiVersions needs it to answer a newer client.
struct RequestFrame {
    std::int16_t api_key = 0;
    std::int16_t api_version = 0;
    std::int32_t correlation_id = 0;
    std::optional<std::string_view> client_id;
    const ApiInfo* api = nullptr;
    BytesView body;

    bool version_supported() const {
        return api != nullptr && api_version >= api->min_version && api_version <= api->max_version;
    }
};

// `frame` is what follows the size. Views point into it. An error (truncated header) closes the
// connection; an unknown key or version is no error here.
Result<RequestFrame> parse_request_frame(BytesView frame);

// Starts a request frame: the size (patched by end_frame), the header.
void begin_request(Writer& w, ApiKey key, std::int16_t version, std::int32_t correlation_id,
                   std::optional<std::string_view> client_id);
// Starts a response frame to a request of this key and version. `begin_*` expect an empty Writer.
void begin_response(Writer& w, ApiKey key, std::int16_t version, std::int32_t correlation_id);
// Patches the size at the start of the Writer; gaps count. False when it does not fit an int32.
bool end_frame(Writer& w);

// The correlation id at the start of a response frame, then its header; the body follows in `r`.
std::int32_t read_response_header(Reader& r, ApiKey key, std::int16_t version);

}  // namespace cauce::wire
