#include "storage/batch_scanner.h"

#include <algorithm>

namespace cauce::storage {
namespace {

// Bodies up to this size are read along with the heads: one long read costs less than many short
// ones.
constexpr std::uint64_t kHop = 16 * 1024;
constexpr std::uint64_t kReadAheadWhole = 1024 * 1024;

}  // namespace

runtime::Task<IoResult<BytesView>> BatchScanner::view(std::uint64_t size,
                                                      std::uint64_t read_ahead) {
    size = std::min(size, end_ - position_);
    if (position_ < buffer_begin_ || position_ + size > buffer_begin_ + buffer_.size()) {
        buffer_.resize(std::min(std::max(size, read_ahead), end_ - position_));
        buffer_begin_ = position_;
        auto read = co_await file_->read_at(position_, buffer_);
        if (!read) co_return std::unexpected(std::move(read).error());
        buffer_.resize(*read);
        size = std::min<std::uint64_t>(size, *read);
    }
    co_return BytesView(buffer_).subspan(position_ - buffer_begin_, size);
}

runtime::Task<IoResult<std::optional<BatchScanner::Batch>>> BatchScanner::next() {
    if (position_ >= end_) co_return std::optional<Batch>();
    const std::uint64_t read_ahead = last_size_ > kHop ? BatchHead::kBytes : read_ahead_;
    auto bytes = co_await view(BatchHead::kBytes, read_ahead);
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    const auto head = BatchHead::read(*bytes, &broken_);
    if (!head) co_return std::optional<Batch>();
    const Batch batch{*head, position_};
    if (batch.end() > end_) {
        broken_ = "the file ends inside a batch";
        co_return std::optional<Batch>();
    }
    position_ = batch.end();
    last_size_ = head->size_bytes;
    co_return std::optional(batch);
}

runtime::Task<IoResult<std::optional<BatchScanner::Batch>>> BatchScanner::next_whole() {
    if (position_ >= end_) co_return std::optional<Batch>();
    auto bytes = co_await view(BatchHead::kBytes, kReadAheadWhole);
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    const auto head = BatchHead::read(*bytes, &broken_);
    if (!head) co_return std::optional<Batch>();
    const Batch batch{*head, position_};
    if (batch.end() <= end_) {
        bytes = co_await view(head->size_bytes, kReadAheadWhole);
        if (!bytes) co_return std::unexpected(std::move(bytes).error());
    }
    if (bytes->size() < head->size_bytes) {
        broken_ = "the file ends inside a batch";
        co_return std::optional<Batch>();
    }
    bytes_ = *bytes;
    position_ = batch.end();
    co_return std::optional(batch);
}

}  // namespace cauce::storage
