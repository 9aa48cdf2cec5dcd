// Seam: files. Buffered: a write goes to the page cache, where it survives the process; only sync()
// makes it survive the machine. A file belongs to one shard. Paths are absolute.
//
// Calls that return a Task may wait for the device and suspend meanwhile; the others do not wait,
// but for the kernel throttling a writer whose dirty pages pile up.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/task.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::runtime {

class File {
public:
    // Closes it.
    virtual ~File() = default;

    // Fills `into`; fewer bytes only at the end of the file. Never stalls the shard: what is not in
    // memory is read beside it.
    virtual Task<IoResult<std::size_t>> read_at(std::uint64_t position, MutableBytes into) = 0;

    // Writes all parts, one after another, from `position` on. On an error any prefix may have been
    // written.
    virtual IoResult<void> write_at(std::uint64_t position, std::span<const BytesView> parts) = 0;
    IoResult<void> write_at(std::uint64_t position, BytesView bytes) {
        return write_at(position, std::span(&bytes, 1));
    }

    // On success everything written before the call is on the device, with the size needed to read
    // it (fdatasync). After a failure nothing is known about the pages that were dirty: never call
    // again, give the directory up (D20).
    virtual Task<IoResult<void>> sync() = 0;

    virtual IoResult<void> truncate(std::uint64_t size) = 0;
    virtual IoResult<std::uint64_t> size() const = 0;

    // Reserves blocks for [position, position + length) without changing the size, so that writing
    // there meets no full disk. ENOSPC and EDQUOT are the answers of a full disk; a file system
    // that cannot reserve says EOPNOTSUPP.
    virtual IoResult<void> reserve(std::uint64_t position, std::uint64_t length) = 0;
};

enum class OpenMode : std::uint8_t {
    read,              // must exist
    read_write,        // must exist
    create,            // read and write; made when absent
    create_exclusive,  // read and write; EEXIST when present
};

struct DirectoryEntry {
    std::string name;
    bool is_directory = false;
};

// Of the file system that holds a folder.
struct DiskSpace {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;  // as much as this process may use
};

class Disk {
public:
    virtual ~Disk() = default;

    virtual IoResult<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) = 0;
    // Sorted by name. ENOENT when the folder is not there.
    virtual IoResult<std::vector<DirectoryEntry>> list(std::string_view folder) = 0;
    virtual bool exists(std::string_view path) = 0;
    // Makes the folder; one that exists is fine. Its parent must exist.
    virtual IoResult<void> make_folder(std::string_view folder) = 0;
    // Replaces `to`. Durable after sync_folder of the folder that holds it.
    virtual IoResult<void> rename(std::string_view from, std::string_view to) = 0;
    // A file, or an empty folder.
    virtual IoResult<void> remove(std::string_view path) = 0;
    // The same for a file that may be large: to free its blocks can take the file system a while,
    // in which the shard goes on.
    virtual Task<IoResult<void>> remove_aside(std::string path) { co_return remove(path); }
    // Makes the names in a folder durable: files made, renamed and removed before the call.
    virtual Task<IoResult<void>> sync_folder(std::string folder) = 0;
    virtual IoResult<DiskSpace> space(std::string_view folder) = 0;
    // An exclusive lock on a file, held until the result is destroyed or the process ends.
    // EWOULDBLOCK: held elsewhere.
    virtual IoResult<std::unique_ptr<File>> lock(std::string_view path) = 0;
};

}  // namespace cauce::runtime
