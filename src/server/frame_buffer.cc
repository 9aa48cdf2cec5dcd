#include "server/frame_buffer.h"

#include "base/check.h"

#include <algorithm>
#include <cstring>

namespace cauce::server {

namespace {
constexpr std::size_t kPrefixBytes = 4;

// What a frame needs in a chunk. A read that takes a whole frame and does not fill the room shows
// that no more has come, and no second one has to ask.
std::size_t chunk_bytes(std::size_t frame_bytes) {
    return kPrefixBytes + frame_bytes + kPrefixBytes;
}
}  // namespace

std::optional<std::int32_t> FrameBuffer::frame_size() const {
    if (end_ - begin_ < kPrefixBytes) return std::nullopt;
    return load_big_endian<std::int32_t>(chunk_.get() + begin_);
}

std::optional<Frame> FrameBuffer::next() {
    const auto size = frame_size();
    if (!size) return std::nullopt;
    CHECK(*size >= 0, *size);
    const auto bytes = static_cast<std::size_t>(*size);
    if (end_ - begin_ - kPrefixBytes < bytes) return std::nullopt;
    Frame frame{chunk_, MutableBytes(chunk_.get() + begin_ + kPrefixBytes, bytes)};
    begin_ += kPrefixBytes + bytes;
    if (chunk_bytes(bytes) > wanted_ && wanted_ >= kChunkBytesMax)
        wanted_ = std::min(chunk_bytes(bytes), kChunkBytesLarge);
    return frame;
}

FrameBuffer::Plan FrameBuffer::plan() const {
    Plan plan;
    const std::size_t waiting = end_ - begin_;
    // Requests that still run may look at the chunk; alone, it is reused from its start.
    const bool alone = chunk_ && chunk_.use_count() == 1;
    plan.rewind = waiting == 0 && alone;
    const std::size_t begin = plan.rewind ? 0 : begin_;
    const std::size_t end = plan.rewind ? 0 : end_;

    const auto size = frame_size();
    const std::size_t need = size ? chunk_bytes(static_cast<std::size_t>(*size)) : kPrefixBytes;
    if (capacity_ - begin >= need && end != capacity_ && capacity_ >= wanted_) return plan;
    // A frame larger than a chunk: at most twice of what has come, so that a claim alone costs
    // nothing.
    const std::size_t arrived = std::max(wanted_, 2 * waiting);
    const std::size_t target = std::max(wanted_, std::min(need, arrived));
    if (alone && target <= capacity_) {
        plan.shift = true;
    } else if (end == capacity_ || target > capacity_ - begin) {
        plan.fresh = target;
    }
    return plan;
}

MutableBytes FrameBuffer::room() {
    const Plan plan = this->plan();
    const std::size_t waiting = end_ - begin_;
    if (plan.rewind) begin_ = end_ = 0;
    if (plan.shift) {
        std::memmove(chunk_.get(), chunk_.get() + begin_, waiting);
        begin_ = 0;
        end_ = waiting;
    } else if (plan.fresh > 0) {
        move_to(plan.fresh);
    }
    CHECK(end_ < capacity_, end_, capacity_);
    return MutableBytes(chunk_.get() + end_, capacity_ - end_);
}

void FrameBuffer::release() {
    CHECK(empty());
    chunk_ = nullptr;
    capacity_ = begin_ = end_ = 0;
    wanted_ = kChunkBytesMin;
}

void FrameBuffer::use(RequestMemory& memory) {
    memory_ = &memory;
    if (capacity_ > kChunkBytesMin) move_to(capacity_);
}

FrameBuffer FrameBuffer::take_along() {
    FrameBuffer out;
    out.wanted_ = wanted_;
    const std::size_t waiting = end_ - begin_;
    if (waiting > 0) {
        out.move_to(waiting + 1);
        std::memcpy(out.chunk_.get(), chunk_.get() + begin_, waiting);
        out.end_ = waiting;
    }
    *this = FrameBuffer();
    return out;
}

void FrameBuffer::received(std::size_t bytes) {
    CHECK(bytes <= capacity_ - end_, bytes);
    end_ += bytes;
    // A read that filled the room says that more was waiting: ask for more at once next time.
    if (end_ == capacity_ && wanted_ < kChunkBytesMax)
        wanted_ = std::min(wanted_ * 4, kChunkBytesMax);
}

std::shared_ptr<std::uint8_t[]> FrameBuffer::allocate(std::size_t bytes) {
    if (memory_ != nullptr) return memory_->allocate(bytes);
    return std::make_shared_for_overwrite<std::uint8_t[]>(bytes);
}

void FrameBuffer::move_to(std::size_t capacity) {
    const std::size_t waiting = end_ - begin_;
    CHECK(capacity > waiting, capacity, waiting);
    auto fresh = allocate(capacity);
    if (waiting > 0) std::memcpy(fresh.get(), chunk_.get() + begin_, waiting);
    chunk_ = std::move(fresh);
    capacity_ = capacity;
    begin_ = 0;
    end_ = waiting;
}

}  // namespace cauce::server
