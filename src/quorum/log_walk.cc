#include "quorum/log_walk.h"

#include "storage/batch_scanner.h"
#include "storage/segment_files.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace cauce::quorum {

using runtime::Task;

IoResult<std::vector<Offset>> segment_bases(runtime::Disk& disk, const std::string& folder) {
    std::vector<Offset> bases;
    auto entries = disk.list(folder);
    if (!entries) {
        if (entries.error().number == ENOENT) return bases;
        return std::unexpected(std::move(entries).error());
    }
    for (const runtime::DirectoryEntry& entry : *entries) {
        if (const auto base = storage::offset_in_name(entry.name, storage::kLogSuffix))
            bases.push_back(*base);
    }
    std::ranges::sort(bases);
    return bases;
}

Task<IoResult<void>> walk_log(runtime::Disk& disk, std::string folder, Offset from, Offset end,
                              BatchVisitor& visitor) {
    ASSIGN_OR_CO_RETURN(const std::vector<Offset> bases, segment_bases(disk, folder));
    for (std::size_t i = 0; i < bases.size() && bases[i] < end; ++i) {
        if (i + 1 < bases.size() && bases[i + 1] <= from) continue;
        const std::string path = storage::segment_file(folder, bases[i], storage::kLogSuffix);
        ASSIGN_OR_CO_RETURN(std::shared_ptr<runtime::File> file,
                            disk.open(path, runtime::OpenMode::read));
        ASSIGN_OR_CO_RETURN(const std::uint64_t size, file->size());
        storage::BatchScanner scanner(std::move(file), 0, size);
        Offset next = bases[i];
        while (next < end) {
            const auto scanned = co_await scanner.next_whole();
            if (!scanned) co_return std::unexpected(scanned.error());
            if (!*scanned) break;
            const auto batch = wire::parse_batch(scanner.bytes());
            if (!batch || !batch->crc_matches())
                co_return io_fail(EBADMSG, "check",
                                  path + " at offset " + std::to_string(next.value));
            next = batch->next_offset();
            if (batch->base_offset() < from) continue;
            CO_RETURN_IF_ERROR(visitor.visit(*batch, path));
        }
    }
    co_return IoResult<void>{};
}

}  // namespace cauce::quorum
