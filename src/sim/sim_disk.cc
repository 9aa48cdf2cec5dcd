#include "sim/sim_disk.h"

#include "sim/sim_shards.h"
#include "sim/world.h"

#include <cerrno>
#include <utility>

namespace cauce::sim {

// An open file. Handles of a crashed life close nothing: the machine has done so.
class SimFile final : public runtime::File {
public:
    SimFile(SimDisk& disk, DiskImage::Inode inode, std::string path, bool locked)
        : disk_(disk), inode_(inode), path_(std::move(path)), locked_(locked) {}

    ~SimFile() override {
        if (locked_) disk_.life_.locks.erase(inode_);
        disk_.image().close(inode_);
    }

    runtime::Task<IoResult<std::size_t>> read_at(std::uint64_t position,
                                                 MutableBytes into) override {
        if (const int error = disk_.fault(DiskCall::Kind::read, path_)) {
            co_return io_fail(error, "pread", path_);
        }
        World& world = disk_.world_;
        if (world.dice().one_in(8)) {
            const MonoTime ready = world.now() + disk_.delay(world.options().disk_read);
            co_await disk_.shard_.sleep_until(ready);
        }
        const std::size_t size = disk_.image().read(inode_, position, into);
        world.trace(Step::disk_read, position, size);
        co_return size;
    }

    IoResult<void> write_at(std::uint64_t position, std::span<const BytesView> parts) override {
        const int error = disk_.fault(DiskCall::Kind::write, path_);
        std::size_t total = 0;
        for (const BytesView part : parts)
            total += part.size();
        World& world = disk_.world_;
        if (disk_.dies_here(DiskCalls::all)) {
            write_prefix(position, parts, world.dice().below(total + 1));
            disk_.die();
        }
        if (error != 0) {
            write_prefix(position, parts, world.dice().below(total + 1));
            return io_fail(error, "pwritev", path_);
        }
        const std::size_t written = write_prefix(position, parts, total);
        if (world.dice().one_in(16)) disk_.image().write_back(inode_, world.dice());
        if (written < total) return io_fail(ENOSPC, "pwritev", path_);
        return {};
    }

    runtime::Task<IoResult<void>> sync() override {
        World& world = disk_.world_;
        const int error = disk_.fault(DiskCall::Kind::sync, path_);
        const DiskImage::Sync sync = disk_.image().begin_sync(inode_);
        const MonoTime end = world.now() + disk_.delay(world.options().disk_sync);
        co_await disk_.shard_.sleep_until(end);
        world.trace(Step::disk_sync, inode_, sync.pages.size());
        if (error != 0) {
            disk_.image().fail_sync(sync, world.dice());
            co_return io_fail(error, "fdatasync", path_);
        }
        if (disk_.dies_here(DiskCalls::all)) disk_.die();
        if (!disk_.life_.node.syncs_do_nothing) disk_.image().complete_sync(sync);
        co_return IoResult<void>();
    }

    IoResult<void> truncate(std::uint64_t size) override {
        if (const int error = disk_.fault(DiskCall::Kind::truncate, path_)) {
            return io_fail(error, "ftruncate", path_);
        }
        if (disk_.dies_here(DiskCalls::all)) disk_.die();
        disk_.world_.trace(Step::disk_write, inode_, size);
        if (!disk_.image().truncate(inode_, size)) return io_fail(ENOSPC, "ftruncate", path_);
        return {};
    }

    IoResult<std::uint64_t> size() const override { return disk_.image().size(inode_); }

    IoResult<void> reserve(std::uint64_t position, std::uint64_t length) override {
        if (const int error = disk_.fault(DiskCall::Kind::reserve, path_)) {
            return io_fail(error, "fallocate", path_);
        }
        if (!disk_.image().reserve(inode_, position + length)) {
            return io_fail(ENOSPC, "fallocate", path_);
        }
        return {};
    }

private:
    std::size_t write_prefix(std::uint64_t position, std::span<const BytesView> parts,
                             std::size_t limit) {
        std::size_t written = 0;
        for (BytesView part : parts) {
            part = part.first(std::min(part.size(), limit - written));
            const std::size_t some = disk_.image().write(inode_, position + written, part);
            disk_.world_.trace(Step::disk_write, inode_, part.first(some));
            written += some;
            if (some < part.size()) break;
        }
        return written;
    }

    SimDisk& disk_;
    const DiskImage::Inode inode_;
    const std::string path_;
    const bool locked_;
};

DiskImage& SimDisk::image() {
    return life_.node.disk;
}

int SimDisk::fault(DiskCall::Kind kind, std::string_view path) {
    if (!life_.alive) return EIO;
    return life_.node.disk_fault ? life_.node.disk_fault({kind, path}) : 0;
}

Duration SimDisk::delay(Duration typical) {
    return world_.delay(typical * life_.node.disk_slowness);
}

bool SimDisk::dies_here(DiskCalls kind) {
    SimNode& node = life_.node;
    if (kind < node.dying_in) return false;
    return node.disk_calls_left > 0 && --node.disk_calls_left == 0;
}

void SimDisk::die() {
    life_.node.disk_at_death = image();
    life_.ghost = true;
}

IoResult<std::unique_ptr<runtime::File>> SimDisk::open(std::string_view path,
                                                       runtime::OpenMode mode) {
    if (const int error = fault(DiskCall::Kind::open, path)) {
        return io_fail(error, "open", std::string(path));
    }
    if (!image().exists(path) && dies_here(DiskCalls::names)) die();
    ASSIGN_OR_RETURN(const DiskImage::Inode inode, image().open(path, mode));
    world_.trace(Step::disk_names, inode, as_bytes(path));
    return std::make_unique<SimFile>(*this, inode, std::string(path), false);
}

IoResult<std::vector<runtime::DirectoryEntry>> SimDisk::list(std::string_view folder) {
    return image().list(folder);
}

bool SimDisk::exists(std::string_view path) {
    return image().exists(path);
}

IoResult<void> SimDisk::make_folder(std::string_view folder) {
    if (const int error = fault(DiskCall::Kind::make_folder, folder)) {
        return io_fail(error, "mkdir", std::string(folder));
    }
    if (!image().exists(folder) && dies_here(DiskCalls::names)) die();
    world_.trace(Step::disk_names, 1, as_bytes(folder));
    return image().make_folder(folder);
}

IoResult<void> SimDisk::rename(std::string_view from, std::string_view to) {
    if (const int error = fault(DiskCall::Kind::rename, to)) {
        return io_fail(error, "rename", std::string(to));
    }
    const bool exchanges =
        from.ends_with(".swap") || to.ends_with(".swap") || to.ends_with(".deleted");
    if (dies_here(exchanges ? DiskCalls::exchanges : DiskCalls::names)) die();
    world_.trace(Step::disk_names, 2, as_bytes(from));
    world_.trace(Step::disk_names, 3, as_bytes(to));
    return image().rename(from, to);
}

IoResult<void> SimDisk::remove(std::string_view path) {
    if (const int error = fault(DiskCall::Kind::remove, path)) {
        return io_fail(error, "remove", std::string(path));
    }
    if (dies_here(DiskCalls::names)) die();
    world_.trace(Step::disk_names, 4, as_bytes(path));
    return image().remove(path);
}

runtime::Task<IoResult<void>> SimDisk::remove_aside(std::string path) {
    // As long as a flush, which is what it waits behind in a real one's journal.
    const MonoTime end = world_.now() + world_.delay(world_.options().disk_sync);
    co_await shard_.sleep_until(end);
    co_return remove(path);
}

runtime::Task<IoResult<void>> SimDisk::sync_folder(std::string folder) {
    if (const int error = fault(DiskCall::Kind::sync_folder, folder)) {
        co_return io_fail(error, "fsync", folder);
    }
    ASSIGN_OR_CO_RETURN(const DiskImage::FolderSync sync, image().begin_sync_folder(folder));
    const MonoTime end = world_.now() + delay(world_.options().disk_sync);
    co_await shard_.sleep_until(end);
    world_.trace(Step::disk_sync, sync.folder, sync.last_change);
    if (dies_here(DiskCalls::names)) die();
    if (!life_.node.folder_syncs_do_nothing) image().complete_sync_folder(sync);
    co_return IoResult<void>();
}

IoResult<runtime::DiskSpace> SimDisk::space(std::string_view folder) {
    if (!image().exists(folder)) return io_fail(ENOENT, "statvfs", std::string(folder));
    return runtime::DiskSpace{image().capacity_bytes(), image().free_bytes()};
}

IoResult<std::unique_ptr<runtime::File>> SimDisk::lock(std::string_view path) {
    ASSIGN_OR_RETURN(const DiskImage::Inode inode, image().open(path, runtime::OpenMode::create));
    if (!life_.locks.insert(inode).second) {
        image().close(inode);
        return io_fail(EWOULDBLOCK, "flock", std::string(path));
    }
    world_.trace(Step::disk_names, 5, as_bytes(path));
    return std::make_unique<SimFile>(*this, inode, std::string(path), true);
}

}  // namespace cauce::sim
