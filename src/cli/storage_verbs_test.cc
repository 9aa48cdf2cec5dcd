// `storage info`, `verify` and `dump`: their tables, their JSON, and how they fail, over a
// directory in memory.
#include "cli/testing/fake_program.h"
#include "metadata/record_list.h"
#include "quorum/format.h"
#include "quorum/one_voter_quorum.h"
#include "storage/log_directory.h"
#include "storage/test_log.h"
#include "wire/messages/access_control_entry_record.h"
#include "wire/messages/client_quota_record.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cauce::cli {
namespace {

using storage::testing::MemoryDisk;
using storage::testing::OneShard;

constexpr const char* kData = "/d";

class Silent final : public quorum::Listener {
public:
    void on_snapshot_begin(const quorum::SnapshotId&) override {}
    void on_snapshot_batch(const quorum::CommittedBatch&) override {}
    void on_snapshot_end(const quorum::SnapshotId&, WallTime) override {}
    void on_commit(const quorum::CommittedBatch&) override {}
    void on_leader_change(const quorum::LeaderAndEpoch&) override {}
    void on_failure(const IoError&) override {}
};

class StorageVerbs : public ::testing::Test {
protected:
    using Words = std::vector<std::string>;

    StorageVerbs() {
        program.disk = &disk;
        quorum::FormatOptions options;
        options.cluster_id = "5Y8hMhdBRDWw5cfBsdjKLQ";
        options.node = NodeId{1};
        options.directories = {kData};
        options.controller_endpoints = {{"CONTROLLER", "localhost", 9093}};
        EXPECT_TRUE(shard.await(quorum::format(disk, shard.random(), options)));
        // blog-0: one batch of a producer, and one of a transaction that stays open.
        storage::testing::Stand stand(disk);
        EXPECT_TRUE(stand.open());
        stand.append({.records = 2, .producer_id = 5, .producer_epoch = 0, .base_sequence = 0});
        stand.append(
            {.producer_id = 6, .producer_epoch = 0, .base_sequence = 0, .transactional = true});
        stand.shard.settle();
        EXPECT_TRUE(stand.shard.await(stand.log->close()));
        disk.put(std::string(kData) + "/.kafka_cleanshutdown", R"({"version":0,"brokerEpoch":7})");
    }

    template <typename... Records>
    void propose(const Records&... records) {
        metadata::RecordList list;
        (list.add(records), ...);
        storage::FileCache files(disk, 16);
        storage::DirectoryShard home(disk, shard, files, kData, Logger(), [](const IoError&) {});
        quorum::OneVoterOptions options;
        options.node = NodeId{1};
        quorum::OneVoterQuorum quorum(home, options, Logger());
        Silent told;
        ASSERT_TRUE(shard.await(quorum.start(told)));
        ASSERT_TRUE(quorum.propose(list));
        shard.settle();
        shard.await(quorum.stop());
        shard.await(home.close());
    }

    std::string out(Words words) {
        EXPECT_EQ(program.call(std::move(words)), exit_ok) << program.err.text;
        return program.out.text;
    }
    void expect_lines(const std::string& text, const std::vector<std::string>& lines) {
        for (const std::string& line : lines)
            EXPECT_NE(text.find(line), std::string::npos) << line << "\nis not in\n" << text;
    }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeProgram program{loop, net};
    MemoryDisk disk{kData};
    OneShard shard;
};

wire::FeatureLevelRecord level(std::string_view name, std::int16_t to) {
    wire::FeatureLevelRecord record;
    record.name = name;
    record.feature_level = to;
    return record;
}

TEST_F(StorageVerbs, InfoTellsWhoseItIsAndWhatItHolds) {
    wire::ClientQuotaRecord quota;
    quota.entity.push_back({"user", "alice"});
    quota.key = "producer_byte_rate";
    propose(level("metadata.version", 33), level("group.version", 1), quota);
    const std::size_t changes = disk.journal().size();
    expect_lines(
        out({"storage", "info", kData}),
        {"cluster           5Y8hMhdBRDWw5cfBsdjKLQ", "node              1", "opens here        yes",
         "because           -", "metadata.version  4.4-IV2", "voters            1",
         "group.version at level 1", "client quotas", "not enforced, kept", "blog-0"});
    expect_lines(out({"storage", "info", kData, "-o", "json"}),
                 {R"("opens": true)", R"("clean_shutdown": true)", R"("folder": "blog-0")",
                  R"("end_offset": 3)", R"("open_transaction": 2)", R"("leader_epoch": 1)"});
    EXPECT_EQ(disk.journal().size(), changes) << "it only reads";
}

TEST_F(StorageVerbs, InfoSaysWhyADirectoryDoesNotOpen) {
    wire::AccessControlEntryRecord acl;
    acl.id = {1, 2};
    acl.resource_name = "blog";
    propose(level("metadata.version", 33), acl);
    expect_lines(out({"storage", "info", kData}),
                 {"opens here        no", "it holds ACLs, which this version does not enforce"});
    disk.contents(std::string(kData) + "/__cluster_metadata-0/00000000000000000000.log").at(90) ^=
        1;
    expect_lines(out({"storage", "info", kData}), {"opens here        no", "metadata is damaged"});
}

TEST_F(StorageVerbs, InfoOfSomethingElse) {
    disk.put_folder("/d/blog-0");
    EXPECT_EQ(program.call({"storage", "info", "/d/blog-0"}), exit_not_found);
    EXPECT_EQ(program.out.text, "");
    EXPECT_TRUE(program.err.text.starts_with("error: /d/blog-0 is no log directory\n"))
        << program.err.text;
}

TEST_F(StorageVerbs, VerifyASoundDirectory) {
    propose(level("metadata.version", 33));
    const std::string table = out({"storage", "verify", kData});
    expect_lines(table, {"partitions  2", "damaged     0", "left over   0"});
    expect_lines(out({"storage", "verify", kData, "-o", "json", "--heads"}),
                 {R"("damages": 0)", R"("findings": [])"});
}

TEST_F(StorageVerbs, VerifyNamesTheDamage) {
    propose(level("metadata.version", 33));
    disk.contents(storage::testing::file_of(0, ".log")).at(70) ^= 1;
    disk.put(std::string(kData) + "/cleaner-offset-checkpoint", "x");
    EXPECT_EQ(program.call({"storage", "verify", kData}), exit_unhealthy);
    expect_lines(
        program.out.text,
        {"damaged     1", "left over   1", "blog-0/00000000000000000000.log", "damage",
         "at byte 0: the checksum of the batch of offset 0 is wrong", "cleaner-offset-checkpoint"});
    EXPECT_TRUE(program.err.text.starts_with("error: the directory /d is damaged\n"))
        << program.err.text;
}

TEST_F(StorageVerbs, VerifyOfADirectoryInUse) {
    const auto broker = storage::LogDirectory::open(disk, kData);
    ASSERT_TRUE(broker);
    EXPECT_EQ(program.call({"storage", "verify", kData}), exit_error);
    expect_lines(program.err.text, {"the directory /d was not verified", "a broker uses it"});
    expect_lines(out({"storage", "info", kData}), {"in use            yes"});
}

TEST_F(StorageVerbs, DumpASegment) {
    const std::string log = storage::testing::file_of(0, ".log");
    expect_lines(out({"storage", "dump", log}), {"OFFSET  EPOCH", "VALUE"});
    EXPECT_EQ(out({"storage", "dump", log, "--batches", "-o", "tsv"}).substr(0, 200).find('\t') !=
                  std::string::npos,
              true);
    expect_lines(out({"storage", "dump", log, "--batches", "-o", "json"}),
                 {R"("base_offset": 0)", R"("last_offset": 1)", R"("producer_id": 5)",
                  R"("compression": "none")", R"("is_transactional": true)"});
    // Two records and the rest of a batch.
    disk.contents(log).resize(disk.contents(log).size() - 2);
    EXPECT_EQ(program.call({"storage", "dump", log}), exit_unhealthy);
    expect_lines(program.err.text, {"holds no whole batch", "the file ends inside a batch"});
}

TEST_F(StorageVerbs, DumpTheMetadataLog) {
    wire::TopicRecord topic;
    topic.name = "blog";
    topic.topic_id = {1, 2};
    propose(level("metadata.version", 33), topic);
    const std::string folder = std::string(kData) + "/__cluster_metadata-0/";
    expect_lines(out({"storage", "dump", folder + "00000000000000000000.log", "-o", "tsv"}),
                 {"LeaderChange", "KRaftVoters", R"(FeatureLevelRecord {"name":"metadata.version")",
                  R"(TopicRecord {"name":"blog","topic_id":")"});
    expect_lines(out({"storage", "dump", folder + "00000000000000000000-0000000000.checkpoint"}),
                 {"SnapshotHeader", "FeatureLevelRecord", "SnapshotFooter"});
}

TEST_F(StorageVerbs, DumpOtherFiles) {
    expect_lines(out({"storage", "dump", storage::testing::file_of(3, ".snapshot")}),
                 {"PRODUCER  EPOCH  SEQUENCE  OFFSET"});
    expect_lines(out({"storage", "dump", storage::testing::file_of(0, ".index")}),
                 {"OFFSET  POSITION"});
    EXPECT_EQ(out({"storage", "dump", storage::testing::kFolder + "/leader-epoch-checkpoint"}),
              "0\n1\n0 0\n");
    EXPECT_EQ(program.call({"storage", "dump", "/d/none.log"}), exit_not_found);
    disk.put("/d/what.else", "x");
    EXPECT_EQ(program.call({"storage", "dump", "/d/what.else"}), exit_usage);
}

}  // namespace
}  // namespace cauce::cli
