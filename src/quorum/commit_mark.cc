#include "quorum/commit_mark.h"

#include "base/crc32c.h"
#include "storage/small_file.h"

#include <array>
#include <cstdint>

namespace cauce::quorum {
namespace {

// int64 end offset, int32 epoch, uint32 CRC32C of these twelve bytes. Big-endian.
constexpr std::size_t kChecked = 12;
constexpr std::size_t kSize = 16;

}  // namespace

runtime::Task<IoResult<std::optional<CommitMark>>> read_commit_mark(runtime::Disk& disk,
                                                                    std::string folder) {
    const auto bytes =
        co_await storage::read_file(disk, folder + "/" + std::string(kCommitMarkFile));
    if (!bytes) co_return std::unexpected(bytes.error());
    if (!*bytes || (*bytes)->size() != kSize) co_return std::optional<CommitMark>();
    const std::uint8_t* at = (*bytes)->data();
    const BytesView checked = BytesView(**bytes).first(kChecked);
    if (load_big_endian<std::uint32_t>(at + kChecked) != crc32c(checked))
        co_return std::optional<CommitMark>();
    const CommitMark mark{Offset{load_big_endian<std::int64_t>(at)},
                          LeaderEpoch{load_big_endian<std::int32_t>(at + 8)}};
    co_return std::optional(mark);
}

IoResult<CommitMarkWriter> CommitMarkWriter::open(runtime::Disk& disk, const std::string& folder) {
    ASSIGN_OR_RETURN(auto file, disk.open(folder + "/" + std::string(kCommitMarkFile),
                                          runtime::OpenMode::create));
    // One that is damaged like that would count for nothing for ever.
    ASSIGN_OR_RETURN(const std::uint64_t size, file->size());
    if (size > kSize) RETURN_IF_ERROR(file->truncate(kSize));
    return CommitMarkWriter(std::move(file));
}

IoResult<void> CommitMarkWriter::write(const CommitMark& mark) {
    std::array<std::uint8_t, kSize> bytes{};
    store_big_endian(bytes.data(), mark.end.value);
    store_big_endian(bytes.data() + 8, mark.epoch.value);
    store_big_endian(bytes.data() + kChecked, crc32c(BytesView(bytes).first(kChecked)));
    return file_->write_at(0, BytesView(bytes));
}

}  // namespace cauce::quorum
