// What survives what: the rules in the opening of disk_image.h, one by one.
#include "sim/disk_image.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::OpenMode;
using runtime::Random;

constexpr std::uint64_t kPlenty = 1ull << 30;

DiskImage::Inode open(DiskImage& disk, std::string_view path) {
    return disk.open(path, OpenMode::create).value();
}

void write(DiskImage& disk, DiskImage::Inode file, std::uint64_t position, std::string_view text) {
    ASSERT_EQ(disk.write(file, position, as_bytes(text)), text.size());
}

// The content of a file, or "(absent)".
std::string content(DiskImage& disk, std::string_view path) {
    const auto file = disk.open(path, OpenMode::read);
    if (!file) return "(absent)";
    std::string text(disk.size(*file), '?');
    const MutableBytes into(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    EXPECT_EQ(disk.read(*file, 0, into), text.size());
    disk.close(*file);
    return text;
}

void sync_file(DiskImage& disk, DiskImage::Inode file) {
    disk.complete_sync(disk.begin_sync(file));
}

void sync_folder(DiskImage& disk, std::string_view folder) {
    disk.complete_sync_folder(disk.begin_sync_folder(folder).value());
}

// One step of a row: a letter and what it needs.
struct Step {
    enum class What : std::uint8_t {
        write,        // path, position = number, text
        sync,         // path
        truncate,     // path, number
        sync_folder,  // path
        make_folder,  // path
        rename,       // path, text = to
        remove,       // path
    };
    What what;
    std::string path;
    std::uint64_t number = 0;
    std::string text = {};
};

void apply(DiskImage& disk, const Step& step) {
    using What = Step::What;
    switch (step.what) {
        case What::write: {
            const auto file = open(disk, step.path);
            write(disk, file, step.number, step.text);
            disk.close(file);
            break;
        }
        case What::sync: {
            const auto file = open(disk, step.path);
            sync_file(disk, file);
            disk.close(file);
            break;
        }
        case What::truncate: {
            const auto file = open(disk, step.path);
            ASSERT_TRUE(disk.truncate(file, step.number));
            disk.close(file);
            break;
        }
        case What::sync_folder:
            sync_folder(disk, step.path);
            break;
        case What::make_folder:
            ASSERT_TRUE(disk.make_folder(step.path));
            break;
        case What::rename:
            ASSERT_TRUE(disk.rename(step.path, step.text));
            break;
        case What::remove:
            ASSERT_TRUE(disk.remove(step.path));
            break;
    }
}

struct Row {
    std::string name;
    std::vector<Step> steps;
    std::string path;
    std::string after_kill;
    std::string after_drop;  // power loss that drops everything unsynced
    std::string after_keep;  // power loss that happens to keep everything
};

TEST(DiskImage, WhatSurvivesAKillAndAPowerLoss) {
    using enum Step::What;
    const std::string absent = "(absent)";
    const std::vector<Row> rows = {
        {"nothing synced", {{write, "/a", 0, "one"}}, "/a", "one", absent, "one"},
        {"file synced, name not",
         {{write, "/a", 0, "one"}, {sync, "/a"}},
         "/a",
         "one",
         absent,
         "one"},
        {"name synced, file not",
         {{write, "/a", 0, "one"}, {sync_folder, "/"}},
         "/a",
         "one",
         "",
         "one"},
        {"both synced",
         {{write, "/a", 0, "one"}, {sync, "/a"}, {sync_folder, "/"}},
         "/a",
         "one",
         "one",
         "one"},
        {"a tail after the sync",
         {{write, "/a", 0, "one"}, {sync, "/a"}, {sync_folder, "/"}, {write, "/a", 3, "two"}},
         "/a",
         "onetwo",
         "one",
         "onetwo"},
        {"overwritten after the sync",
         {{write, "/a", 0, "one"}, {sync, "/a"}, {sync_folder, "/"}, {write, "/a", 0, "two"}},
         "/a",
         "two",
         "one",
         "two"},
        {"cut after the sync",
         {{write, "/a", 0, "onetwo"}, {sync, "/a"}, {sync_folder, "/"}, {truncate, "/a", 3}},
         "/a",
         "one",
         "onetwo",
         "one"},
        {"cut and synced",
         {{write, "/a", 0, "onetwo"},
          {sync, "/a"},
          {sync_folder, "/"},
          {truncate, "/a", 3},
          {sync, "/a"}},
         "/a",
         "one",
         "one",
         "one"},
        {"cut, grown and synced",
         {{write, "/a", 0, "onetwo"},
          {sync, "/a"},
          {sync_folder, "/"},
          {truncate, "/a", 3},
          {truncate, "/a", 5},
          {sync, "/a"}},
         "/a",
         std::string("one\0\0", 5),
         std::string("one\0\0", 5),
         std::string("one\0\0", 5)},
        {"renamed, folder not synced",
         {{write, "/a", 0, "one"}, {sync, "/a"}, {sync_folder, "/"}, {rename, "/a", 0, "/b"}},
         "/b",
         "one",
         absent,
         "one"},
        {"the old name after an unsynced rename",
         {{write, "/a", 0, "one"}, {sync, "/a"}, {sync_folder, "/"}, {rename, "/a", 0, "/b"}},
         "/a",
         absent,
         "one",
         absent},
        {"replaced by rename, folder synced, content not",
         {{write, "/a", 0, "one"},
          {sync, "/a"},
          {write, "/a.tmp", 0, "two"},
          {rename, "/a.tmp", 0, "/a"},
          {sync_folder, "/"}},
         "/a",
         "two",
         "",
         "two"},
        {"replaced by rename, all synced",
         {{write, "/a", 0, "one"},
          {sync, "/a"},
          {write, "/a.tmp", 0, "two"},
          {sync, "/a.tmp"},
          {rename, "/a.tmp", 0, "/a"},
          {sync_folder, "/"}},
         "/a",
         "two",
         "two",
         "two"},
        {"removed, folder not synced",
         {{write, "/a", 0, "one"}, {sync, "/a"}, {sync_folder, "/"}, {remove, "/a"}},
         "/a",
         absent,
         "one",
         absent},
        {"removed, folder synced",
         {{write, "/a", 0, "one"},
          {sync, "/a"},
          {sync_folder, "/"},
          {remove, "/a"},
          {sync_folder, "/"}},
         "/a",
         absent,
         absent,
         absent},
        {"the folder of a synced name is not durable",
         {{make_folder, "/f"}, {write, "/f/a", 0, "one"}, {sync, "/f/a"}, {sync_folder, "/f"}},
         "/f/a",
         "one",
         absent,
         "one"},
        {"a folder renamed with what is in it",
         {{make_folder, "/f"},
          {write, "/f/a", 0, "one"},
          {sync, "/f/a"},
          {sync_folder, "/f"},
          {sync_folder, "/"},
          {rename, "/f", 0, "/g"},
          {sync_folder, "/"}},
         "/g/a",
         "one",
         "one",
         "one"},
        {"moved between folders, only the target synced",
         {{make_folder, "/f"},
          {make_folder, "/g"},
          {sync_folder, "/"},
          {write, "/f/a", 0, "one"},
          {sync, "/f/a"},
          {rename, "/f/a", 0, "/g/a"},
          {sync_folder, "/g"}},
         "/f/a",
         absent,
         absent,
         absent},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        DiskImage disk(kPlenty);
        for (const Step& step : row.steps)
            apply(disk, step);
        Random random(1);
        DiskImage killed = disk, dropped = disk, kept = disk;
        killed.close_all();
        dropped.power_loss(random, Unsynced::drop);
        kept.power_loss(random, Unsynced::keep);
        EXPECT_EQ(content(killed, row.path), row.after_kill);
        EXPECT_EQ(content(dropped, row.path), row.after_drop);
        EXPECT_EQ(content(kept, row.path), row.after_keep);
    }
}

// A durable file of old bytes, then new bytes that were not synced.
TEST(DiskImage, ATornPageIsOldOrNewBySectorAndTheSyncedPartStays) {
    const std::string synced(10'000, 'o');
    std::set<std::uint64_t> sizes;
    bool saw_torn_page = false, saw_zeros = false;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        DiskImage disk(kPlenty);
        const auto file = open(disk, "/a");
        write(disk, file, 0, synced);
        sync_file(disk, file);
        sync_folder(disk, "/");
        write(disk, file, 4096, std::string(4096, 'n'));      // overwrites
        write(disk, file, 10'000, std::string(20'000, 't'));  // appends
        Random random(seed);
        disk.power_loss(random, Unsynced::tear);

        const std::string got = content(disk, "/a");
        ASSERT_GE(got.size(), 10'000u);
        ASSERT_LE(got.size(), 30'000u);
        sizes.insert(got.size());
        ASSERT_EQ(got.substr(0, 4096), synced.substr(0, 4096));
        bool any_old = false, any_new = false;
        for (std::size_t at = 4096; at < 8192; at += kSectorSize) {
            const std::string sector = got.substr(at, kSectorSize);
            const bool is_new = sector == std::string(kSectorSize, 'n');
            ASSERT_TRUE(is_new || sector == std::string(kSectorSize, 'o')) << at;
            (is_new ? any_new : any_old) = true;
        }
        saw_torn_page |= any_old && any_new;
        ASSERT_EQ(got.substr(8192, 10'000 - 8192), synced.substr(8192));
        for (const char c : got.substr(10'000)) {
            ASSERT_TRUE(c == 't' || c == '\0');
            saw_zeros |= c == '\0';
        }
    }
    EXPECT_TRUE(saw_torn_page);
    EXPECT_TRUE(saw_zeros);
    EXPECT_GT(sizes.size(), 20u);
    EXPECT_TRUE(sizes.contains(10'000));
    EXPECT_TRUE(sizes.contains(30'000));
}

TEST(DiskImage, ALostCutTakesWhatWasAppendedAfterItAlong) {
    int lost = 0, survived = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        DiskImage disk(kPlenty);
        const auto file = open(disk, "/a");
        write(disk, file, 0, std::string(20'000, 'o'));
        sync_file(disk, file);
        sync_folder(disk, "/");
        ASSERT_TRUE(disk.truncate(file, 4096));
        write(disk, file, 4096, std::string(4096, 'n'));
        Random random(seed);
        disk.power_loss(random, Unsynced::tear);
        const std::string got = content(disk, "/a");
        if (got.size() == 20'000) {
            ++lost;
            ASSERT_EQ(got, std::string(20'000, 'o'));
        } else {
            ++survived;
            ASSERT_LE(got.size(), 8192u);
            ASSERT_EQ(got.find('o', 4096), std::string::npos);
        }
    }
    EXPECT_GT(lost, 20);
    EXPECT_GT(survived, 20);
}

TEST(DiskImage, NamesOfAFolderSurviveAsAPrefixOrEachForItselfAndReplacingIsAtomic) {
    std::set<std::string> outcomes;
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        DiskImage disk(kPlenty);
        apply(disk, {Step::What::write, "/a", 0, "old"});
        apply(disk, {Step::What::sync, "/a"});
        sync_folder(disk, "/");
        apply(disk, {Step::What::write, "/1", 0, ""});
        apply(disk, {Step::What::write, "/a.tmp", 0, "new"});
        apply(disk, {Step::What::sync, "/a.tmp"});
        apply(disk, {Step::What::rename, "/a.tmp", 0, "/a"});
        apply(disk, {Step::What::write, "/2", 0, "x"});
        Random random(seed);
        disk.power_loss(random, Unsynced::tear);
        std::string names;
        for (const auto& entry : disk.list("/").value())
            names += entry.name + " ";
        const std::string a = content(disk, "/a");
        ASSERT_TRUE(a == "old" || a == "new");
        outcomes.insert(names + a);
    }
    // Of four changes, "/1" made, "/a.tmp" made, renamed, "/2" made, any may be lost; what was not
    // made is not renamed.
    std::set<std::string> possible;
    for (const std::string& before : {"", "1 ", "2 ", "1 2 "})
        for (const std::string& after : {"a old", "a a.tmp old", "a new"})
            possible.insert(before + after);
    EXPECT_EQ(outcomes, possible);
}

TEST(DiskImage, AfterAFailedSyncASecondOneMeansNothing) {
    int lost = 0, kept = 0, old_bytes_again = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        DiskImage disk(kPlenty);
        const auto file = open(disk, "/a");
        write(disk, file, 0, "old");
        sync_file(disk, file);
        sync_folder(disk, "/");
        write(disk, file, 0, "new");
        Random random(seed);
        disk.fail_sync(disk.begin_sync(file), random);
        sync_file(disk, file);
        old_bytes_again += content(disk, "/a") == "old";
        disk.power_loss(random, Unsynced::keep);
        (content(disk, "/a") == "old" ? lost : kept) += 1;
    }
    EXPECT_GT(lost, 20);
    EXPECT_GT(kept, 20);
    EXPECT_GT(old_bytes_again, 5);
    EXPECT_LT(old_bytes_again, lost);
}

TEST(DiskImage, ASyncCoversWhatWasWrittenBeforeItBeganAndNoMore) {
    DiskImage disk(kPlenty);
    const auto file = open(disk, "/a");
    sync_folder(disk, "/");
    write(disk, file, 0, "one");
    const auto sync = disk.begin_sync(file);
    write(disk, file, 0, "two-");
    disk.complete_sync(sync);
    DiskImage lost = disk;
    Random random(1);
    lost.power_loss(random, Unsynced::drop);
    EXPECT_EQ(content(lost, "/a"), "one");
    sync_file(disk, file);
    disk.power_loss(random, Unsynced::drop);
    EXPECT_EQ(content(disk, "/a"), "two-");
}

TEST(DiskImage, AnOlderSyncThatEndsLaterTakesNothingBack) {
    DiskImage disk(kPlenty);
    const auto file = open(disk, "/a");
    sync_folder(disk, "/");
    write(disk, file, 0, "one");
    const auto older = disk.begin_sync(file);
    write(disk, file, 0, "two");
    const auto newer = disk.begin_sync(file);
    write(disk, file, 0, "six");
    disk.complete_sync(newer);
    disk.complete_sync(older);
    Random random(1);
    disk.power_loss(random, Unsynced::drop);
    EXPECT_EQ(content(disk, "/a"), "two");
}

TEST(DiskImage, AFolderSyncCoversTheChangesBeforeItBegan) {
    DiskImage disk(kPlenty);
    open(disk, "/a");
    const auto sync = disk.begin_sync_folder("/").value();
    open(disk, "/b");
    disk.complete_sync_folder(sync);
    Random random(1);
    disk.power_loss(random, Unsynced::drop);
    EXPECT_TRUE(disk.exists("/a"));
    EXPECT_FALSE(disk.exists("/b"));
}

TEST(DiskImage, AFullDiskTakesAPrefixAndReservedSpaceIsSafe) {
    DiskImage disk(10 * kPageSize);
    const auto a = open(disk, "/a");
    const auto b = open(disk, "/b");
    EXPECT_TRUE(disk.reserve(a, 4 * kPageSize));
    EXPECT_EQ(disk.size(a), 0u);
    EXPECT_EQ(disk.free_bytes(), 6 * kPageSize);
    EXPECT_FALSE(disk.reserve(b, 7 * kPageSize));
    EXPECT_EQ(disk.write(b, 100, as_bytes(std::string(8 * kPageSize, 'b'))), 6 * kPageSize - 100);
    EXPECT_EQ(disk.free_bytes(), 0u);
    EXPECT_EQ(disk.write(a, 0, as_bytes(std::string(5 * kPageSize, 'a'))), 4 * kPageSize);
    EXPECT_EQ(disk.write(a, 0, as_bytes("again")), 5u);
    EXPECT_FALSE(disk.truncate(a, 5 * kPageSize));
    // Space of a removed file comes back with its last handle.
    ASSERT_TRUE(disk.remove("/b"));
    EXPECT_EQ(disk.free_bytes(), 0u);
    disk.close(b);
    EXPECT_EQ(disk.free_bytes(), 6 * kPageSize);
    ASSERT_TRUE(disk.truncate(a, 1));
    EXPECT_EQ(disk.free_bytes(), 9 * kPageSize);
    disk.close_all();
    EXPECT_EQ(disk.free_bytes(), 9 * kPageSize);
}

TEST(DiskImage, ErrorsAreThoseOfTheSystem) {
    DiskImage disk(kPlenty);
    ASSERT_TRUE(disk.make_folder("/f"));
    ASSERT_TRUE(disk.make_folder("/f"));
    ASSERT_TRUE(disk.make_folder("/g"));
    open(disk, "/f/a");
    EXPECT_EQ(disk.open("/none", OpenMode::read).error().number, ENOENT);
    EXPECT_EQ(disk.open("/none/a", OpenMode::create).error().number, ENOENT);
    EXPECT_EQ(disk.open("/f/a", OpenMode::create_exclusive).error().number, EEXIST);
    EXPECT_EQ(disk.open("/f", OpenMode::read).error().number, EISDIR);
    EXPECT_EQ(disk.open("/f/a/b", OpenMode::create).error().number, ENOTDIR);
    EXPECT_EQ(disk.make_folder("/x/y").error().number, ENOENT);
    EXPECT_EQ(disk.make_folder("/f/a").error().number, EEXIST);
    EXPECT_EQ(disk.remove("/f").error().number, ENOTEMPTY);
    EXPECT_EQ(disk.remove("/none").error().number, ENOENT);
    EXPECT_EQ(disk.rename("/none", "/x").error().number, ENOENT);
    EXPECT_EQ(disk.rename("/g", "/f").error().number, ENOTEMPTY);
    EXPECT_EQ(disk.rename("/f/a", "/g").error().number, EISDIR);
    EXPECT_EQ(disk.list("/none").error().number, ENOENT);
    EXPECT_EQ(disk.list("/f/a").error().number, ENOTDIR);
    EXPECT_EQ(disk.begin_sync_folder("/none").error().number, ENOENT);
}

}  // namespace
}  // namespace cauce::sim
