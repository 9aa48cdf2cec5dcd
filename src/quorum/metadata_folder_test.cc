#include "quorum/metadata_folder.h"

#include "metadata/features.h"
#include "quorum/format.h"
#include "quorum/one_voter_quorum.h"
#include "storage/test_disk.h"
#include "wire/messages/begin_transaction_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace cauce::quorum {
namespace {

using storage::testing::MemoryDisk;
using storage::testing::OneShard;

constexpr const char* kData = "/data";
constexpr const char* kFolder = "/data/__cluster_metadata-0";

class Silent final : public Listener {
public:
    void on_snapshot_begin(const SnapshotId&) override {}
    void on_snapshot_batch(const CommittedBatch&) override {}
    void on_snapshot_end(const SnapshotId&, WallTime) override {}
    void on_commit(const CommittedBatch&) override {}
    void on_leader_change(const LeaderAndEpoch&) override {}
    void on_failure(const IoError&) override {}
};

// A formatted directory, and what a quorum of one proposes there.
struct MetadataFolderTest : ::testing::Test {
    MemoryDisk disk{kData};
    OneShard shard;

    MetadataFolderTest() {
        FormatOptions options;
        options.cluster_id = "cluster";
        options.node = NodeId{1};
        options.directories = {kData};
        options.controller_endpoints = {{"CONTROLLER", "localhost", 9093}};
        EXPECT_TRUE(shard.await(format(disk, shard.random(), options)));
    }

    void propose(const metadata::RecordList& records) {
        storage::FileCache files(disk, 16);
        storage::DirectoryShard home(disk, shard, files, kData, Logger(), [](const IoError&) {});
        OneVoterOptions options;
        options.node = NodeId{1};
        OneVoterQuorum quorum(home, options, Logger());
        Silent told;
        ASSERT_TRUE(shard.await(quorum.start(told)));
        ASSERT_TRUE(quorum.propose(records));
        shard.settle();
        shard.await(quorum.stop());
        shard.await(home.close());
    }

    MetadataFolder read() {
        const auto found = shard.await(read_metadata_folder(disk, kFolder));
        EXPECT_TRUE(found) << found.error().to_string();
        EXPECT_TRUE(found && *found);
        return found && *found ? **found : MetadataFolder();
    }
};

metadata::RecordList a_topic(std::string_view name) {
    metadata::RecordList records;
    wire::TopicRecord record;
    record.name = name;
    record.topic_id = {1, 2};
    records.add(record);
    return records;
}

TEST_F(MetadataFolderTest, OneThatWasOnlyFormatted) {
    const MetadataFolder found = read();
    EXPECT_EQ(found.end, Offset{0});
    EXPECT_EQ(found.epoch, LeaderEpoch{0});
    EXPECT_EQ(found.kraft_version, 1);
    ASSERT_EQ(found.voters.size(), 1u);
    EXPECT_EQ(found.voters[0].id, NodeId{1});
    EXPECT_EQ(found.image->features(), metadata::bootstrap_features())
        << "what its first leader will write";
}

TEST_F(MetadataFolderTest, WhatTheLogSaysCounts) {
    propose(a_topic("blog"));
    const std::size_t changes = disk.journal().size();
    const MetadataFolder found = read();
    EXPECT_EQ(found.end, Offset{4}) << "three control records and a topic";
    EXPECT_EQ(found.epoch, LeaderEpoch{1});
    EXPECT_NE(found.image->topic("blog"), nullptr);
    EXPECT_TRUE(found.image->features().empty()) << "the snapshot of the format step is no state";
    EXPECT_FALSE(found.in_transaction);
    EXPECT_EQ(disk.journal().size(), changes);
}

TEST_F(MetadataFolderTest, AnOpenTransactionIsNotInTheImage) {
    metadata::RecordList records;
    records.add(wire::BeginTransactionRecord{});
    records.append(a_topic("half"));
    propose(records);
    const MetadataFolder found = read();
    EXPECT_TRUE(found.in_transaction);
    EXPECT_EQ(found.image->topic("half"), nullptr);
}

TEST_F(MetadataFolderTest, DamageIsNamed) {
    propose(a_topic("blog"));
    const std::string log = std::string(kFolder) + "/00000000000000000000.log";
    disk.contents(log).at(30) ^= 0xff;
    const auto found = shard.await(read_metadata_folder(disk, kFolder));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().number, EBADMSG);
    EXPECT_NE(found.error().to_string().find(log), std::string::npos) << found.error().to_string();
}

TEST_F(MetadataFolderTest, NoneAtAll) {
    const auto found = shard.await(read_metadata_folder(disk, "/data/other"));
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
}

}  // namespace
}  // namespace cauce::quorum
