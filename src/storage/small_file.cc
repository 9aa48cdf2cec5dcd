#include "storage/small_file.h"

#include "base/mutant.h"

#include <cerrno>
#include <memory>
#include <utility>

namespace cauce::storage {

runtime::Task<IoResult<std::optional<Buffer>>> read_file(runtime::Disk& disk, std::string path) {
    auto opened = disk.open(path, runtime::OpenMode::read);
    if (!opened) {
        if (opened.error().number == ENOENT) co_return std::optional<Buffer>();
        co_return std::unexpected(std::move(opened).error());
    }
    ASSIGN_OR_CO_RETURN(const std::uint64_t size, (*opened)->size());
    Buffer bytes(size);
    auto read = co_await (*opened)->read_at(0, bytes);
    if (!read) co_return std::unexpected(std::move(read).error());
    bytes.resize(*read);
    co_return std::optional<Buffer>(std::move(bytes));
}

runtime::Task<IoResult<void>> replace_file(runtime::Disk& disk, std::string folder,
                                           std::string name, Buffer bytes) {
    const std::string path = folder + "/" + name;
    const std::string temporary = path + ".tmp";
    {
        auto opened = disk.open(temporary, runtime::OpenMode::create);
        if (!opened) co_return std::unexpected(std::move(opened).error());
        const std::unique_ptr<runtime::File> file = std::move(*opened);
        CO_RETURN_IF_ERROR(file->truncate(0));
        CO_RETURN_IF_ERROR(file->write_at(0, BytesView(bytes)));
        if (!CAUCE_MUTANT("renamed-before-sync")) {
            auto synced = co_await file->sync();
            if (!synced) co_return synced;
        }
    }
    CO_RETURN_IF_ERROR(disk.rename(temporary, path));
    co_return co_await disk.sync_folder(std::move(folder));
}

runtime::Task<IoResult<void>> replace_file(runtime::Disk& disk, std::string folder,
                                           std::string name, std::string_view text) {
    const BytesView bytes = as_bytes(text);
    return replace_file(disk, std::move(folder), std::move(name),
                        Buffer(bytes.begin(), bytes.end()));
}

}  // namespace cauce::storage
