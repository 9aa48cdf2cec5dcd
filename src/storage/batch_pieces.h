// Reads a segment's file from a batch on in pieces of whole batches, large enough to be worth a
// call and small enough not to hold anybody up.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace cauce::storage {

class BatchPieces {
public:
    struct Range {
        std::uint64_t position = 0;
        // Bytes at and behind it are not looked at.
        std::uint64_t end = 0;
        // The batches' offsets grow, and lie in [first, behind). No checksum covers them.
        Offset first;
        Offset behind;
    };
    // `piece_bytes`: a piece is larger only when its first batch is. `name`: of the file, for
    // errors.
    BatchPieces(std::shared_ptr<runtime::File> file, std::string name, const Range& range,
                std::size_t piece_bytes);

    // The next batches, which last until the next call; nothing at the end. EBADMSG: something
    // else stands there.
    runtime::Task<IoResult<BytesView>> next();
    // Behind the batches that were returned.
    std::uint64_t position() const { return range_.position; }

private:
    // How many bytes at the front are whole batches, which count as read then; `wanted`: how many
    // it takes to have one, when there is none.
    IoResult<std::size_t> take_whole(BytesView bytes, std::size_t& wanted);
    std::unexpected<IoError> refuse(std::uint64_t position, const char* why) const;

    std::shared_ptr<runtime::File> file_;
    std::string name_;
    Range range_;
    std::size_t piece_bytes_;
    Buffer buffer_;
};

}  // namespace cauce::storage
