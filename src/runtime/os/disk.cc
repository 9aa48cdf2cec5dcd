#include "runtime/os/disk.h"

#include "runtime/os/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

namespace cauce::runtime::os {
namespace {

int flags_of(OpenMode mode) {
    switch (mode) {
        case OpenMode::read:
            return O_RDONLY;
        case OpenMode::read_write:
            return O_RDWR;
        case OpenMode::create:
            return O_RDWR | O_CREAT;
        case OpenMode::create_exclusive:
            return O_RDWR | O_CREAT | O_EXCL;
    }
    std::unreachable();
}

FileDescriptor open_retrying(const std::string& path, int flags) {
    while (true) {
        const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
        if (descriptor >= 0 || errno != EINTR) return FileDescriptor(descriptor);
    }
}

bool is_folder(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

IoResult<void> flush_folder(const std::string& folder) {
    const FileDescriptor descriptor = open_retrying(folder, O_RDONLY | O_DIRECTORY);
    if (!descriptor.is_open()) return io_fail(errno, "open", folder);
    while (::fsync(descriptor.get()) != 0) {
        if (errno != EINTR) return io_fail(errno, "fsync", folder);
    }
    return {};
}

IoResult<void> remove_name(const std::string& path) {
    if (std::remove(path.c_str()) != 0) return io_fail(errno, "remove", path);
    return {};
}

}  // namespace

IoResult<std::unique_ptr<File>> PosixDisk::open(std::string_view path, OpenMode mode) {
    std::string name(path);
    FileDescriptor descriptor = open_retrying(name, flags_of(mode));
    if (!descriptor.is_open()) return io_fail(errno, "open", std::move(name));
    return std::make_unique<PosixFile>(shard_, std::move(descriptor), std::move(name));
}

IoResult<std::vector<DirectoryEntry>> PosixDisk::list(std::string_view folder) {
    const std::string name(folder);
    const std::unique_ptr<DIR, decltype([](DIR* open) { ::closedir(open); })> opened(
        ::opendir(name.c_str()));
    if (!opened) return io_fail(errno, "opendir", name);
    std::vector<DirectoryEntry> entries;
    while (true) {
        errno = 0;
        const dirent* entry = ::readdir(opened.get());
        if (entry == nullptr) break;
        const std::string_view file = entry->d_name;
        if (file == "." || file == "..") continue;
        const bool known = entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK;
        const bool folder_there =
            known ? entry->d_type == DT_DIR : is_folder(name + "/" + std::string(file));
        entries.push_back({.name = std::string(file), .is_directory = folder_there});
    }
    if (errno != 0) return io_fail(errno, "readdir", name);
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
}

bool PosixDisk::exists(std::string_view path) {
    return ::access(std::string(path).c_str(), F_OK) == 0;
}

IoResult<void> PosixDisk::make_folder(std::string_view folder) {
    std::string name(folder);
    if (::mkdir(name.c_str(), 0755) == 0) return {};
    const int error = errno;
    if (error == EEXIST && is_folder(name)) return {};
    return io_fail(error, "mkdir", std::move(name));
}

IoResult<void> PosixDisk::rename(std::string_view from, std::string_view to) {
    std::string source(from);
    if (::rename(source.c_str(), std::string(to).c_str()) != 0)
        return io_fail(errno, "rename", std::move(source));
    return {};
}

IoResult<void> PosixDisk::remove(std::string_view path) {
    return remove_name(std::string(path));
}

Task<IoResult<void>> PosixDisk::remove_aside(std::string path) {
    auto call = [path = std::move(path)] { return remove_name(path); };
    auto work = shard_.offload(Lane::remove, std::move(call));
    co_return co_await work;
}

Task<IoResult<void>> PosixDisk::sync_folder(std::string folder) {
    auto call = [folder = std::move(folder)] { return flush_folder(folder); };
    auto work = shard_.offload(Lane::flush, std::move(call));
    co_return co_await work;
}

IoResult<DiskSpace> PosixDisk::space(std::string_view folder) {
    std::string name(folder);
    struct statvfs status{};
    if (::statvfs(name.c_str(), &status) != 0) return io_fail(errno, "statvfs", std::move(name));
    const std::uint64_t block = status.f_frsize;
    return DiskSpace{block * status.f_blocks, block * status.f_bavail};
}

IoResult<std::unique_ptr<File>> PosixDisk::lock(std::string_view path) {
    std::string name(path);
    FileDescriptor descriptor = open_retrying(name, O_RDWR | O_CREAT);
    if (!descriptor.is_open()) return io_fail(errno, "open", std::move(name));
    while (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR) return io_fail(errno, "flock", std::move(name));
    }
    return std::make_unique<PosixFile>(shard_, std::move(descriptor), std::move(name));
}

}  // namespace cauce::runtime::os
