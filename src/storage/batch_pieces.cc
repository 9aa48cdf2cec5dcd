#include "storage/batch_pieces.h"

#include "storage/batch_head.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::storage {

BatchPieces::BatchPieces(std::shared_ptr<runtime::File> file, std::string name, const Range& range,
                         std::size_t piece_bytes)
    : file_(std::move(file)),
      name_(std::move(name)),
      range_(range),
      piece_bytes_(std::max(piece_bytes, BatchHead::kBytes)) {}

std::unexpected<IoError> BatchPieces::refuse(std::uint64_t position, const char* why) const {
    return io_fail(EBADMSG, "read", name_ + " at byte " + std::to_string(position) + ": " + why);
}

IoResult<std::size_t> BatchPieces::take_whole(BytesView bytes, std::size_t& wanted) {
    const std::uint64_t begin = range_.position;
    for (BytesView rest = bytes; !rest.empty();) {
        const std::uint64_t left = range_.end - range_.position;  // in the file
        const char* why = "";
        const auto head = BatchHead::read(rest, &why);
        if (!head && rest.size() < std::min<std::uint64_t>(BatchHead::kBytes, left)) {
            wanted = BatchHead::kBytes;
            break;
        }
        if (!head) return refuse(range_.position, why);
        if (head->size_bytes > left) return refuse(range_.position, "the file ends inside a batch");
        if (head->base_offset < range_.first || head->last_offset >= range_.behind)
            return refuse(range_.position, "an offset that does not follow");
        if (head->size_bytes > rest.size()) {
            wanted = head->size_bytes;
            break;
        }
        range_.position += head->size_bytes;
        range_.first = head->last_offset + 1;
        rest = rest.subspan(head->size_bytes);
    }
    return static_cast<std::size_t>(range_.position - begin);
}

runtime::Task<IoResult<BytesView>> BatchPieces::next() {
    std::uint64_t size = piece_bytes_;
    while (range_.position < range_.end) {
        buffer_.resize(std::min(size, range_.end - range_.position));
        auto read = co_await file_->read_at(range_.position, buffer_);
        if (!read) co_return std::unexpected(std::move(read).error());
        // A file that lost its end.
        if (*read < buffer_.size()) co_return refuse(range_.position + *read, "the file ends here");
        std::size_t wanted = 0;
        ASSIGN_OR_CO_RETURN(const std::size_t taken, take_whole(buffer_, wanted));
        if (taken > 0) co_return BytesView(buffer_).first(taken);
        size = wanted;
    }
    co_return BytesView();
}

}  // namespace cauce::storage
