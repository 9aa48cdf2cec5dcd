// Request frames as a connection sees them: header, then the body of the API it names.
#include "base/check.h"
#include "wire/frame.h"
#include "wire/record_frame.h"
#include "wire/testing/registry.h"

#include <cstddef>
#include <cstdint>

using namespace cauce;
using namespace cauce::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView bytes(data, size);
    if (size >= kFrameSizeBytes) {
        const std::uint8_t prefix[kFrameSizeBytes] = {data[0], data[1], data[2], data[3]};
        const auto frame_size = parse_frame_size(prefix, 1 << 20);
        if (frame_size) CHECK(*frame_size <= 1 << 20, *frame_size);
    }
    Reader value(bytes);
    read_metadata_record_header(value);

    const auto frame = parse_request_frame(bytes);
    if (!frame || frame->api == nullptr) return 0;
    CHECK(frame->body.empty() || frame->body.data() + frame->body.size() == data + size,
          "the body is the rest of the frame");
    Reader response(frame->body);
    read_response_header(response, frame->api->key, frame->api_version);
    if (!frame->version_supported()) return 0;
    for (const auto& codec : wire::testing::all_messages()) {
        if (codec.kind == "request" && codec.key == frame->api_key) {
            codec.decode(frame->body, frame->api_version);
        }
    }
    return 0;
}
