// Files on a real file system.
#include "runtime/os/test_runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace cauce::runtime::os {
namespace {

Buffer pattern(std::size_t size, std::uint32_t seed = 1) {
    Buffer bytes(size);
    Random random(seed);
    for (auto& byte : bytes)
        byte = static_cast<std::uint8_t>(random.next());
    return bytes;
}

void forget_cached_pages(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY);
    ASSERT_GE(descriptor, 0);
    ::fdatasync(descriptor);
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close(descriptor);
}

Task<void> write_many_parts(Runtime& runtime, std::string path) {
    auto file = take(runtime.disk(0).open(path, OpenMode::create));
    const Buffer all = pattern(300'000);
    // More parts than one call takes, of uneven sizes, empty ones among them.
    std::vector<BytesView> parts;
    const BytesView view(all);
    for (std::size_t at = 0, size = 0; at < view.size(); at += size) {
        size = std::min<std::size_t>(view.size() - at, parts.size() * 37 % 2500);
        if (size == 0 && parts.size() % 2 == 0) size = std::min<std::size_t>(7, view.size() - at);
        parts.push_back(view.subspan(at, size));
    }
    EXPECT_GT(parts.size(), 128u);
    take(file->write_at(5, parts));
    EXPECT_EQ(take(file->size()), all.size() + 5);

    Buffer back(all.size());
    EXPECT_EQ(take(co_await file->read_at(5, back)), all.size());
    EXPECT_EQ(back, all);
    Buffer head(5, 9);
    EXPECT_EQ(take(co_await file->read_at(0, head)), 5u);
    EXPECT_EQ(head, Buffer(5, 0));
}

TEST(File, WritesPartsOneAfterAnother) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return write_many_parts(*runtime, folder.file("a")); });
}

Task<void> read_past_the_end(Runtime& runtime, std::string path) {
    auto file = take(runtime.disk(0).open(path, OpenMode::create));
    const Buffer all = pattern(10'000);
    take(file->write_at(0, all));
    Buffer into(4096);
    EXPECT_EQ(take(co_await file->read_at(8000, into)), 2000u);
    EXPECT_TRUE(std::equal(into.begin(), into.begin() + 2000, all.begin() + 8000));
    EXPECT_EQ(take(co_await file->read_at(10'000, into)), 0u);
    EXPECT_EQ(take(co_await file->read_at(1'000'000, into)), 0u);
}

TEST(File, ReadsFewerBytesAtTheEndOnly) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return read_past_the_end(*runtime, folder.file("a")); });
}

Task<void> read_cold(Runtime& runtime, std::string path) {
    const Buffer all = pattern(5'000'000);
    {
        auto file = take(runtime.disk(0).open(path, OpenMode::create));
        take(file->write_at(0, all));
        take(co_await file->sync());
    }
    forget_cached_pages(path);
    auto file = take(runtime.disk(0).open(path, OpenMode::read));
    Buffer back(all.size() + 100);
    EXPECT_EQ(take(co_await file->read_at(0, back)), all.size());
    back.resize(all.size());
    EXPECT_EQ(back, all);
}

TEST(File, ReadsWhatIsNotInMemory) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return read_cold(*runtime, folder.file("a")); });
}

Task<void> sync_one(File& file, int& flushed) {
    take(co_await file.sync());
    ++flushed;
}

Task<void> sync_many(Runtime& runtime, const TemporaryFolder& folder) {
    std::vector<std::unique_ptr<File>> files;
    int flushed = 0;
    TaskGroup group(runtime.shards(0).ready());
    for (int i = 0; i < 50; ++i) {
        const std::string path = folder.file(std::to_string(i));
        files.push_back(take(runtime.disk(0).open(path, OpenMode::create)));
        take(files.back()->write_at(0, pattern(100)));
        group.spawn(sync_one(*files.back(), flushed));
    }
    co_await group.join();
    EXPECT_EQ(flushed, 50);
    take(co_await runtime.disk(0).sync_folder(folder.path()));
}

TEST(File, ManyFlushTogether) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return sync_many(*runtime, folder); });
}

TEST(File, ReserveKeepsTheSizeAndTruncateSetsIt) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    auto file = take(runtime->disk(0).open(folder.file("a"), OpenMode::create));
    const IoResult<void> reserved = file->reserve(0, 1 << 20);
    if (!reserved && reserved.error().number == EOPNOTSUPP)
        GTEST_SKIP() << "this file system cannot reserve";
    take(reserved);
    EXPECT_EQ(take(file->size()), 0u);
    struct stat status{};
    ASSERT_EQ(::stat(folder.file("a").c_str(), &status), 0);
    EXPECT_GE(status.st_blocks * 512, 1 << 20);
    take(file->write_at(0, pattern(10)));
    take(file->truncate(4));
    EXPECT_EQ(take(file->size()), 4u);
    take(file->truncate(100));
    EXPECT_EQ(take(file->size()), 100u);
}

TEST(File, ErrorsNameTheCallAndTheFile) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    const std::string path = folder.file("a");
    take(runtime->disk(0).open(path, OpenMode::create));
    auto file = take(runtime->disk(0).open(path, OpenMode::read));
    const IoResult<void> wrote = file->write_at(0, pattern(10));
    ASSERT_FALSE(wrote.has_value());
    EXPECT_EQ(wrote.error().number, EBADF);
    EXPECT_EQ(wrote.error().to_string(), "pwritev " + path + ": Bad file descriptor");
}

TEST(Disk, OpenModesDifferInWhatMustExist) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    Disk& disk = runtime->disk(0);
    const std::string path = folder.file("a");
    EXPECT_EQ(disk.open(path, OpenMode::read).error().number, ENOENT);
    EXPECT_EQ(disk.open(path, OpenMode::read_write).error().number, ENOENT);
    EXPECT_FALSE(disk.exists(path));
    take(disk.open(path, OpenMode::create_exclusive));
    EXPECT_TRUE(disk.exists(path));
    EXPECT_EQ(disk.open(path, OpenMode::create_exclusive).error().number, EEXIST);
    take(take(disk.open(path, OpenMode::create))->write_at(0, pattern(3)));
    EXPECT_EQ(take(take(disk.open(path, OpenMode::create))->size()), 3u);
    EXPECT_EQ(take(take(disk.open(path, OpenMode::read_write))->size()), 3u);
}

TEST(Disk, ListsByNameAndRenamesAndRemoves) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    Disk& disk = runtime->disk(0);
    take(disk.make_folder(folder.file("sub")));
    take(disk.make_folder(folder.file("sub")));
    take(disk.open(folder.file("b"), OpenMode::create));
    take(disk.open(folder.file("a"), OpenMode::create));
    EXPECT_EQ(disk.make_folder(folder.file("a")).error().number, EEXIST);
    EXPECT_EQ(disk.make_folder(folder.file("no/sub")).error().number, ENOENT);
    auto entries = take(disk.list(folder.path()));
    ASSERT_EQ(entries.size(), 3u);
    EXPECT_EQ(entries[0].name, "a");
    EXPECT_FALSE(entries[0].is_directory);
    EXPECT_EQ(entries[1].name, "b");
    EXPECT_EQ(entries[2].name, "sub");
    EXPECT_TRUE(entries[2].is_directory);

    take(disk.rename(folder.file("a"), folder.file("b")));
    take(disk.remove(folder.file("sub")));
    entries = take(disk.list(folder.path()));
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].name, "b");
    EXPECT_EQ(disk.remove(folder.file("a")).error().number, ENOENT);
    EXPECT_EQ(disk.list(folder.file("sub")).error().number, ENOENT);
    const DiskSpace space = take(disk.space(folder.path()));
    EXPECT_GT(space.free_bytes, 0u);
    EXPECT_GE(space.total_bytes, space.free_bytes);
    EXPECT_EQ(disk.space(folder.file("sub")).error().number, ENOENT);
}

Task<void> remove_beside(Runtime& runtime, const TemporaryFolder& folder) {
    Disk& disk = runtime.disk(0);
    const std::string path = folder.file("large");
    take(take(disk.open(path, OpenMode::create))->write_at(0, pattern(3'000'000)));
    take(co_await disk.remove_aside(path));
    EXPECT_FALSE(disk.exists(path));
    const auto again = co_await disk.remove_aside(path);
    EXPECT_FALSE(again);
    if (!again)
        EXPECT_EQ(again.error().to_string(), "remove " + path + ": No such file or directory");
    take(disk.make_folder(folder.file("sub")));
    take(co_await disk.remove_aside(folder.file("sub")));
    EXPECT_FALSE(disk.exists(folder.file("sub")));
}

TEST(Disk, RemovesBesideTheShard) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return remove_beside(*runtime, folder); });
}

TEST(Disk, ALockIsHeldOnceUntilItIsDestroyed) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    Disk& disk = runtime->disk(0);
    auto lock = take(disk.lock(folder.file(".lock")));
    EXPECT_EQ(disk.lock(folder.file(".lock")).error().number, EWOULDBLOCK);
    lock.reset();
    take(disk.lock(folder.file(".lock")));
}

}  // namespace
}  // namespace cauce::runtime::os
