// Bytes received on one connection, cut into frames (int32 size, then that many bytes) without
// copying: a frame is a view into the chunk it was received in and keeps that chunk alive. One
// connection, one shard.
//
// Memory follows what has really arrived: a chunk for a large frame grows with its bytes, never
// with its claim.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace cauce::server {

// A frame without its size prefix. Writable: Produce patches offsets into the batches where they
// lie.
struct Frame {
    std::shared_ptr<std::uint8_t[]> chunk;
    MutableBytes bytes;
};

class FrameBuffer {
public:
    // An idle connection holds this much; a busy one grows to kChunkBytesMax by what its reads
    // fill.
    static constexpr std::size_t kChunkBytesMin = 1024;
    static constexpr std::size_t kChunkBytesMax = 256 * 1024;
    // A connection that has sent larger frames before gets room for one at once, up to this.
    static constexpr std::size_t kChunkBytesLarge = 2 * 1024 * 1024;

    // Where the next read goes; never empty.
    MutableBytes room();
    void received(std::size_t bytes);

    // The next whole frame, if there is one. Call frame_size() first.
    std::optional<Frame> next();

    // What the size prefix of the next frame says, when it has arrived; as sent, so it may be
    // negative.
    std::optional<std::int32_t> frame_size() const;

    bool empty() const { return begin_ == end_; }

private:
    void move_to(std::size_t capacity);

    std::shared_ptr<std::uint8_t[]> chunk_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;  // first byte not handed out
    std::size_t end_ = 0;    // first byte not received
    std::size_t wanted_ = kChunkBytesMin;
};

}  // namespace cauce::server
