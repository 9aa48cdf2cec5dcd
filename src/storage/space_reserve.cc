#include "storage/space_reserve.h"

namespace cauce::storage {

IoResult<void> SpaceReserve::set_aside(std::uint64_t bytes) {
    if (is_there()) RETURN_IF_ERROR(give_up());
    if (bytes == 0) return {};
    ASSIGN_OR_RETURN(const auto file, disk_.open(path_, runtime::OpenMode::create));
    const auto reserved = file->reserve(0, bytes);
    if (reserved) return {};
    (void)give_up();
    return reserved;
}

}  // namespace cauce::storage
