#include "storage/tail_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cauce::storage {

void TailBuffer::appended(Offset segment, std::uint32_t position, std::span<const BytesView> parts,
                          std::size_t bytes) {
    if (appends_to_keep_ == 0 || bytes > kAppendMax) {
        clear();
        return;
    }
    --appends_to_keep_;
    const bool follows =
        newest_ != nullptr && newest_->segment == segment && newest_->end() == position;
    if (!follows || newest_->capacity - newest_->size < bytes) {
        const std::size_t capacity = std::clamp(bytes * 4, kChunkMin, kChunkMax);
        drop(previous_);
        previous_ = std::exchange(newest_, nullptr);
        if (!follows) drop(previous_);
        if (!budget_.take(capacity)) {
            clear();
            return;
        }
        newest_ = std::make_shared<Chunk>();
        newest_->segment = segment;
        newest_->begin = position;
        newest_->capacity = capacity;
        newest_->bytes = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    }
    for (const BytesView part : parts) {
        std::memcpy(newest_->bytes.get() + newest_->size, part.data(), part.size());
        newest_->size += part.size();
    }
}

void TailBuffer::drop(std::shared_ptr<Chunk>& chunk) {
    if (chunk == nullptr) return;
    // Readers may hold it a little longer; the budget is about what we hold.
    budget_.give(chunk->capacity);
    chunk = nullptr;
}

void TailBuffer::clear() {
    drop(newest_);
    drop(previous_);
}

std::optional<TailBuffer::Found> TailBuffer::find(Offset segment, std::uint32_t begin,
                                                  std::uint32_t end) const {
    for (const auto* chunk : {&newest_, &previous_}) {
        if (*chunk == nullptr || (*chunk)->segment != segment) continue;
        if (begin < (*chunk)->begin || end > (*chunk)->end()) continue;
        const BytesView bytes((*chunk)->bytes.get() + (begin - (*chunk)->begin), end - begin);
        return Found{bytes, *chunk};
    }
    return std::nullopt;
}

}  // namespace cauce::storage
