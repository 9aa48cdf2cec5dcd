// LineReader: standard input, line by line.
#pragma once

#include "base/result.h"
#include "cli/environment.h"
#include "runtime/task.h"

#include <optional>
#include <string>

namespace cauce::cli {

class LineReader {
public:
    // `source` must outlive it. A line above `line_bytes_max` is an error (EMSGSIZE).
    LineReader(ByteSource& source, std::size_t line_bytes_max)
        : source_(source), line_bytes_max_(line_bytes_max), chunk_(kChunkBytes) {}

    // The next line without its newline; nothing at the end. What stands behind the last newline is
    // a line too, unless it is empty.
    runtime::Task<IoResult<std::optional<std::string>>> next();

private:
    static constexpr std::size_t kChunkBytes = 64 * 1024;

    ByteSource& source_;
    std::size_t line_bytes_max_;
    Buffer chunk_;
    std::string read_;  // not given out yet
    std::size_t begin_ = 0;
    std::size_t searched_ = 0;  // no newline before here
    bool ended_ = false;
};

}  // namespace cauce::cli
