#include "storage/interrupted_swap.h"

#include "storage/batch_scanner.h"
#include "storage/segment_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace cauce::storage {
namespace {

using runtime::Task;

constexpr std::array kSegmentSuffixes = {kLogSuffix, kIndexSuffix, kTimeIndexSuffix,
                                         kTransactionIndexSuffix};

struct SegmentFile {
    std::string name;
    Offset base;
    std::string_view suffix;  // of kSegmentSuffixes
};

// A file of a segment, with `more` behind its name.
std::optional<SegmentFile> segment_file_in(const std::string& name, std::string_view more) {
    if (!name.ends_with(more)) return std::nullopt;
    const std::string_view plain = std::string_view(name).substr(0, name.size() - more.size());
    for (const std::string_view suffix : kSegmentSuffixes) {
        if (const auto base = offset_in_name(plain, suffix))
            return SegmentFile{name, *base, suffix};
    }
    return std::nullopt;
}

// The offset behind the last batch of a successor.
Task<IoResult<Offset>> end_of(runtime::Disk& disk, std::string path, Offset base) {
    ASSIGN_OR_CO_RETURN(std::shared_ptr<runtime::File> file,
                        disk.open(path, runtime::OpenMode::read));
    ASSIGN_OR_CO_RETURN(const std::uint64_t size, file->size());
    BatchScanner scanner(std::move(file), 0, size);
    Offset end = base;
    while (true) {
        const auto batch = co_await scanner.next();
        if (!batch) co_return std::unexpected(batch.error());
        if (!*batch) break;
        end = (*batch)->head.last_offset + 1;
    }
    if (scanner.broken() != nullptr)
        co_return io_fail(
            EBADMSG, "check",
            path + " at byte " + std::to_string(scanner.position()) + ": " + scanner.broken());
    co_return end;
}

}  // namespace

Task<IoResult<void>> finish_swaps(runtime::Disk& disk, std::string folder) {
    const auto entries = disk.list(folder);
    if (!entries) co_return std::unexpected(entries.error());
    std::vector<SegmentFile> plain;
    std::vector<SegmentFile> cleaned;
    std::vector<SegmentFile> swaps;
    for (const runtime::DirectoryEntry& entry : *entries) {
        if (auto file = segment_file_in(entry.name, "")) plain.push_back(std::move(*file));
        if (auto file = segment_file_in(entry.name, kCleanedSuffix))
            cleaned.push_back(std::move(*file));
        if (auto file = segment_file_in(entry.name, kSwapSuffix)) swaps.push_back(std::move(*file));
    }
    // A successor of which parts are not renamed yet: its predecessors are all there, and it goes.
    // Those that stand behind it were to come with it (a segment that was split).
    std::vector<std::string> superfluous;
    for (const SegmentFile& file : cleaned)
        superfluous.push_back(file.name);
    if (!cleaned.empty()) {
        const Offset first = std::ranges::min(cleaned, {}, &SegmentFile::base).base;
        for (const SegmentFile& file : swaps) {
            if (file.base >= first) superfluous.push_back(file.name);
        }
        std::erase_if(swaps, [first](const SegmentFile& file) { return file.base >= first; });
    }
    // From the first to the last successor only successors count. Where the `.log` has been renamed
    // already, its predecessors were removed before that.
    std::optional<std::pair<Offset, Offset>> replaced;
    for (const SegmentFile& file : swaps) {
        if (file.suffix != kLogSuffix) continue;
        const auto end = co_await end_of(disk, folder + "/" + file.name, file.base);
        if (!end) co_return std::unexpected(end.error());
        if (!replaced) replaced.emplace(file.base, *end);
        replaced->first = std::min(replaced->first, file.base);
        replaced->second = std::max(replaced->second, *end);
    }
    for (const SegmentFile& file : plain) {
        if (replaced && file.base >= replaced->first && file.base < replaced->second)
            superfluous.push_back(file.name);
    }
    for (const std::string& name : superfluous)
        CO_RETURN_IF_ERROR(disk.remove(folder + "/" + name));
    // A power loss must not keep a new name and an old file.
    if (!superfluous.empty()) CO_RETURN_IF_ERROR(co_await disk.sync_folder(folder));
    // The `.log` first: a later call then finds nothing in its range to remove, and what is left of
    // its indexes is renamed behind it.
    std::ranges::sort(swaps, {}, [](const SegmentFile& file) {
        return std::tuple(file.suffix != kLogSuffix, file.base, file.suffix);
    });
    for (const SegmentFile& file : swaps)
        CO_RETURN_IF_ERROR(
            disk.rename(folder + "/" + file.name, segment_file(folder, file.base, file.suffix)));
    if (!swaps.empty()) co_return co_await disk.sync_folder(folder);
    co_return IoResult<void>{};
}

}  // namespace cauce::storage
