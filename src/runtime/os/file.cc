#include "runtime/os/file.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace cauce::runtime::os {
namespace {

constexpr std::size_t kPartsPerCall = 64;

off_t file_offset(std::uint64_t position) {
    return static_cast<off_t>(position);
}

// Fills `into`, waiting for the device; fewer bytes only at the end of the file.
IoResult<std::size_t> read_fully(int descriptor, std::uint64_t position, MutableBytes into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const ssize_t got = ::pread(descriptor, into.data() + done, into.size() - done,
                                    file_offset(position + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_fail(errno, "pread");
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

IoResult<void> flush_data(int descriptor) {
    while (::fdatasync(descriptor) != 0) {
        if (errno != EINTR) return io_fail(errno, "fdatasync");
    }
    return {};
}

// Reads the range into the page cache.
IoResult<void> load(int descriptor, std::uint64_t position, std::uint64_t length) {
    std::vector<std::uint8_t> scratch(std::min<std::uint64_t>(length, 256 * 1024));
    for (std::uint64_t done = 0; done < length;) {
        const auto step = std::min<std::uint64_t>(length - done, scratch.size());
        const MutableBytes into(scratch.data(), static_cast<std::size_t>(step));
        ASSIGN_OR_RETURN(const std::size_t got, read_fully(descriptor, position + done, into));
        if (got < step) break;
        done += got;
    }
    return {};
}

}  // namespace

std::size_t PosixFile::read_resident(std::uint64_t position, MutableBytes into) const {
    const iovec part{.iov_base = into.data(), .iov_len = into.size()};
    ssize_t got = -1;
    do {
        got = ::preadv2(descriptor_.get(), &part, 1, file_offset(position), RWF_NOWAIT);
    } while (got < 0 && errno == EINTR);
    // EAGAIN: not in memory. Anything else is reported by the read that follows.
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

Task<IoResult<std::size_t>> PosixFile::read_at(std::uint64_t position, MutableBytes into) {
    const std::size_t resident = read_resident(position, into);
    if (resident == into.size()) co_return resident;
    // Short because the rest is not in memory, or because the file ends there.
    ASSIGN_OR_CO_RETURN(const std::uint64_t end, size());
    if (position + resident >= end) co_return resident;

    const int descriptor = descriptor_.get();
    const std::uint64_t from = position + resident;
    const MutableBytes rest = into.subspan(resident);
    auto call = [descriptor, from, rest] { return read_fully(descriptor, from, rest); };
    auto work = shard_.offload(Lane::read, call);
    IoResult<std::size_t> got = co_await work;
    if (!got) co_return io_fail(got.error().number, got.error().operation, path_);
    co_return resident + *got;
}

IoResult<void> PosixFile::write_at(std::uint64_t position, std::span<const BytesView> parts) {
    std::size_t offset = 0;  // into the first part
    while (!parts.empty()) {
        std::array<iovec, kPartsPerCall> vector;
        std::size_t count = 0;
        for (; count < parts.size() && count < vector.size(); ++count) {
            const BytesView part = count == 0 ? parts[0].subspan(offset) : parts[count];
            vector[count] = {.iov_base = const_cast<std::uint8_t*>(part.data()),
                             .iov_len = part.size()};
        }
        const ssize_t wrote = ::pwritev(descriptor_.get(), vector.data(), static_cast<int>(count),
                                        file_offset(position));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return io_fail(errno, "pwritev", path_);
        position += static_cast<std::uint64_t>(wrote);
        auto left = static_cast<std::size_t>(wrote);
        while (!parts.empty() && left >= parts[0].size() - offset) {
            left -= parts[0].size() - offset;
            offset = 0;
            parts = parts.subspan(1);
        }
        offset += left;
    }
    return {};
}

Task<IoResult<void>> PosixFile::sync() {
    const int descriptor = descriptor_.get();
    auto call = [descriptor] { return flush_data(descriptor); };
    auto work = shard_.offload(Lane::flush, call);
    IoResult<void> flushed = co_await work;
    if (!flushed) co_return io_fail(flushed.error().number, flushed.error().operation, path_);
    co_return flushed;
}

IoResult<void> PosixFile::truncate(std::uint64_t size) {
    while (::ftruncate(descriptor_.get(), file_offset(size)) != 0) {
        if (errno != EINTR) return io_fail(errno, "ftruncate", path_);
    }
    return {};
}

IoResult<std::uint64_t> PosixFile::size() const {
    struct stat status{};
    if (::fstat(descriptor_.get(), &status) != 0) return io_fail(errno, "fstat", path_);
    return static_cast<std::uint64_t>(status.st_size);
}

IoResult<void> PosixFile::reserve(std::uint64_t position, std::uint64_t length) {
    while (::fallocate(descriptor_.get(), FALLOC_FL_KEEP_SIZE, file_offset(position),
                       file_offset(length)) != 0) {
        if (errno != EINTR) return io_fail(errno, "fallocate", path_);
    }
    return {};
}

Task<IoResult<void>> PosixFile::make_resident(std::uint64_t position, std::uint64_t length) {
    if (length == 0) co_return IoResult<void>();
    std::uint8_t last = 0;
    if (read_resident(position + length - 1, MutableBytes(&last, 1)) == 1)
        co_return IoResult<void>();
    const int descriptor = descriptor_.get();
    auto call = [descriptor, position, length] { return load(descriptor, position, length); };
    auto work = shard_.offload(Lane::read, call);
    IoResult<void> loaded = co_await work;
    if (!loaded) co_return io_fail(loaded.error().number, loaded.error().operation, path_);
    co_return loaded;
}

}  // namespace cauce::runtime::os
