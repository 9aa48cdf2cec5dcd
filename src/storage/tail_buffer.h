// The newest bytes of a log, kept in memory while somebody reads at its tail: one copy for all
// readers, sent along with the head of their answer instead of by a call of its own (D13). Nobody
// reads there: nothing is kept.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace cauce::storage {

// Memory that the tails of a shard's logs may take together.
class TailBudget {
public:
    explicit TailBudget(std::size_t bytes) : left_(bytes) {}

    bool take(std::size_t bytes) {
        if (bytes > left_) return false;
        left_ -= bytes;
        return true;
    }
    void give(std::size_t bytes) { left_ += bytes; }
    std::size_t left() const { return left_; }

private:
    std::size_t left_;
};

class TailBuffer {
public:
    // Larger appends are cheaper to send from the file.
    static constexpr std::size_t kAppendMax = 64 * 1024;

    explicit TailBuffer(TailBudget& budget) : budget_(budget) {}
    TailBuffer(const TailBuffer&) = delete;
    TailBuffer& operator=(const TailBuffer&) = delete;
    ~TailBuffer() { clear(); }

    // A reader was at the tail: what comes next is worth keeping.
    void read_at_tail() { appends_to_keep_ = kAppendsKept; }
    // These bytes were written at `position` of the segment that begins at `segment`.
    void appended(Offset segment, std::uint32_t position, std::span<const BytesView> parts,
                  std::size_t bytes);
    void clear();

    struct Found {
        BytesView bytes;
        std::shared_ptr<const void> keep_alive;
    };
    // [begin, end) of a segment's file, when all of it is here.
    std::optional<Found> find(Offset segment, std::uint32_t begin, std::uint32_t end) const;

    bool empty() const { return newest_ == nullptr; }

private:
    // How long a tail without readers is kept.
    static constexpr std::uint32_t kAppendsKept = 64;
    static constexpr std::size_t kChunkMin = 16 * 1024;
    static constexpr std::size_t kChunkMax = 128 * 1024;

    // Filled from front to back. What a reader holds is never written again.
    struct Chunk {
        Offset segment;
        std::uint32_t begin = 0;
        std::size_t size = 0;
        std::size_t capacity = 0;
        std::unique_ptr<std::uint8_t[]> bytes;

        std::uint64_t end() const { return begin + size; }
    };

    void drop(std::shared_ptr<Chunk>& chunk);

    TailBudget& budget_;
    std::shared_ptr<Chunk> newest_;
    std::shared_ptr<Chunk> previous_;
    std::uint32_t appends_to_keep_ = 0;
};

}  // namespace cauce::storage
