// Seam `Disk` in simulation: one shard's access to the disk of its machine (disk_image.h), with
// time, failures and death at a chosen call. One object a shard and life.
#pragma once

#include "base/time.h"
#include "runtime/disk.h"
#include "sim/disk_image.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cauce::sim {

class World;
struct Life;
class SimShards;

// What a node asks of its disk.
struct DiskCall {
    enum class Kind : std::uint8_t {
        open,
        read,
        write,
        sync,
        truncate,
        reserve,
        make_folder,
        rename,
        remove,
        sync_folder,
    };
    Kind kind;
    std::string_view path;
};

// Which calls that change the disk count, when a node is to die in one; each kind has the next.
enum class DiskCalls : std::uint8_t {
    all,
    names,      // those that make, rename or remove a file or sync a folder
    exchanges,  // of names by which a start tells what counts: .swap, .deleted
};

class SimDisk final : public runtime::Disk {
public:
    SimDisk(World& world, Life& life, SimShards& shard)
        : world_(world), life_(life), shard_(shard) {}

    IoResult<std::unique_ptr<runtime::File>> open(std::string_view path,
                                                  runtime::OpenMode mode) override;
    IoResult<std::vector<runtime::DirectoryEntry>> list(std::string_view folder) override;
    bool exists(std::string_view path) override;
    IoResult<void> make_folder(std::string_view folder) override;
    IoResult<void> rename(std::string_view from, std::string_view to) override;
    IoResult<void> remove(std::string_view path) override;
    runtime::Task<IoResult<void>> remove_aside(std::string path) override;
    runtime::Task<IoResult<void>> sync_folder(std::string folder) override;
    IoResult<runtime::DiskSpace> space(std::string_view folder) override;
    IoResult<std::unique_ptr<runtime::File>> lock(std::string_view path) override;

private:
    friend class SimFile;

    DiskImage& image();
    // The errno to fail with, or 0.
    int fault(DiskCall::Kind kind, std::string_view path);
    // How long the device takes for what usually takes that long.
    Duration delay(Duration typical);
    // Counts a call that changes the disk, of this kind and no further one; true when the node dies
    // in it.
    bool dies_here(DiskCalls kind);
    void die();

    World& world_;
    Life& life_;
    SimShards& shard_;
};

}  // namespace cauce::sim
