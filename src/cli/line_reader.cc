#include "cli/line_reader.h"

#include <cerrno>

namespace cauce::cli {

runtime::Task<IoResult<std::optional<std::string>>> LineReader::next() {
    for (;;) {
        const std::size_t newline = read_.find('\n', searched_);
        if (newline != std::string::npos) {
            std::string line = read_.substr(begin_, newline - begin_);
            begin_ = searched_ = newline + 1;
            co_return line;
        }
        if (ended_) {
            if (begin_ == read_.size()) co_return std::nullopt;
            std::string line = read_.substr(begin_);
            begin_ = searched_ = read_.size();
            co_return line;
        }
        read_.erase(0, begin_);
        begin_ = 0;
        searched_ = read_.size();
        if (read_.size() > line_bytes_max_) co_return io_fail(EMSGSIZE, "read");
        const IoResult<std::size_t> count = co_await source_.read_some(chunk_);
        if (!count) co_return std::unexpected(count.error());
        if (*count == 0) ended_ = true;
        read_ += as_text(BytesView(chunk_).first(*count));
    }
}

}  // namespace cauce::cli
