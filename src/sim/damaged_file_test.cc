#include "sim/damaged_file.h"

#include <gtest/gtest.h>

#include <map>

namespace cauce::sim {
namespace {

constexpr const char* kFolder = "/data/t-0";

void put(DiskImage& disk, const std::string& path, std::size_t size) {
    const auto file = disk.open(path, runtime::OpenMode::create);
    ASSERT_TRUE(file);
    const Buffer bytes(size, 'x');
    ASSERT_EQ(disk.write(*file, 0, bytes), size);
    disk.complete_sync(disk.begin_sync(*file));
    disk.close(*file);
}

DiskImage make_disk() {
    DiskImage disk(1 << 20);
    for (const char* folder : {"/data", kFolder, "/data/__cluster_metadata-0"})
        EXPECT_TRUE(disk.make_folder(folder));
    for (const char* name : {"0.log", "0.index", "0.timeindex", "7.snapshot"}) {
        put(disk, std::string(kFolder) + "/" + name, 700);
        put(disk, std::string("/data/__cluster_metadata-0/") + name, 700);
    }
    put(disk, "/data/recovery-point-offset-checkpoint", 700);
    for (const char* folder : {"/", "/data", kFolder, "/data/__cluster_metadata-0"})
        disk.complete_sync_folder(*disk.begin_sync_folder(folder));
    return disk;
}

// By path, all files there are.
std::map<std::string, Buffer> contents(DiskImage& disk) {
    std::map<std::string, Buffer> all;
    for (const std::string folder : {"/data", kFolder, "/data/__cluster_metadata-0"}) {
        const auto entries = disk.list(folder);
        if (!entries) continue;
        for (const auto& entry : *entries) {
            if (entry.is_directory) continue;
            const std::string path = folder + "/" + entry.name;
            const auto file = disk.open(path, runtime::OpenMode::read);
            Buffer bytes(disk.size(*file));
            disk.read(*file, 0, bytes);
            disk.close(*file);
            all[path] = std::move(bytes);
        }
    }
    return all;
}

TEST(DamagedFile, OneFileThatCanBeMadeAgainIsDamagedForGood) {
    std::map<std::string, int> damaged;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        runtime::Random random(seed);
        DiskImage disk = make_disk();
        const std::map<std::string, Buffer> before = contents(disk);
        const Fault kind = seed % 2 == 0 ? Fault::bit_rot : Fault::missing_end;
        const auto done = damage_a_file(disk, {"/data", "/absent"}, kind, random);
        ASSERT_TRUE(done) << seed;
        disk.power_loss(random, Unsynced::drop);
        const std::map<std::string, Buffer> after = contents(disk);
        int changed = 0;
        for (const auto& [path, bytes] : before) {
            const auto now = after.find(path);
            if (now != after.end() && now->second == bytes) continue;
            ++changed;
            ++damaged[path];
            EXPECT_EQ(done->rfind(path, 0), 0u) << *done;
            if (kind == Fault::bit_rot) {
                ASSERT_NE(now, after.end()) << *done;
                EXPECT_EQ(now->second.size(), bytes.size()) << *done;
            }
        }
        // Bits may flip back.
        EXPECT_LE(changed, 1) << seed;
    }
    EXPECT_EQ(damaged.size(), 3u);
    for (const auto& [path, times] : damaged)
        EXPECT_TRUE(path.starts_with(kFolder) && !path.ends_with(".log")) << path;
}

TEST(DamagedFile, WhereThereIsNothingNothingIsDone) {
    runtime::Random random(1);
    DiskImage disk(1 << 20);
    EXPECT_EQ(damage_a_file(disk, {"/data"}, Fault::missing_end, random), std::nullopt);
    ASSERT_TRUE(disk.make_folder("/data"));
    EXPECT_EQ(damage_a_file(disk, {"/data"}, Fault::bit_rot, random), std::nullopt);
}

}  // namespace
}  // namespace cauce::sim
