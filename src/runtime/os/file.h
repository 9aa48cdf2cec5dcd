// PosixFile: a file of the operating system.
#pragma once

#include "runtime/disk.h"
#include "runtime/os/file_descriptor.h"
#include "runtime/os/shard.h"

#include <string>

namespace cauce::runtime::os {

class PosixFile final : public File {
public:
    PosixFile(Shard& shard, FileDescriptor descriptor, std::string path)
        : shard_(shard), descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    Task<IoResult<std::size_t>> read_at(std::uint64_t position, MutableBytes into) override;
    IoResult<void> write_at(std::uint64_t position, std::span<const BytesView> parts) override;
    Task<IoResult<void>> sync() override;
    IoResult<void> truncate(std::uint64_t size) override;
    IoResult<std::uint64_t> size() const override;
    IoResult<void> reserve(std::uint64_t position, std::uint64_t length) override;

    // For sendfile.
    int descriptor() const { return descriptor_.get(); }
    const std::string& path() const { return path_; }

    // Sees to it that the range is in memory, so that sendfile does not wait for the device. A
    // guess: the last page stands for the range, whose pages come and go together.
    Task<IoResult<void>> make_resident(std::uint64_t position, std::uint64_t length);

private:
    // What is in memory right now; 0 when nothing is, or at the end of the file.
    std::size_t read_resident(std::uint64_t position, MutableBytes into) const;

    Shard& shard_;
    FileDescriptor descriptor_;
    std::string path_;
};

}  // namespace cauce::runtime::os
