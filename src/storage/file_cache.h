// Open files of one shard's logs, at most `capacity` of them at rest: a log of a thousand segments
// needs few descriptors, and an idle partition none. The least recently used is let go first;
// whoever still uses it (a send on its way, a flush) keeps it open until it is done.
#pragma once

#include "base/result.h"
#include "runtime/disk.h"

#include <cstddef>
#include <memory>
#include <string>

namespace cauce::storage {

class FileCache;

// A file that may be open. Lives in the object whose file it is; the cache knows it only while it
// is open.
class CachedFile {
public:
    CachedFile() = default;
    CachedFile(const CachedFile&) = delete;
    CachedFile& operator=(const CachedFile&) = delete;
    ~CachedFile() { close(); }

    // Lets it go; others that hold it keep it open.
    void close();
    bool open() const { return file_ != nullptr; }

private:
    friend class FileCache;
    FileCache* cache_ = nullptr;
    std::shared_ptr<runtime::File> file_;
    CachedFile* next_ = nullptr;
    CachedFile* previous_ = nullptr;
};

class FileCache {
public:
    FileCache(runtime::Disk& disk, std::size_t capacity) : disk_(disk), capacity_(capacity) {}
    FileCache(const FileCache&) = delete;
    FileCache& operator=(const FileCache&) = delete;
    ~FileCache();

    // The open file, opened when it is not. `path` is asked only then.
    template <typename Path>
    IoResult<std::shared_ptr<runtime::File>> get(CachedFile& file, runtime::OpenMode mode,
                                                 const Path& path) {
        if (file.file_ != nullptr) {
            touch(file);
            return file.file_;
        }
        return open(file, mode, path());
    }

    std::size_t open_files() const { return open_; }
    runtime::Disk& disk() { return disk_; }

private:
    friend class CachedFile;
    IoResult<std::shared_ptr<runtime::File>> open(CachedFile& file, runtime::OpenMode mode,
                                                  const std::string& path);
    void touch(CachedFile& file);
    void link(CachedFile& file);
    void unlink(CachedFile& file);

    runtime::Disk& disk_;
    std::size_t capacity_;
    std::size_t open_ = 0;
    CachedFile* newest_ = nullptr;
    CachedFile* oldest_ = nullptr;
};

}  // namespace cauce::storage
