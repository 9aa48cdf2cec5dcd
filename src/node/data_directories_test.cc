#include "node/data_directories.h"

#include "metadata/directory_ids.h"
#include "metadata/image_builder.h"
#include "metadata/record_list.h"
#include "storage/test_disk.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::node {
namespace {

constexpr TopicId kTopic{1, 1};

class DataDirectoriesTest : public ::testing::Test {
protected:
    DataDirectoriesTest() {
        config_.settings.node_id = NodeId{1};
        config_.log_directories = {"/d/a", "/d/b"};
        config_.metadata_directory = "/d/a";
        config_.auto_format = true;
        config_.controller_endpoints = {{"CONTROLLER", "localhost", 9093, 0}};
        wire::TopicRecord topic;
        topic.name = "t";
        topic.topic_id = kTopic;
        replay(topic);
        for (std::int32_t i = 0; i < 2; ++i) {
            wire::PartitionRecord partition;
            partition.partition_id = i;
            partition.topic_id = kTopic;
            partition.replicas = partition.isr = {1};
            partition.directories = {metadata::kUnassignedDirectory};
            partition.leader = 1;
            partition.leader_epoch = partition.partition_epoch = 0;
            replay(partition);
        }
    }

    template <typename Record>
    void replay(const Record& record) {
        metadata::RecordList list;
        list.add(record);
        ASSERT_TRUE(builder_.replay(list[0]));
    }

    // A new process: the locks of the last one are gone.
    Result<void> open() {
        directories_.emplace(disk_, shard_, Logger());
        RETURN_IF_ERROR(shard_.await(directories_->open(config_)));
        return shard_.await(directories_->take_checkpoints());
    }
    std::string refusal() {
        const auto opened = open();
        return opened ? "" : opened.error().message;
    }
    storage::MetaProperties meta(const std::string& path) {
        const auto text = as_text(disk_.contents(path + "/meta.properties"));
        return *storage::MetaProperties::parse(text, path);
    }
    void put_meta(const std::string& path, const storage::MetaProperties& meta) {
        if (!disk_.exists(path)) disk_.put_folder(path);
        disk_.put(path + "/meta.properties", meta.to_text("now"));
    }
    void put_partition(const std::string& folder, TopicId id) {
        disk_.put_folder(folder);
        disk_.put(folder + "/partition.metadata", storage::topic_id_to_text(id));
    }
    Result<void> tidy() {
        places_.emplace(NodeId{1}, directories_->for_places());
        image_ = builder_.publish();
        const auto remove = [this](std::string folder) { removed_.push_back(std::move(folder)); };
        return shard_.await(directories_->tidy(*image_, *places_, remove));
    }

    storage::testing::MemoryDisk disk_{"/d"};
    storage::testing::OneShard shard_;
    Config config_;
    metadata::ImageBuilder builder_;
    metadata::ImagePointer image_;
    std::optional<DataDirectories> directories_;
    std::optional<PartitionPlaces> places_;
    std::vector<std::string> removed_;
};

TEST_F(DataDirectoriesTest, EachHasItsOwnIdAndTheFirstTheMetadataLog) {
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(directories_->count(), 2u);
    EXPECT_EQ(meta("/d/a").cluster_id, meta("/d/b").cluster_id);
    EXPECT_EQ(meta("/d/a").cluster_id, directories_->cluster_id());
    EXPECT_NE(*meta("/d/a").directory_id, *meta("/d/b").directory_id);
    EXPECT_EQ(directories_->online_ids(),
              (std::vector<Uuid>{*meta("/d/a").directory_id, *meta("/d/b").directory_id}));
    EXPECT_EQ(directories_->metadata_directory_id(), *meta("/d/a").directory_id);
    EXPECT_TRUE(directories_->is_metadata(0));
    EXPECT_TRUE(disk_.exists("/d/a/__cluster_metadata-0"));
    EXPECT_FALSE(disk_.exists("/d/b/__cluster_metadata-0"));
    // A later start finds the same.
    const auto ids = directories_->online_ids();
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(directories_->online_ids(), ids);
}

TEST_F(DataDirectoriesTest, TheMetadataLogMayStandApart) {
    config_.metadata_directory = "/d/m";
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(directories_->count(), 2u);
    EXPECT_FALSE(directories_->is_metadata(0) || directories_->is_metadata(1));
    EXPECT_EQ(directories_->metadata_directory_id(), *meta("/d/m").directory_id);
    EXPECT_TRUE(disk_.exists("/d/m/__cluster_metadata-0"));
    EXPECT_FALSE(disk_.exists("/d/a/__cluster_metadata-0"));
}

TEST_F(DataDirectoriesTest, FormattingGoesOnWhereItWasStopped) {
    config_.metadata_directory = "/d/m";
    ASSERT_EQ(refusal(), "");
    const std::string cluster_id = directories_->cluster_id();
    ASSERT_TRUE(disk_.remove("/d/m/meta.properties"));
    ASSERT_TRUE(disk_.remove("/d/b/meta.properties"));
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(directories_->cluster_id(), cluster_id);
    EXPECT_EQ(meta("/d/b").cluster_id, cluster_id);
}

TEST_F(DataDirectoriesTest, OneThatIsNewInLogDirsIsTaken) {
    config_.log_directories = {"/d/a"};
    ASSERT_EQ(refusal(), "");
    config_.log_directories = {"/d/a", "/d/b"};
    config_.auto_format = false;
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(meta("/d/b").cluster_id, meta("/d/a").cluster_id);
    EXPECT_EQ(meta("/d/b").node_id, NodeId{1});
    EXPECT_EQ(directories_->online_ids().size(), 2u);
}

TEST_F(DataDirectoriesTest, WhatDoesNotBelongTogetherIsRefused) {
    ASSERT_EQ(refusal(), "");
    const storage::MetaProperties first = meta("/d/a");
    const storage::MetaProperties second = meta("/d/b");
    const auto expect_refused = [&](const std::string& why) {
        EXPECT_NE(refusal().find(why), std::string::npos) << refusal();
        put_meta("/d/b", second);
    };
    storage::MetaProperties other = second;
    other.cluster_id = "another";
    put_meta("/d/b", other);
    expect_refused("belongs to cluster another");
    other = second;
    other.node_id = NodeId{2};
    put_meta("/d/b", other);
    expect_refused("belongs to node 2");
    other = second;
    other.directory_id = first.directory_id;
    put_meta("/d/b", other);
    expect_refused("has the directory.id of another one");
    disk_.put("/d/b/meta.properties", "version=7\n");
    expect_refused("unknown version 7");
    for (const char* damaged : {"", "no properties", "version=0\nbroker.id=1\n"}) {
        disk_.put("/d/b/meta.properties", damaged);
        expect_refused("/d/b/meta.properties names no cluster");
    }
    disk_.put("/d/b/meta.properties", "version=1\nnode.id=1\n");
    expect_refused("cluster.id is missing");
    disk_.put_folder("/d/b/__cluster_metadata-0");
    expect_refused("/d/b holds a metadata log, but metadata.log.dir is /d/a");
    ASSERT_TRUE(disk_.remove("/d/b/__cluster_metadata-0"));
    config_.metadata_directory = "/d/b";
    config_.auto_format = false;
    ASSERT_TRUE(disk_.remove("/d/b/meta.properties"));
    expect_refused("the log directory /d/b is not formatted");
}

TEST_F(DataDirectoriesTest, CleanWasTheStopOfAllOrOfNone) {
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(directories_->clean_broker_epoch(), -1);
    EXPECT_FALSE((*directories_->checkpoints())[0].clean);
    shard_.await(directories_->write_clean_shutdown(12));
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(directories_->clean_broker_epoch(), 12);
    EXPECT_TRUE((*directories_->checkpoints())[0].clean);
    EXPECT_TRUE((*directories_->checkpoints())[1].clean);
    // The mark is taken at a start; and one that failed is not marked.
    directories_->failed(1, {EIO, "fdatasync", "/d/b"});
    shard_.await(directories_->write_clean_shutdown(13));
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(directories_->clean_broker_epoch(), -1);
    EXPECT_TRUE((*directories_->checkpoints())[0].clean);
    EXPECT_FALSE((*directories_->checkpoints())[1].clean);
    // Nor is one with a log that could not be closed.
    shard_.await(directories_->write_clean_shutdown(14, {false, true}));
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(directories_->clean_broker_epoch(), -1);
    EXPECT_FALSE((*directories_->checkpoints())[0].clean);
    EXPECT_TRUE((*directories_->checkpoints())[1].clean);
}

void nobody_is_told(std::size_t directory, const IoError& error) {
    ADD_FAILURE() << directory << ": " << error.to_string();
}

TEST_F(DataDirectoriesTest, ACheckpointThatCannotBeWrittenTellsOfABrokenDisk) {
    ASSERT_EQ(refusal(), "");
    std::vector<std::size_t> told;
    const auto tell = [&told](std::size_t directory, const IoError&) { told.push_back(directory); };
    std::int64_t offset = 0;
    const auto write = [&] {
        ++offset;
        return shard_
            .await(directories_->write_checkpoint(
                storage::Checkpoint::recovery_point,
                {{{{"t", 0}, Offset{offset}}}, {{{"t", 1}, Offset{offset}}}}, tell))
            .has_value();
    };
    EXPECT_TRUE(write());
    // A full disk, or none to ask for want of a descriptor: the next interval tries again.
    disk_.change_error_for = "recovery-point-offset-checkpoint.tmp";
    for (const int number : {ENOSPC, EMFILE}) {
        disk_.change_error = number;
        EXPECT_FALSE(write());
    }
    EXPECT_TRUE(told.empty());
    disk_.change_error = 0;
    EXPECT_TRUE(write());
    disk_.sync_error = EIO;
    EXPECT_FALSE(write());
    EXPECT_EQ(told, (std::vector<std::size_t>{0, 1}));
}

TEST_F(DataDirectoriesTest, CheckpointsAreEachDirectorysOwn) {
    ASSERT_EQ(refusal(), "");
    const auto which = storage::Checkpoint::recovery_point;
    ASSERT_TRUE(shard_.await(directories_->write_checkpoint(
        which, {{{{"t", 0}, Offset{5}}}, {{{"t", 1}, Offset{6}}}}, nobody_is_told)));
    const auto text = [this](const std::string& path) {
        return std::string(as_text(disk_.contents(path + "/recovery-point-offset-checkpoint")));
    };
    EXPECT_EQ(text("/d/a"), "0\n1\nt 0 5\n");
    EXPECT_EQ(text("/d/b"), "0\n1\nt 1 6\n");
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ((*directories_->checkpoints())[1].recovery_points,
              (storage::OffsetMap{{{"t", 1}, Offset{6}}}));
    // What did not change is not written, and nothing is where a directory failed.
    disk_.put("/d/a/recovery-point-offset-checkpoint", "untouched");
    directories_->failed(1, {EIO, "fdatasync", "/d/b"});
    ASSERT_TRUE(shard_.await(directories_->write_checkpoint(
        which, {{{{"t", 0}, Offset{5}}}, {{{"t", 1}, Offset{7}}}}, nobody_is_told)));
    EXPECT_EQ(text("/d/a"), "untouched");
    EXPECT_EQ(text("/d/b"), "0\n1\nt 1 6\n");
    EXPECT_FALSE(directories_->all_failed());
    EXPECT_EQ(directories_->online_ids().size(), 1u);
}

TEST_F(DataDirectoriesTest, FoldersAreFoundInAllOfThem) {
    ASSERT_EQ(refusal(), "");
    put_partition("/d/a/t-0", kTopic);
    put_partition("/d/b/t-1", kTopic);
    put_partition("/d/b/t-7", kTopic);  // no such partition
    put_partition("/d/b/gone-0", TopicId{3, 3});
    put_partition("/d/b/t-0.0123456789abcdef0123456789abcdef-delete", kTopic);
    ASSERT_TRUE(tidy());
    EXPECT_EQ(places_->directory_of(kTopic, 0), 0u);
    EXPECT_EQ(places_->directory_of(kTopic, 1), 1u);
    EXPECT_FALSE(disk_.exists("/d/b/t-7"));
    EXPECT_FALSE(disk_.exists("/d/b/gone-0"));
    EXPECT_EQ(removed_,
              (std::vector<std::string>{"/d/b/t-0.0123456789abcdef0123456789abcdef-delete"}));
    put_partition("/d/b/t-0", kTopic);
    const auto twice = tidy();
    ASSERT_FALSE(twice);
    EXPECT_NE(twice.error().message.find("the folder t-0 is in /d/a and in /d/b"),
              std::string::npos)
        << twice.error().message;
}

}  // namespace
}  // namespace cauce::node
