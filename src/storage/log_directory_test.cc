#include "storage/log_directory.h"

#include "storage/test_disk.h"

#include <gtest/gtest.h>

namespace cauce::storage {
namespace {

struct LogDirectoryTest : ::testing::Test {
    testing::OneShard shard;
    testing::MemoryDisk disk{"/data"};

    std::string text(const std::string& path) {
        return std::string(as_text(BytesView(disk.contents(path))));
    }
    std::unique_ptr<LogDirectory> open() { return std::move(*LogDirectory::open(disk, "/data/a")); }
};

TEST_F(LogDirectoryTest, IsHeldByOneAtATime) {
    auto first = open();
    EXPECT_EQ(LogDirectory::open(disk, "/data/a").error().number, EWOULDBLOCK);
    first = nullptr;
    EXPECT_TRUE(LogDirectory::open(disk, "/data/a"));
    EXPECT_EQ(LogDirectory::open(disk, "/data/no/parent").error().number, ENOENT);
}

TEST_F(LogDirectoryTest, MetaPropertiesRoundTripAndSurviveAPowerLoss) {
    auto directory = open();
    EXPECT_EQ(*shard.await(directory->read_meta()), std::nullopt);
    const MetaProperties meta{"4L6g3nShT-eMCtK--X86sw", NodeId{1},
                              Uuid::parse("x3QZbGHDTkG7UYpZ0IPZkA")};
    ASSERT_TRUE(shard.await(directory->write_meta(meta, WallTime{1'700'000'000'000})));
    EXPECT_EQ(text("/data/a/meta.properties"),
              "#\n#Tue Nov 14 22:13:20 UTC 2023\ncluster.id=4L6g3nShT-eMCtK--X86sw\n"
              "directory.id=x3QZbGHDTkG7UYpZ0IPZkA\nnode.id=1\nversion=1\n");
    EXPECT_EQ(**shard.await(directory->read_meta()), meta);
    EXPECT_FALSE(disk.exists("/data/a/meta.properties.tmp"));
}

TEST(MetaProperties, ReadsWhatJavaWrites) {
    const auto meta = MetaProperties::parse(
        "#\n#Thu Jan 01 00:00:00 UTC 1970\nnode.id = 3\ncluster.id=a\\:b\\=c d\r\nversion:1\n"
        "directory.id=x3QZbGHDTkG7UYpZ0IPZkA\n! a comment\nother=1\n",
        "m");
    ASSERT_TRUE(meta) << meta.error().to_string();
    EXPECT_EQ(meta->cluster_id, "a:b=c d");
    EXPECT_EQ(meta->node_id, NodeId{3});
    EXPECT_EQ(MetaProperties::parse(meta->to_text("now"), "m"), *meta);
    EXPECT_EQ(MetaProperties::parse("broker.id=4\n", "m")->node_id, NodeId{4});
    EXPECT_EQ(MetaProperties::parse("version=0\n", "m")->node_id, std::nullopt);
    for (const char* bad : {"version=2\nnode.id=1", "version=1\n", "version=1\nnode.id=x\n",
                            "version=1\nnode.id=1\ndirectory.id=short\n"})
        EXPECT_EQ(MetaProperties::parse(bad, "m").error().number, EINVAL) << bad;
}

TEST_F(LogDirectoryTest, CleanShutdownIsTakenOnce) {
    auto directory = open();
    EXPECT_EQ(shard.await(directory->take_clean_shutdown())->has_value(), false);
    ASSERT_TRUE(shard.await(directory->write_clean_shutdown(17)));
    EXPECT_EQ(text("/data/a/.kafka_cleanshutdown"), R"({"version":0,"brokerEpoch":17})");
    auto clean = *shard.await(directory->take_clean_shutdown());
    ASSERT_TRUE(clean);
    EXPECT_EQ(clean->broker_epoch, 17);
    EXPECT_EQ(shard.await(directory->take_clean_shutdown())->has_value(), false);
    disk.put("/data/a/.kafka_cleanshutdown", "");
    clean = *shard.await(directory->take_clean_shutdown());
    ASSERT_TRUE(clean);
    EXPECT_EQ(clean->broker_epoch, std::nullopt);
    disk.put("/data/a/.kafka_cleanshutdown", R"({"brokerEpoch":-1, "version" : 0})");
    EXPECT_EQ((*shard.await(directory->take_clean_shutdown()))->broker_epoch, -1);
}

TEST_F(LogDirectoryTest, CheckpointsAreKafkasTextAndReplacedWhole) {
    auto directory = open();
    const OffsetMap entries{
        {{"b.log", 10}, {7}}, {{"a", 0}, {0}}, {{"b.log", 2}, {1'234'567'890'123}}};
    EXPECT_TRUE(shard.await(directory->read_checkpoint(Checkpoint::log_start))->entries.empty());
    ASSERT_TRUE(shard.await(directory->write_checkpoint(Checkpoint::recovery_point, entries)));
    EXPECT_EQ(text("/data/a/recovery-point-offset-checkpoint"),
              "0\n3\na 0 0\nb.log 2 1234567890123\nb.log 10 7\n");
    EXPECT_EQ(shard.await(directory->read_checkpoint(Checkpoint::recovery_point))->entries,
              entries);

    ASSERT_TRUE(shard.await(directory->write_checkpoint(Checkpoint::high_watermark, {})));
    EXPECT_EQ(text("/data/a/replication-offset-checkpoint"), "0\n0\n");

    // Killed at any point of a replacement, the old or the new content is there.
    const std::size_t before = disk.journal().size();
    ASSERT_TRUE(
        shard.await(directory->write_checkpoint(Checkpoint::recovery_point, {{{"c", 1}, {5}}})));
    for (std::size_t at = before; at <= disk.journal().size(); ++at) {
        auto left = disk.after_kill(at);
        auto reopened = std::move(*LogDirectory::open(*left, "/data/a"));
        auto found = *shard.await(reopened->read_checkpoint(Checkpoint::recovery_point));
        EXPECT_FALSE(found.damaged);
        EXPECT_EQ(found.entries.size(), at == disk.journal().size() ? 1u : 3u) << at;
    }

    disk.put("/data/a/log-start-offset-checkpoint", "0\n2\na 0 1\n");
    auto damaged = *shard.await(directory->read_checkpoint(Checkpoint::log_start));
    EXPECT_TRUE(damaged.damaged);
    EXPECT_TRUE(damaged.entries.empty());
    disk.put("/data/a/log-start-offset-checkpoint", "");
    EXPECT_FALSE(shard.await(directory->read_checkpoint(Checkpoint::log_start))->damaged);
}

TEST_F(LogDirectoryTest, ListsPartitionFolders) {
    auto directory = open();
    for (const char* name :
         {"blog-0", "my-topic.v1-12", "x-1.0123456789abcdef0123456789abcdef-delete",
          "x.y-2.0123456789abcdef0123456789abcdef-future",
          "z-3.0123456789abcdef0123456789abcdef-stray", "nonumber", "t-01", "t--1", "-4"})
        disk.put_folder("/data/a/" + std::string(name));
    disk.put("/data/a/file-7", "");
    const auto folders = *directory->list();
    using Kind = PartitionFolder::Kind;
    std::map<std::string, std::pair<std::string, Kind>> found;
    for (const auto& folder : folders.partitions)
        found[folder.name] = {folder.partition.to_string(), folder.kind};
    EXPECT_EQ(found.size(), 6u);
    EXPECT_EQ(found["blog-0"], std::pair(std::string("blog-0"), Kind::current));
    EXPECT_EQ(found["my-topic.v1-12"], std::pair(std::string("my-topic.v1-12"), Kind::current));
    EXPECT_EQ(found["x-1.0123456789abcdef0123456789abcdef-delete"],
              std::pair(std::string("x-1"), Kind::deleted));
    EXPECT_EQ(found["x.y-2.0123456789abcdef0123456789abcdef-future"],
              std::pair(std::string("x.y-2"), Kind::future));
    EXPECT_EQ(found["z-3.0123456789abcdef0123456789abcdef-stray"],
              std::pair(std::string("z-3"), Kind::stray));
    // "t-" is a topic's name too, so "t--1" is its partition 1.
    EXPECT_EQ(found["t--1"], std::pair(std::string("t--1"), Kind::current));
    EXPECT_EQ(folders.unknown, (std::vector<std::string>{"-4", "nonumber", "t-01"}));

    const Uuid id{0x0123456789abcdef, 0x0123456789abcdef};
    EXPECT_EQ(folder_name({"x", 1}, Kind::deleted, id),
              "x-1.0123456789abcdef0123456789abcdef-delete");
    const std::string longest = folder_name({std::string(249, 'q'), 100000}, Kind::stray, id);
    EXPECT_EQ(longest.size(), 255u);
    EXPECT_EQ(PartitionFolder::parse(longest)->partition.partition, 100000);
}

TEST_F(LogDirectoryTest, TopicIds) {
    auto directory = open();
    const Uuid id = *Uuid::parse("x3QZbGHDTkG7UYpZ0IPZkA");
    EXPECT_EQ(topic_id_to_text(id), "version: 0\ntopic_id: x3QZbGHDTkG7UYpZ0IPZkA");
    disk.put_folder("/data/a/t-0");
    EXPECT_EQ(*shard.await(directory->read_topic_id("t-0")), std::nullopt);
    disk.put("/data/a/t-0/partition.metadata", topic_id_to_text(id) + "\n");
    EXPECT_EQ(*shard.await(directory->read_topic_id("t-0")), id);
    for (const char* damaged :
         {"", "version: 1\ntopic_id: x3QZbGHDTkG7UYpZ0IPZkA", "version: 0",
          "version: 0\ntopic_id: short", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA"})
        EXPECT_EQ(parse_topic_id(damaged), std::nullopt) << damaged;
}

}  // namespace
}  // namespace cauce::storage
