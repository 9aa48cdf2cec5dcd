// SpaceReserve: room in a log directory that is set aside in a file, for the day on which others
// fill the disk. Given up, it lets the broker start there, and write down offsets and deletions,
// until there is room again. The file holds nothing; who finds it may remove it.
#pragma once

#include "base/result.h"
#include "runtime/disk.h"

#include <cstdint>
#include <string>

namespace cauce::storage {

class SpaceReserve {
public:
    static constexpr std::string_view kFile = "cauce.reserve";

    // `disk` outlives it.
    SpaceReserve(runtime::Disk& disk, const std::string& directory)
        : disk_(disk), path_(directory + "/" + std::string(kFile)) {}

    const std::string& path() const { return path_; }
    bool is_there() const { return disk_.exists(path_); }

    // Sets `bytes` aside, whatever was before; with zero nothing. EOPNOTSUPP: the file system
    // cannot.
    IoResult<void> set_aside(std::uint64_t bytes);
    IoResult<void> give_up() { return disk_.remove(path_); }

private:
    runtime::Disk& disk_;
    const std::string path_;
};

}  // namespace cauce::storage
