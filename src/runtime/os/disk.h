// PosixDisk: the file system, as one shard sees it.
#pragma once

#include "runtime/disk.h"
#include "runtime/os/shard.h"

namespace cauce::runtime::os {

class PosixDisk final : public Disk {
public:
    explicit PosixDisk(Shard& shard) : shard_(shard) {}

    IoResult<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) override;
    IoResult<std::vector<DirectoryEntry>> list(std::string_view folder) override;
    bool exists(std::string_view path) override;
    IoResult<void> make_folder(std::string_view folder) override;
    IoResult<void> rename(std::string_view from, std::string_view to) override;
    IoResult<void> remove(std::string_view path) override;
    Task<IoResult<void>> remove_aside(std::string path) override;
    Task<IoResult<void>> sync_folder(std::string folder) override;
    IoResult<DiskSpace> space(std::string_view folder) override;
    IoResult<std::unique_ptr<File>> lock(std::string_view path) override;

private:
    Shard& shard_;
};

}  // namespace cauce::runtime::os
