// FrameReader: takes the frames out of a stream of bytes. Small frames come out of a buffer that is
// filled by large reads; the body of a large one is read to where it stays. A size from the peer is
// believed only as far as bytes have arrived.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/net.h"
#include "runtime/task.h"

#include <cstddef>

namespace cauce::client {

class FrameReader {
public:
    // `stream` must outlive the reader. A frame above `frame_bytes_max` is an error.
    FrameReader(runtime::Stream& stream, std::size_t frame_bytes_max);

    // The next frame without its size. An error ends the stream: network_exception when the peer is
    // gone (also at a clean end), corrupt_message when what it sent is no frame.
    runtime::Task<Result<Buffer>> next();

private:
    // Fills `into` from the buffer, then from the stream.
    runtime::Task<Result<void>> read(MutableBytes into);

    runtime::Stream& stream_;
    std::size_t frame_bytes_max_;
    Buffer buffered_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace cauce::client
