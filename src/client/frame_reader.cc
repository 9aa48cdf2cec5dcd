#include "client/frame_reader.h"

#include "wire/frame.h"

#include <algorithm>
#include <cstring>

namespace cauce::client {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

}  // namespace

FrameReader::FrameReader(runtime::Stream& stream, std::size_t frame_bytes_max)
    : stream_(stream), frame_bytes_max_(frame_bytes_max), buffered_(kBufferBytes) {}

runtime::Task<Result<Buffer>> FrameReader::next() {
    std::uint8_t prefix[wire::kFrameSizeBytes];
    CO_RETURN_IF_ERROR(co_await read(prefix));
    const Result<std::size_t> parsed = wire::parse_frame_size(prefix, frame_bytes_max_);
    if (!parsed)
        co_return fail(ErrorCode::corrupt_message,
                       stream_.peer().to_string() +
                           " does not speak Kafka's protocol: " + parsed.error().message);
    const std::size_t size = *parsed;
    Buffer frame;
    // Grows with what has come: at most twice the bytes received.
    while (frame.size() < size) {
        const std::size_t had = frame.size();
        frame.resize(std::min(size, std::max(kBufferBytes, had * 2)));
        CO_RETURN_IF_ERROR(co_await read(MutableBytes(frame).subspan(had)));
    }
    co_return frame;
}

runtime::Task<Result<void>> FrameReader::read(MutableBytes into) {
    while (!into.empty()) {
        if (begin_ < end_) {
            const std::size_t taken = std::min(into.size(), end_ - begin_);
            std::memcpy(into.data(), buffered_.data() + begin_, taken);
            begin_ += taken;
            into = into.subspan(taken);
            continue;
        }
        const bool direct = into.size() >= kBufferBytes;
        const MutableBytes target = direct ? into : MutableBytes(buffered_);
        const IoResult<std::size_t> count = co_await stream_.read_some(target);
        if (!count) co_return fail(ErrorCode::network_exception, count.error().to_string());
        if (*count == 0)
            co_return fail(ErrorCode::network_exception,
                           stream_.peer().to_string() + " closed the connection");
        if (direct) {
            into = into.subspan(*count);
        } else {
            begin_ = 0;
            end_ = *count;
        }
    }
    co_return Result<void>();
}

}  // namespace cauce::client
