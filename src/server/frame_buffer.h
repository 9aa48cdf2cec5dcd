// Bytes received on one connection, cut into frames (int32 size, then that many bytes) without
// copying: a frame is a view into the chunk it was received in and keeps that chunk alive. One
// connection, one shard.
//
// Memory follows what has really arrived: a chunk for a large frame grows with its bytes, never
// with its claim.
#pragma once

#include "base/bytes.h"
#include "server/request_memory.h"

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
    // A connection begins with this much (with what the allocator adds, 512 bytes); a busy one
    // grows to kChunkBytesMax by what its reads fill.
    static constexpr std::size_t kChunkBytesMin = 480;
    static constexpr std::size_t kChunkBytesMax = 256 * 1024;
    // A connection that has sent larger frames before gets room for one at once, up to this.
    static constexpr std::size_t kChunkBytesLarge = 2 * 1024 * 1024;

    // Where chunks come from. What was received before, on another shard, is taken over.
    void use(RequestMemory& memory);
    // What was received and not handed out, in memory that counts nowhere: to go to another shard.
    FrameBuffer take_along();

    // The chunk that room() needs; 0 when it needs none. Ask for it first.
    std::size_t growth() const { return plan().fresh; }
    // Contents itself with what the next frame needs; false when it does already.
    bool be_modest() {
        const bool changed = wanted_ > kChunkBytesMin;
        wanted_ = kChunkBytesMin;
        return changed;
    }
    // Gives its memory back; it must be empty(). It grows again as it did.
    void release();
    // Where the next read goes; never empty.
    MutableBytes room();
    void received(std::size_t bytes);

    // The next whole frame, if there is one. Call frame_size() first.
    std::optional<Frame> next();

    // What the size prefix of the next frame says, when it has arrived; as sent, so it may be
    // negative.
    std::optional<std::int32_t> frame_size() const;

    bool empty() const { return begin_ == end_; }
    // Whether it holds more than any connection may.
    bool counts() const { return capacity_ > kChunkBytesMin; }

private:
    // How room() gets at some: the whole chunk again (rewind), its bytes moved to the front, or a
    // fresh one of that size; or as it is.
    struct Plan {
        bool rewind = false;
        bool shift = false;
        std::size_t fresh = 0;
    };
    Plan plan() const;
    void move_to(std::size_t capacity);
    std::shared_ptr<std::uint8_t[]> allocate(std::size_t bytes);

    RequestMemory* memory_ = nullptr;  // null: nobody counts

    std::shared_ptr<std::uint8_t[]> chunk_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;  // first byte not handed out
    std::size_t end_ = 0;    // first byte not received
    std::size_t wanted_ = kChunkBytesMin;
};

}  // namespace cauce::server
