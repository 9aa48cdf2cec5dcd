#include "storage/make_folders.h"

#include "storage/test_disk.h"

#include <gtest/gtest.h>

namespace cauce::storage {
namespace {

TEST(MakeFolders, SurviveAPowerLossWithThoseAboveThem) {
    testing::OneShard shard;
    testing::MemoryDisk disk{"/data"};
    ASSERT_TRUE(shard.await(make_folders(disk, "/data/a/b/c")));
    EXPECT_TRUE(disk.after_power_loss()->exists("/data/a/b/c"));
    EXPECT_TRUE(shard.await(make_folders(disk, "/data/a/b/c")));
}

// Whoever made it was killed before it was durable.
TEST(MakeFolders, OneThatIsThereBecomesDurable) {
    testing::OneShard shard;
    testing::MemoryDisk disk{"/data"};
    ASSERT_TRUE(disk.make_folder("/data/a"));
    EXPECT_FALSE(disk.after_power_loss()->exists("/data/a"));
    ASSERT_TRUE(shard.await(make_folders(disk, "/data/a")));
    EXPECT_TRUE(disk.after_power_loss()->exists("/data/a"));
}

}  // namespace
}  // namespace cauce::storage
