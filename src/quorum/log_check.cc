#include "quorum/log_check.h"

#include "quorum/log_walk.h"
#include "storage/batch_scanner.h"
#include "storage/segment_files.h"
#include "storage/small_file.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

namespace cauce::quorum {
namespace {

using runtime::Task;

// How far into what does not read as a batch a whole one is looked for.
constexpr std::uint64_t kSearchMax = 64ull << 20;

struct Place {
    std::string file;
    std::uint64_t byte = 0;
    Offset offset;

    std::string to_string() const {
        return file + " at byte " + std::to_string(byte) + " (offset " +
               std::to_string(offset.value) + ")";
    }
};

std::unexpected<IoError> damaged(const Place& place, const std::string& reason) {
    return io_fail(EBADMSG, "check", place.to_string() + ": " + reason);
}

// Whether a whole batch of this log begins anywhere in `rest`: then what stands in front of it was
// once written to the end.
bool holds_a_batch(BytesView rest, Offset at_least) {
    for (std::size_t i = 0; i + wire::batch_layout::kHeaderBytes <= rest.size(); ++i) {
        const BytesView at = rest.subspan(i);
        if (at[wire::batch_layout::kMagic] != wire::kBatchMagic) continue;
        const auto batch = wire::parse_batch(at);
        if (batch && batch->base_offset() >= at_least && batch->crc_matches()) return true;
    }
    return false;
}

struct Segment {
    Place end;
    std::string broken;  // why it goes no further; empty at the end of the file
    std::uint64_t file_size = 0;
};

// Walks the batches of one segment, which has to begin at `next`.
Task<IoResult<Segment>> walk(std::shared_ptr<runtime::File> file, std::string path, Offset next,
                             LeaderEpoch& epoch) {
    Segment segment;
    ASSIGN_OR_CO_RETURN(segment.file_size, file->size());
    storage::BatchScanner scanner(std::move(file), 0, segment.file_size);
    segment.end = {std::move(path), 0, next};
    while (true) {
        segment.end.byte = scanner.position();
        const auto scanned = co_await scanner.next_whole();
        if (!scanned) co_return std::unexpected(scanned.error());
        if (!*scanned) {
            if (scanner.broken() != nullptr) segment.broken = scanner.broken();
            co_return segment;
        }
        const auto batch = wire::parse_batch(scanner.bytes());
        if (!batch) {
            segment.broken = batch.error().message;
        } else if (!batch->crc_matches()) {
            segment.broken = "the checksum is wrong";
        } else if (batch->base_offset() != segment.end.offset) {
            segment.broken =
                "a batch of offset " + std::to_string(batch->base_offset().value) + " stands there";
        } else if (batch->partition_leader_epoch() < epoch) {
            segment.broken = "epoch " + std::to_string(batch->partition_leader_epoch().value) +
                             " follows epoch " + std::to_string(epoch.value);
        }
        if (!segment.broken.empty()) co_return segment;
        epoch = batch->partition_leader_epoch();
        segment.end.offset = batch->next_offset();
    }
}

}  // namespace

Task<IoResult<LogCheck>> check_log(runtime::Disk& disk, std::string folder, Offset from,
                                   std::optional<CommitMark> mark) {
    LogCheck check;
    check.end = from;
    ASSIGN_OR_CO_RETURN(std::vector<Offset> bases, segment_bases(disk, folder));
    // A segment is needed when the next one does not begin at or below `from`.
    while (bases.size() > 1 && bases[1] <= from)
        bases.erase(bases.begin());
    if (!bases.empty() && bases.front() > from) {
        const Place place{storage::segment_file(folder, bases.front(), storage::kLogSuffix), 0,
                          bases.front()};
        co_return damaged(place,
                          "the log begins here, but nothing is known of what came before; a "
                          "snapshot is missing");
    }
    LeaderEpoch epoch{-1};
    Place end;
    for (std::size_t i = 0; i < bases.size(); ++i) {
        const std::string path = storage::segment_file(folder, bases[i], storage::kLogSuffix);
        const bool last = i + 1 == bases.size();
        ASSIGN_OR_CO_RETURN(std::shared_ptr<runtime::File> file,
                            disk.open(path, runtime::OpenMode::read));
        auto walked = co_await walk(file, path, bases[i], epoch);
        if (!walked) co_return std::unexpected(walked.error());
        end = walked->end;
        if (!walked->broken.empty()) {
            if (!last) co_return damaged(end, walked->broken + ", and more segments follow");
            Buffer rest(std::min(walked->file_size - end.byte, kSearchMax));
            const auto read = co_await file->read_at(end.byte, rest);
            if (!read) co_return std::unexpected(read.error());
            rest.resize(*read);
            if (holds_a_batch(BytesView(rest).subspan(std::min<std::size_t>(1, rest.size())),
                              end.offset))
                co_return damaged(end, walked->broken + ", and whole batches follow");
            check.torn_bytes = walked->file_size - end.byte;
            check.torn_reason = walked->broken;
        } else if (!last && end.offset != bases[i + 1]) {
            co_return damaged(end, "the segment ends here, and the next one begins at offset " +
                                       std::to_string(bases[i + 1].value));
        }
        check.end = std::max(check.end, end.offset);
    }
    if (mark && mark->end > check.end) {
        const std::string why = check.torn_reason.empty() ? "the log ends here" : check.torn_reason;
        if (end.file.empty()) end.file = folder;
        co_return damaged(end, why + ", but everything below offset " +
                                   std::to_string(mark->end.value) +
                                   " had been committed. If an older copy was put back on purpose, "
                                   "remove " +
                                   folder + "/" + std::string(kCommitMarkFile));
    }
    const bool seen = epoch.value >= 0;
    if (seen && mark && mark->end == end.offset && epoch != mark->epoch)
        co_return damaged(end, "the last batch is of epoch " + std::to_string(epoch.value) +
                                   ", but epoch " + std::to_string(mark->epoch.value) +
                                   " had been committed");
    co_return check;
}

}  // namespace cauce::quorum
