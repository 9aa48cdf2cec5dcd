#include "storage/file_cache.h"

#include "base/check.h"

#include <utility>

namespace cauce::storage {

void CachedFile::close() {
    if (file_ == nullptr) return;
    cache_->unlink(*this);
    --cache_->open_;
    file_ = nullptr;
}

FileCache::~FileCache() {
    while (oldest_ != nullptr)
        oldest_->close();
}

IoResult<std::shared_ptr<runtime::File>> FileCache::open(CachedFile& file, runtime::OpenMode mode,
                                                         const std::string& path) {
    auto opened = disk_.open(path, mode);
    if (!opened) return std::unexpected(std::move(opened).error());
    while (open_ >= capacity_ && oldest_ != nullptr)
        oldest_->close();
    file.cache_ = this;
    file.file_ = std::move(*opened);
    ++open_;
    link(file);
    return file.file_;
}

void FileCache::touch(CachedFile& file) {
    if (newest_ == &file) return;
    unlink(file);
    link(file);
}

void FileCache::link(CachedFile& file) {
    file.previous_ = newest_;
    file.next_ = nullptr;
    (newest_ != nullptr ? newest_->next_ : oldest_) = &file;
    newest_ = &file;
}

void FileCache::unlink(CachedFile& file) {
    (file.previous_ != nullptr ? file.previous_->next_ : oldest_) = file.next_;
    (file.next_ != nullptr ? file.next_->previous_ : newest_) = file.previous_;
    file.next_ = file.previous_ = nullptr;
}

}  // namespace cauce::storage
