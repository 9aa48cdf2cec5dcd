#include "quorum/format.h"

#include "quorum/snapshot_file.h"
#include "storage/log_directory.h"
#include "storage/test_disk.h"
#include "wire/control_batch.h"
#include "wire/messages/feature_level_record.h"
#include "wire/record.h"
#include "wire/record_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace cauce::quorum {
namespace {

using storage::testing::MemoryDisk;
using storage::testing::OneShard;
using Lines = std::vector<std::string>;

constexpr const char* kSnapshot =
    "/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint";

class FormatTest : public ::testing::Test {
protected:
    FormatOptions options(std::vector<std::string> directories = {"/data/a"}) {
        FormatOptions options;
        options.cluster_id = "MkU3OEVBNTcwNTJENDM2Qg";
        options.node = NodeId{1};
        options.directories = std::move(directories);
        options.controller_endpoints = {{"CONTROLLER", "127.0.0.1", 9093}};
        options.now = WallTime{1'795'313'731'860};
        return options;
    }
    Lines run(FormatOptions what) {
        const auto formatted = shard_.await(format(disk_, shard_.random(), std::move(what)));
        return formatted ? to_lines(*formatted) : Lines{"error: " + formatted.error().message};
    }
    ErrorCode refusal(FormatOptions what) {
        const auto formatted = shard_.await(format(disk_, shard_.random(), std::move(what)));
        return formatted ? ErrorCode::none : formatted.error().code;
    }
    storage::MetaProperties meta(const std::string& directory) {
        const auto parsed = storage::MetaProperties::parse(
            as_text(disk_.contents(directory + "/meta.properties")), directory);
        EXPECT_TRUE(parsed);
        return *parsed;
    }
    // What the control batch and the records of a first snapshot are, in order.
    Lines records(const std::string& directory) {
        Lines out;
        auto reader = SnapshotReader::open(disk_, directory + "/__cluster_metadata-0", {});
        EXPECT_TRUE(reader);
        while (true) {
            const auto batch = shard_.await(reader->next());
            EXPECT_TRUE(batch);
            if (!*batch) return out;
            wire::RecordIterator iterator(**batch, (*batch)->body());
            for (wire::Record record; iterator.next(record);) {
                wire::Reader value(*record.value);
                if ((*batch)->is_control()) {
                    out.push_back("control " +
                                  std::to_string(static_cast<int>(*wire::control_type(record))));
                    continue;
                }
                const auto header = wire::read_metadata_record_header(value);
                wire::FeatureLevelRecord level;
                level.decode(value, header.version);
                out.push_back(std::string(level.name) + "=" + std::to_string(level.feature_level));
            }
        }
    }

    OneShard shard_;
    MemoryDisk disk_{"/data"};
};

TEST_F(FormatTest, ADryRunWritesNothing) {
    FormatOptions what = options();
    what.dry_run = true;
    EXPECT_EQ(run(what), Lines{"Would format /data/a with metadata.version 4.4-IV2."});
    EXPECT_FALSE(disk_.exists("/data/a"));
    what.cluster_id.clear();
    EXPECT_EQ(run(what).front().substr(0, 6), "error:");
}

TEST_F(FormatTest, StandaloneMakesThisNodeTheOnlyVoter) {
    EXPECT_EQ(run(options()),
              Lines{"Formatting dynamic metadata voter directory /data/a with metadata.version "
                    "4.4-IV2."});
    const storage::MetaProperties properties = meta("/data/a");
    EXPECT_EQ(properties.cluster_id, "MkU3OEVBNTcwNTJENDM2Qg");
    EXPECT_EQ(properties.node_id, NodeId{1});
    EXPECT_FALSE(properties.directory_id->is_zero());
    EXPECT_EQ(records("/data/a"),
              (Lines{"control 3", "control 5", "control 6", "metadata.version=33",
                     "eligible.leader.replicas.version=1", "control 4"}));
}

// Byte for byte what kafka-storage 4.4.0 wrote with --standalone and the same levels, but for its
// clock and the directory's id, which it draws.
TEST_F(FormatTest, TheFirstBatchIsKafkas) {
    run(options());
    Buffer& bytes = disk_.contents(std::string("/data/a") + kSnapshot);
    const auto batch = wire::parse_batch(bytes);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->size_bytes(), 166u);
    EXPECT_EQ(batch->attributes(), wire::batch_layout::kControl);
    const std::uint8_t from_record_2[] = {
        0x16, 0x00, 0x00, 0x00, 0x00, 0x01, 0xa2, 0x01, 0x09, 0x89, 0x14, 0x00,
        0x00, 0x1e, 0x00, 0x00, 0x02, 0x08, 0x00, 0x00, 0x00, 0x05, 0x0a, 0x00,
        0x00, 0x00, 0x01, 0x00, 0x00, 0x82, 0x01, 0x00, 0x00, 0x04, 0x08, 0x00,
        0x00, 0x00, 0x06, 0x6e, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01};
    EXPECT_TRUE(std::equal(std::begin(from_record_2), std::end(from_record_2), bytes.begin() + 70));
    const std::string directory_and_endpoint = std::string("\x02\x0b", 2) +
                                               "CONTROLLER\x0a"
                                               "127.0.0.1";
    EXPECT_NE(as_text(bytes).find(directory_and_endpoint), std::string_view::npos);
}

TEST_F(FormatTest, OtherQuorums) {
    FormatOptions joins = options();
    joins.initial = InitialVoters::none;
    EXPECT_EQ(run(joins),
              Lines{"Formatting metadata directory /data/a with metadata.version 4.4-IV2."});
    EXPECT_EQ(records("/data/a"), (Lines{"control 3", "control 5", "metadata.version=33",
                                         "eligible.leader.replicas.version=1", "control 4"}));

    FormatOptions fixed = options({"/data/b"});
    fixed.initial = InitialVoters::static_quorum;
    EXPECT_EQ(run(fixed),
              Lines{"Formatting metadata directory /data/b with metadata.version 4.4-IV2."});
    EXPECT_EQ(records("/data/b"), (Lines{"control 3", "metadata.version=33",
                                         "eligible.leader.replicas.version=1", "control 4"}));

    FormatOptions given = options({"/data/c"});
    given.initial = InitialVoters::given;
    given.voters = {{NodeId{1}, {7, 7}, {}}, {NodeId{2}, {8, 8}, {}}};
    EXPECT_EQ(run(given),
              Lines{"Formatting dynamic metadata voter directory /data/c with metadata.version "
                    "4.4-IV2."});
    EXPECT_EQ(meta("/data/c").directory_id, (Uuid{7, 7})) << "as the list says";
    given.directories = {"/data/d"};
    given.node = NodeId{3};
    EXPECT_EQ(
        run(given),
        Lines{"Formatting dynamic metadata directory /data/d with metadata.version 4.4-IV2."});

    FormatOptions broker = options({"/data/e"});
    broker.is_controller = false;
    EXPECT_EQ(run(broker),
              Lines{"Formatting metadata directory /data/e with metadata.version 4.4-IV2."});
    EXPECT_FALSE(disk_.exists("/data/e/__cluster_metadata-0"));
}

TEST_F(FormatTest, SeveralDirectoriesAndThoseFormattedBefore) {
    EXPECT_EQ(run(options({"/data/a", "/data/deep/er/b"})),
              (Lines{"Formatting dynamic metadata voter directory /data/a with metadata.version "
                     "4.4-IV2.",
                     "Formatting data directory /data/deep/er/b with metadata.version 4.4-IV2."}));
    EXPECT_NE(meta("/data/a").directory_id, meta("/data/deep/er/b").directory_id);
    EXPECT_FALSE(disk_.exists("/data/deep/er/b/__cluster_metadata-0"));

    EXPECT_EQ(run(options()),
              Lines{"error: Log directory /data/a is already formatted. Use --ignore-formatted to "
                    "ignore this directory and format the others."});
    FormatOptions again = options({"/data/a", "/data/c"});
    const Buffer before = disk_.contents("/data/a/meta.properties");
    again.ignore_formatted = true;
    EXPECT_EQ(run(again),
              Lines{"Formatting data directory /data/c with metadata.version 4.4-IV2."});
    EXPECT_EQ(run(again), Lines{"All of the log directories are already formatted."});
    EXPECT_EQ(disk_.contents("/data/a/meta.properties"), before);
    again.cluster_id = "another";
    EXPECT_EQ(run(again),
              Lines{"error: Log directory /data/a belongs to cluster MkU3OEVBNTcwNTJENDM2Qg, not "
                    "to another"});
    EXPECT_EQ(refusal(again), ErrorCode::inconsistent_cluster_id);
    EXPECT_EQ(refusal(options()), ErrorCode::duplicate_resource);
}

TEST_F(FormatTest, WhatBecameOfEachDirectory) {
    using Status = DirectoryFormat::Status;
    const auto formatted = [this](FormatOptions what) {
        return *shard_.await(format(disk_, shard_.random(), std::move(what)));
    };
    ASSERT_EQ(formatted(options({"/data/b"})).size(), 1u);
    disk_.put_folder("/data/x");
    disk_.put("/data/x/meta.properties", "version=9\n");
    FormatOptions what = options({"/data/a", "/data/b", "/data/x"});
    what.ignore_formatted = true;
    what.dry_run = true;
    EXPECT_EQ(formatted(what)[0].status, Status::would_format);
    EXPECT_EQ(formatted(what)[0].role, "");
    what.dry_run = false;
    const std::vector<DirectoryFormat> now = formatted(what);
    ASSERT_EQ(now.size(), 3u);
    EXPECT_EQ(now[0].status, Status::formatted);
    EXPECT_EQ(now[0].directory, "/data/a");
    EXPECT_EQ(now[0].cluster_id, what.cluster_id);
    EXPECT_EQ(now[0].metadata_version, "4.4-IV2");
    EXPECT_EQ(now[0].role, "dynamic metadata voter");
    EXPECT_EQ(now[1].status, Status::already_formatted);
    EXPECT_EQ(now[1].cluster_id, what.cluster_id);
    EXPECT_EQ(now[1].metadata_version, "") << "nobody looked";
    EXPECT_EQ(now[2].status, Status::already_formatted);
    EXPECT_EQ(now[2].cluster_id, "") << "it cannot be read";
}

TEST_F(FormatTest, APowerLossLeavesADirectoryFormattedOrNot) {
    run(options());
    const auto left = disk_.after_power_loss();
    EXPECT_EQ(left->contents("/data/a/meta.properties"), disk_.contents("/data/a/meta.properties"));
    EXPECT_EQ(left->contents(std::string("/data/a") + kSnapshot),
              disk_.contents(std::string("/data/a") + kSnapshot));
    for (std::size_t changes = 0; changes < disk_.journal().size(); ++changes) {
        const auto cut = disk_.after_kill(changes);
        if (!cut->exists("/data/a/meta.properties")) continue;
        EXPECT_TRUE(cut->exists(std::string("/data/a") + kSnapshot)) << changes;
    }
}

TEST_F(FormatTest, TheDirectorysOwnNameIsDurableWhoeverMadeIt) {
    struct Case {
        const char* directory;
        std::vector<const char*> made;  // by somebody before, and not synced
    };
    for (const Case& c : {Case{"/data/a", {}}, Case{"/data/b", {"/data/b"}}, Case{"/data/c/d", {}},
                          Case{"/data/e/f", {"/data/e/f"}}}) {
        SCOPED_TRACE(c.directory);
        if (std::string_view(c.directory) == "/data/e/f") disk_.put_folder("/data/e");
        for (const char* folder : c.made)
            ASSERT_TRUE(disk_.make_folder(folder));
        ASSERT_FALSE(disk_.after_power_loss()->exists(c.directory));
        ASSERT_EQ(run(options({c.directory})).size(), 1u);
        const auto left = disk_.after_power_loss();
        ASSERT_TRUE(left->exists(c.directory));
        for (const std::string file : {"/meta.properties", kSnapshot}) {
            ASSERT_TRUE(left->exists(c.directory + file)) << file;
            EXPECT_EQ(left->contents(c.directory + file), disk_.contents(c.directory + file));
        }
    }
}

TEST_F(FormatTest, NothingIsWrittenWhenSomethingIsMissing) {
    FormatOptions no_id = options();
    no_id.cluster_id.clear();
    EXPECT_EQ(run(no_id),
              Lines{"error: the cluster id is missing; make one with: cauce storage random-uuid"});
    EXPECT_EQ(run(options({})), Lines{"error: log.dirs names no directory"});
    EXPECT_TRUE(disk_.all_files().empty());
}

TEST(InitialControllers, AreReadAsKafkaWritesThem) {
    const std::string id1 = Uuid{1, 1}.to_string();
    const std::string id2 = Uuid{2, 2}.to_string();
    const auto voters =
        parse_initial_controllers("1@host:9093:" + id1 + ", 2@[::1]:9094:" + id2, "CONTROLLER");
    ASSERT_TRUE(voters) << voters.error().message;
    EXPECT_EQ(*voters, (std::vector<Voter>{{NodeId{1}, {1, 1}, {{"CONTROLLER", "host", 9093}}},
                                           {NodeId{2}, {2, 2}, {{"CONTROLLER", "::1", 9094}}}}));
    for (const std::string& bad : std::vector<std::string>{
             "", "1", "1@host", "1@host:9093", "x@host:9093:" + id1, "1@:9093:" + id1,
             "1@host:70000:" + id1, "1@host:9093:short", "-1@host:9093:" + id1,
             "1@host:9093:" + id1 + ",1@other:9093:" + id2, "1@h:9:" + id1 + ",2@h:9:" + id1})
        EXPECT_FALSE(parse_initial_controllers(bad, "CONTROLLER")) << bad;
}

}  // namespace
}  // namespace cauce::quorum
