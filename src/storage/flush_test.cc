#include "storage/flush.h"

#include "storage/directory_shard.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

namespace cauce::storage {
namespace {

struct Probe final : Flushable {
    explicit Probe(runtime::WaitList& gate) : gate(gate) {}

    runtime::Task<IoResult<Flushed>> flush() override {
        ++started;
        const int error_now = error;
        const Flushed end_now = end;
        co_await gate.wait();
        if (error_now != 0) co_return io_fail(error_now, "fdatasync", "probe");
        co_return end_now;
    }
    void flush_done() override { ++done; }
    void flush_postponed() override { ++postponed; }
    void flush_failed(const IoError& why) override { failure = why.number; }

    runtime::WaitList& gate;
    int error = 0;
    Flushed end = Flushed::all;
    int started = 0;
    int done = 0;
    int postponed = 0;
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

TEST_F(FlusherTest, APostponedFlushComesAgainAndFailsNothing) {
    Probe full(gate), other(gate), late(gate);
    full.end = Flushed::later;
    flusher.enter(full);
    flusher.enter(other);
    shard.settle();
    open_gate();
    EXPECT_EQ(other.done, 1);
    EXPECT_EQ(full.done, 0);
    EXPECT_EQ(full.postponed, 1);
    // Not at once: the disk would only be asked again and again.
    flusher.enter(late);
    shard.settle();
    EXPECT_EQ(full.started, 1);
    EXPECT_EQ(late.started, 0);
    full.end = Flushed::all;
    shard.advance(Flusher::kPostponed);
    EXPECT_EQ(full.started, 2);
    EXPECT_EQ(late.started, 1);
    open_gate();
    EXPECT_EQ(full.done, 1);
    EXPECT_EQ(late.done, 1);
    EXPECT_EQ(failures, 0);
    EXPECT_FALSE(flusher.failed());
}

TEST_F(FlusherTest, AMemberMayGoWhileItIsPostponed) {
    auto full = std::make_unique<Probe>(gate);
    full->end = Flushed::later;
    flusher.enter(*full);
    shard.settle();
    open_gate();
    full.reset();
    bool drained = false;
    shard.start([](Flusher& f, bool& d) -> runtime::Task<void> {
        co_await f.drain();
        d = true;
    }(flusher, drained));
    EXPECT_FALSE(drained);
    shard.advance(Flusher::kPostponed);
    EXPECT_TRUE(drained);
    EXPECT_EQ(failures, 0);
}

TEST(DirectoryShard, WhatWaitsToBeRemovedGoesAtOnceWhenRoomIsScarce) {
    testing::OneShard shard;
    testing::MemoryDisk disk("/d");
    FileCache files(disk, 10);
    DirectoryShard home(disk, shard, files, "/d", {}, nullptr);
    for (const char* name : {"/d/a.deleted", "/d/b.deleted", "/d/c.deleted"})
        disk.put(name, "x");
    home.remove_file_later("/d/a.deleted", milliseconds(60'000));
    home.remove_file_later("/d/b.deleted", milliseconds(90'000));
    shard.settle();
    EXPECT_TRUE(disk.exists("/d/a.deleted"));
    home.tell_space({SpaceStage::scarce, {1000, 10}, 5});
    shard.settle();
    EXPECT_FALSE(disk.exists("/d/a.deleted"));
    EXPECT_FALSE(disk.exists("/d/b.deleted"));
    // The next one does not wait either, until there is room again.
    home.remove_file_later("/d/c.deleted", milliseconds(60'000));
    shard.settle();
    EXPECT_FALSE(disk.exists("/d/c.deleted"));
    home.tell_space({SpaceStage::ample, {1000, 900}, 5});
    disk.put("/d/d.deleted", "x");
    home.remove_file_later("/d/d.deleted", milliseconds(60'000));
    shard.settle();
    EXPECT_TRUE(disk.exists("/d/d.deleted"));
    shard.advance(seconds(60));
    EXPECT_FALSE(disk.exists("/d/d.deleted"));
}

TEST(DirectoryShard, AsksForALookWhenLessIsLeftThanWasKnown) {
    testing::OneShard shard;
    testing::MemoryDisk disk("/d");
    FileCache files(disk, 10);
    DirectoryShard home(disk, shard, files, "/d", {}, nullptr);
    int asked = 0;
    home.on_low_space([&asked] { ++asked; });
    disk.capacity_bytes = 10'000'000;
    home.tell_space({SpaceStage::ample, {10'000'000, 10'000'000}, 1'000'000});
    home.took_space(4'000'000);
    EXPECT_EQ(asked, 0);
    disk.put("/d/others", std::string(9'500'000, 'x'));
    home.took_space(4'000'000);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(home.space().stage(), SpaceStage::full);
    EXPECT_NE(home.why_full().find("488 KiB of 9.5 MiB are free"), std::string::npos)
        << home.why_full();
    // Once, until the answer has come.
    home.judge_write({ENOSPC, "pwrite", "f"});
    EXPECT_EQ(asked, 1);
    home.tell_space({SpaceStage::full, {10'000'000, 500'000}, 1'000'000});
    home.judge_write({ENOSPC, "pwrite", "f"});
    EXPECT_EQ(asked, 2);
    EXPECT_FALSE(home.offline());
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
    home.judge_write({EMFILE, "open", "f"});
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
