// Walks the batches of a segment's file from a position on, reading ahead: heads only, hopping over
// the bodies, or whole batches. For recovery and for finding places; what is sent to clients is not
// read.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "storage/batch_head.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace cauce::storage {

class BatchScanner {
public:
    struct Batch {
        BatchHead head;
        std::uint64_t position = 0;

        std::uint64_t end() const { return position + head.size_bytes; }
    };

    static constexpr std::uint64_t kReadAhead = 64 * 1024;

    // Bytes at and behind `end` are not looked at. `read_ahead`: how much to read at a time while
    // batches are small.
    BatchScanner(std::shared_ptr<runtime::File> file, std::uint64_t position, std::uint64_t end,
                 std::uint64_t read_ahead = kReadAhead)
        : file_(std::move(file)), position_(position), end_(end), read_ahead_(read_ahead) {}

    // The batch at position(), then moves behind it. Nothing at the end, and nothing where no whole
    // batch stands: then broken() tells why, and position() stays.
    runtime::Task<IoResult<std::optional<Batch>>> next();
    // The same with its bytes, which last until the next call. The checksum is the caller's to
    // check.
    runtime::Task<IoResult<std::optional<Batch>>> next_whole();
    BytesView bytes() const { return bytes_; }

    std::uint64_t position() const { return position_; }
    const char* broken() const { return broken_; }
    // Back to before a batch that was returned.
    void step_back(const Batch& batch) { position_ = batch.position; }
    // The same for good: something is wrong with it.
    void refuse(const Batch& batch, const char* why) {
        position_ = batch.position;
        broken_ = why;
    }

private:
    // Has [position_, position_ + size) in the buffer, as far as the file goes.
    runtime::Task<IoResult<BytesView>> view(std::uint64_t size, std::uint64_t read_ahead);

    std::shared_ptr<runtime::File> file_;
    std::uint64_t position_;
    std::uint64_t end_;
    std::uint64_t read_ahead_;
    Buffer buffer_;
    std::uint64_t buffer_begin_ = 0;
    BytesView bytes_;
    std::uint32_t last_size_ = 0;
    const char* broken_ = nullptr;
};

}  // namespace cauce::storage
