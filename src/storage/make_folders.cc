#include "storage/make_folders.h"

#include <cerrno>

namespace cauce::storage {

runtime::Task<IoResult<void>> make_folders(runtime::Disk& disk, std::string folder) {
    std::size_t slash = folder.find('/', 1);
    while (true) {
        const std::string at = folder.substr(0, slash);
        const bool is_new = !disk.exists(at);
        if (is_new) CO_RETURN_IF_ERROR(disk.make_folder(at));
        // The folder itself may be there and not be durable yet, made by a start that was killed or
        // by the one that asks. Where its parent may not be read, somebody else has made it.
        if (is_new || slash == std::string::npos) {
            const std::size_t parent = at.rfind('/');
            const std::string above = parent == 0 ? "/" : at.substr(0, parent);
            const auto synced = co_await disk.sync_folder(above);
            if (!synced && (is_new || synced.error().number != EACCES)) co_return synced;
        }
        if (slash == std::string::npos) co_return IoResult<void>{};
        slash = folder.find('/', slash + 1);
    }
}

}  // namespace cauce::storage
