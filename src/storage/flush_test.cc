#include "storage/flush.h"

#include "storage/directory_shard.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

namespace cauce::storage {
namespace {

struct Probe final : Flushable {
    explicit Probe(runtime::WaitList& gate) : gate(gate) {}

    runtime::Task<IoResult<void>> flush() override {
        ++started;
        int error_now = error;
        co_await gate.wait();
        if (error_now != 0) co_return io_fail(error_now, "fdatasync", "probe");
        co_return IoResult<void>{};
    }
    void flush_done() override { ++done; }
    void flush_failed(const IoError& why) override { failure = why.number; }

    runtime::WaitList& gate;
    int error = 0;
    int started = 0;
    int done = 0;
    int failure = 0;
};

struct FlusherTest : ::testing::Test {
    testing::OneShard shard;
    runtime::WaitList gate;
    int failures = 0;
    Flusher flusher{shard, [this](const IoError&) { ++failures; }};

    void open_gate() {
        gate.notify_all();
        shard.settle();
    }
};

TEST_F(FlusherTest, ARoundTakesAllOfATurnAndTheNextGathersMeanwhile) {
    Probe a(gate), b(gate), c(gate);
    flusher.enter(a);
    flusher.enter(b);
    flusher.enter(a);  // once is enough
    shard.settle();
    EXPECT_EQ(flusher.rounds(), 1u);
    EXPECT_EQ(a.started, 1);
    EXPECT_EQ(b.started, 1);
    flusher.enter(c);
    flusher.enter(a);  // dirtied again while its flush runs
    shard.settle();
    EXPECT_EQ(c.started, 0);
    EXPECT_EQ(a.started, 1);
    open_gate();
    EXPECT_EQ(a.done, 1);
    EXPECT_EQ(b.done, 1);
    EXPECT_EQ(flusher.rounds(), 2u);
    EXPECT_EQ(a.started, 2);
    EXPECT_EQ(c.started, 1);
    open_gate();
    EXPECT_EQ(a.done, 2);
    EXPECT_EQ(c.done, 1);
    bool drained = false;
    shard.start([](Flusher& f, bool& d) -> runtime::Task<void> {
        co_await f.drain();
        d = true;
    }(flusher, drained));
    EXPECT_TRUE(drained);
}

TEST_F(FlusherTest, AFailedFlushEndsAllAndIsNotRepeated) {
    Probe a(gate), b(gate), late(gate);
    b.error = EIO;
    flusher.enter(a);
    flusher.enter(b);
    shard.settle();
    flusher.enter(late);
    flusher.enter(b);
    open_gate();
    EXPECT_EQ(failures, 1);
    EXPECT_TRUE(flusher.failed());
    EXPECT_EQ(b.failure, EIO);
    EXPECT_EQ(late.failure, EIO);
    EXPECT_EQ(late.started, 0);
    EXPECT_EQ(b.started, 1);
    flusher.enter(a);
    shard.settle();
    EXPECT_EQ(a.started, 1);
    EXPECT_EQ(flusher.rounds(), 1u);
}

TEST_F(FlusherTest, AMemberMayGoAnyTime) {
    auto gathering = std::make_unique<Probe>(gate);
    auto running = std::make_unique<Probe>(gate);
    Probe stays(gate);
    flusher.enter(*running);
    shard.settle();
    flusher.enter(*gathering);
    flusher.enter(*running);
    flusher.enter(stays);
    gathering.reset();
    running.reset();
    open_gate();
    open_gate();
    EXPECT_EQ(stays.done, 1);
    EXPECT_EQ(failures, 0);
}

TEST(DirectoryShard, RemovesWhenTheDelayHasPassedEarliestFirst) {
    testing::OneShard shard;
    testing::MemoryDisk disk("/d");
    FileCache files(disk, 10);
    DirectoryShard home(disk, shard, files, "/d", {}, nullptr);
    disk.put("/d/a.deleted", "x");
    disk.put("/d/b.deleted", "x");
    disk.put_folder("/d/t-0.1-delete");
    disk.put("/d/t-0.1-delete/0.log", "x");
    home.remove_file_later("/d/a.deleted", milliseconds(60'000));
    home.remove_folder_later("/d/t-0.1-delete", milliseconds(90'000));
    home.remove_file_later("/d/b.deleted", milliseconds(1'000));
    shard.advance(seconds(1));
    EXPECT_FALSE(disk.exists("/d/b.deleted"));
    EXPECT_TRUE(disk.exists("/d/a.deleted"));
    shard.advance(seconds(59));
    EXPECT_FALSE(disk.exists("/d/a.deleted"));
    EXPECT_TRUE(disk.exists("/d/t-0.1-delete/0.log"));
    shard.advance(seconds(30));
    EXPECT_FALSE(disk.exists("/d/t-0.1-delete"));
    home.remove_file_later("/d/never", milliseconds(5));
    shard.await(home.close());
    EXPECT_EQ(home.waiting_removals(), 0u);
}

TEST(DirectoryShard, AFullDiskIsNoBrokenDisk) {
    testing::OneShard shard;
    testing::MemoryDisk disk("/d");
    FileCache files(disk, 10);
    int told = 0;
    DirectoryShard home(disk, shard, files, "/d", {}, [&](const IoError&) { ++told; });
    home.judge_write({ENOSPC, "pwrite", "f"});
    home.judge_write({EDQUOT, "pwrite", "f"});
    EXPECT_FALSE(home.offline());
    home.judge_write({EIO, "pwrite", "f"});
    home.judge_write({EROFS, "pwrite", "f"});
    EXPECT_TRUE(home.offline());
    EXPECT_EQ(home.cause().number, EIO);
    EXPECT_EQ(told, 1);
}

TEST(FileCache, LetsTheLeastRecentlyUsedGo) {
    testing::MemoryDisk disk("/d");
    for (const char* name : {"/d/a", "/d/b", "/d/c"})
        disk.put(name, "x");
    FileCache cache(disk, 2);
    CachedFile a, b, c;
    auto get = [&](CachedFile& file, const char* path) {
        return *cache.get(file, runtime::OpenMode::read, [&] { return std::string(path); });
    };
    get(a, "/d/a");
    auto held = get(b, "/d/b");
    get(a, "/d/a");
    get(c, "/d/c");
    EXPECT_TRUE(a.open());
    EXPECT_FALSE(b.open());
    EXPECT_EQ(cache.open_files(), 2u);
    EXPECT_EQ(disk.open_handles, 3u);  // whoever uses b keeps it open
    held = nullptr;
    EXPECT_EQ(disk.open_handles, 2u);
    EXPECT_EQ(
        cache.get(b, runtime::OpenMode::read, [] { return std::string("/d/none"); }).error().number,
        ENOENT);
    EXPECT_EQ(cache.open_files(), 2u);
}

}  // namespace
}  // namespace cauce::storage
