// A quorum of one on a disk in memory: what it tells, what it survives, what it refuses.
#include "quorum/one_voter_quorum.h"

#include "quorum/format.h"
#include "quorum/snapshot_file.h"
#include "storage/directory_shard.h"
#include "storage/test_disk.h"
#include "wire/control_batch.h"
#include "wire/messages/no_op_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cauce::quorum {
namespace {

using metadata::RecordList;
using storage::testing::MemoryDisk;
using storage::testing::OneShard;

constexpr const char* kData = "/data";
constexpr const char* kFolder = "/data/__cluster_metadata-0";
constexpr const char* kLog = "/data/__cluster_metadata-0/00000000000000000000.log";

// Records are topics; their names tell them apart.
RecordList topics(std::initializer_list<std::string> names) {
    RecordList list;
    for (const std::string& name : names) {
        wire::TopicRecord record;
        record.name = name;
        record.topic_id = {1, 2};
        list.add(record);
    }
    return list;
}

std::string name_of(BytesView value) {
    wire::Reader reader(value);
    const auto header = wire::read_metadata_record_header(reader);
    if (header.type != wire::TopicRecord::kRecordType) return "type " + std::to_string(header.type);
    wire::TopicRecord record;
    record.decode(reader, header.version);
    EXPECT_TRUE(reader.ok());
    return std::string(record.name);
}

class Recorder final : public Listener {
public:
    void on_snapshot_begin(const SnapshotId& id) override {
        snapshot = id;
        state.clear();
    }
    void on_snapshot_batch(const CommittedBatch& batch) override { take(batch); }
    void on_snapshot_end(const SnapshotId& id, WallTime contained) override {
        next = id.end_offset;
        last_contained = contained;
    }
    void on_commit(const CommittedBatch& batch) override {
        EXPECT_EQ(batch.base_offset, next);
        next = batch.last_offset + 1;
        epoch = batch.epoch;
        take(batch);
    }
    bool on_replayed() override { return wants_it; }
    void on_leader_change(const LeaderAndEpoch& change) override { leader = change; }
    void on_failure(const IoError& error) override { failure = error; }

    std::vector<std::string> state;  // names, in order
    Offset next;
    LeaderEpoch epoch;
    std::optional<SnapshotId> snapshot;
    WallTime last_contained;
    std::optional<LeaderAndEpoch> leader;
    std::optional<IoError> failure;
    bool wants_it = true;

private:
    void take(const CommittedBatch& batch) {
        for (BytesView value : batch.values)
            state.push_back(name_of(value));
    }
};

class Voter1 {
public:
    explicit Voter1(MemoryDisk& disk, std::int64_t segment_bytes = 1 << 30)
        : files_(disk, 16), home_(disk, shard, files_, kData, Logger(), [](const IoError&) {}) {
        OneVoterOptions options;
        options.node = NodeId{1};
        auto config = std::make_shared<storage::LogConfig>();
        config->segment_bytes = segment_bytes;
        options.log = config;
        quorum.emplace(home_, options, Logger());
    }

    IoResult<void> start() { return shard.await(quorum->start(told)); }
    std::string start_error() {
        const auto started = start();
        return started ? "" : started.error().to_string();
    }
    void stop() {
        shard.await(quorum->stop());
        shard.await(home_.close());
    }
    // Proposes and waits for it.
    void add(std::initializer_list<std::string> names) {
        const auto proposed = quorum->propose(topics(names));
        ASSERT_TRUE(proposed) << proposed.error().message;
        shard.settle();
        ASSERT_GT(told.next, proposed->last_offset);
    }

    OneShard shard;
    Recorder told;

private:
    storage::FileCache files_;
    storage::DirectoryShard home_;

public:
    std::optional<OneVoterQuorum> quorum;
};

std::unique_ptr<MemoryDisk> formatted() {
    auto disk = std::make_unique<MemoryDisk>(kData);
    OneShard shard;
    FormatOptions options;
    options.cluster_id = "cluster";
    options.node = NodeId{1};
    options.directories = {kData};
    options.controller_endpoints = {{"CONTROLLER", "localhost", 9093}};
    EXPECT_TRUE(shard.await(format(*disk, shard.random(), options)));
    return disk;
}

using Names = std::vector<std::string>;

TEST(OneVoterQuorum, LeadsInANewEpochAtEachStartAndTellsEverythingAgain) {
    auto disk = formatted();
    for (std::int32_t epoch = 1; epoch <= 3; ++epoch) {
        Voter1 voter(*disk);
        ASSERT_EQ(voter.start_error(), "");
        EXPECT_EQ(voter.told.leader, (LeaderAndEpoch{NodeId{1}, LeaderEpoch{epoch}}));
        EXPECT_EQ(voter.told.snapshot, SnapshotId()) << "the bootstrap snapshot";
        EXPECT_TRUE(voter.quorum->is_leader());
        voter.add({"a" + std::to_string(epoch), "b" + std::to_string(epoch)});
        Names expected;
        expected.insert(expected.end(), {"type 12", "type 12"});  // feature levels
        for (std::int32_t e = 1; e <= epoch; ++e)
            expected.insert(expected.end(), {"a" + std::to_string(e), "b" + std::to_string(e)});
        // The second start finds a snapshot and a log; the recorder takes both.
        EXPECT_EQ(voter.told.state, expected);
        const QuorumStatus status = voter.quorum->status();
        EXPECT_EQ(status.kraft_version, 1);
        ASSERT_EQ(status.voters.size(), 1u);
        EXPECT_EQ(status.voters[0].endpoints,
                  (std::vector<VoterEndpoint>{{"CONTROLLER", "localhost", 9093}}));
        EXPECT_EQ(status.high_watermark, status.log_end);
        voter.stop();
    }
    const std::string state =
        std::string(as_text(disk->contents(std::string(kFolder) + "/quorum-state")));
    EXPECT_NE(state.find("\"leaderEpoch\":3"), std::string::npos);
}

TEST(OneVoterQuorum, TheFirstBatchSaysWhoLeadsAndWhoVotes) {
    auto disk = formatted();
    Voter1 voter(*disk);
    ASSERT_EQ(voter.start_error(), "");
    // LeaderChange, KRaftVersion, KRaftVoters: offsets 0 to 2, as Kafka 4.4 writes them.
    EXPECT_EQ(voter.quorum->next_offset(), Offset{3});
    const auto first = wire::parse_batch(disk->contents(kLog));
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->is_control());
    EXPECT_EQ(first->count(), 3);
    EXPECT_EQ(first->partition_leader_epoch(), LeaderEpoch{1});
    voter.stop();
    Voter1 again(*disk);
    ASSERT_EQ(again.start_error(), "");
    EXPECT_EQ(again.quorum->next_offset(), Offset{4}) << "from now on only who leads";
    again.stop();
}

TEST(OneVoterQuorum, NothingIsToldBeforeItIsOnTheDevice) {
    auto disk = formatted();
    Voter1 voter(*disk);
    ASSERT_EQ(voter.start_error(), "");
    const std::uint64_t syncs_before = disk->syncs;
    disk->hold_syncs = true;
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(voter.quorum->propose(topics({"t" + std::to_string(i)})));
    voter.shard.settle();
    EXPECT_EQ(voter.told.next, Offset{3}) << "only the epoch's own batch";
    EXPECT_EQ(voter.quorum->next_offset(), Offset{103});
    disk->release_syncs();
    voter.shard.settle();
    EXPECT_EQ(voter.told.next, Offset{103});
    EXPECT_LE(disk->syncs - syncs_before, 8u) << "a hundred proposals share their flushes";
    voter.stop();
}

TEST(OneVoterQuorum, AKillAtAnyPointLosesNothingThatWasTold) {
    auto disk = formatted();
    const std::size_t start = disk->journal().size();
    // How many names were told when so many changes had reached the disk.
    std::map<std::size_t, Names> told_at;
    {
        Voter1 voter(*disk, 400);
        ASSERT_EQ(voter.start_error(), "");
        for (int i = 0; i < 12; ++i) {
            voter.add({"t" + std::to_string(i), "u" + std::to_string(i)});
            told_at[disk->journal().size()] = voter.told.state;
        }
    }
    std::size_t tried = 0;
    for (std::size_t changes = start; changes <= disk->journal().size(); ++changes) {
        const auto& last = disk->journal()[changes == 0 ? 0 : changes - 1];
        const std::size_t size =
            last.kind == MemoryDisk::Change::Kind::write ? last.bytes.size() : 0;
        for (std::size_t torn = 0; torn <= size; torn += std::max<std::size_t>(1, size / 5)) {
            const auto left =
                disk->after_kill(changes, size == 0 ? std::nullopt : std::optional(torn));
            Voter1 voter(*left, 400);
            ASSERT_EQ(voter.start_error(), "") << changes << " changes, " << torn << " bytes";
            auto told = told_at.upper_bound(changes - (torn < size ? 1 : 0));
            if (told != told_at.begin()) {
                const Names& before = std::prev(told)->second;
                ASSERT_GE(voter.told.state.size(), before.size());
                EXPECT_TRUE(std::equal(before.begin(), before.end(), voter.told.state.begin()));
            }
            EXPECT_EQ(voter.told.state.size() % 2, 0u) << "a batch counts as a whole";
            voter.add({"after", "it"});
            EXPECT_EQ(voter.told.state.back(), "it");
            voter.stop();
            ++tried;
        }
    }
    EXPECT_GT(tried, 200u);
}

TEST(OneVoterQuorum, APowerLossAtAnyMomentLosesNothingThatWasTold) {
    auto disk = formatted();
    Voter1 voter(*disk, 400);
    ASSERT_EQ(voter.start_error(), "");
    for (int i = 0; i < 20; ++i) {
        disk->hold_syncs = i % 2 == 1;
        ASSERT_TRUE(voter.quorum->propose(topics({"t" + std::to_string(i)})));
        voter.shard.settle();
        const auto left = disk->after_power_loss();
        Voter1 again(*left, 400);
        ASSERT_EQ(again.start_error(), "") << i;
        EXPECT_EQ(again.told.state, voter.told.state) << i;
        again.stop();
        if (disk->hold_syncs) disk->release_syncs();
        voter.shard.settle();
    }
    voter.stop();
}

TEST(OneVoterQuorum, AnyDamageStopsTheStartAndIsNamed) {
    auto disk = formatted();
    {
        Voter1 voter(*disk);
        ASSERT_EQ(voter.start_error(), "");
        voter.add({"one", "two"});
        voter.add({"three"});
    }
    const std::size_t size = disk->contents(kLog).size();
    for (std::size_t at = 0; at < size; ++at) {
        const auto left = disk->after_kill(disk->journal().size());
        left->contents(kLog)[at] ^= 0x41;
        const Buffer before = left->contents(kLog);
        Voter1 voter(*left);
        const std::string error = voter.start_error();
        EXPECT_NE(error, "") << "byte " << at;
        EXPECT_NE(error.find("__cluster_metadata-0"), std::string::npos) << error;
        EXPECT_NE(error.find("offset "), std::string::npos) << error;
        EXPECT_EQ(left->contents(kLog), before) << "what is damaged is left for people to look at";
        voter.stop();
    }
    for (std::size_t cut = 0; cut < size; ++cut) {
        const auto left = disk->after_kill(disk->journal().size());
        left->contents(kLog).resize(cut);
        Voter1 voter(*left);
        EXPECT_NE(voter.start_error(), "") << "cut to " << cut;
        voter.stop();
    }
    {
        const auto left = disk->after_kill(disk->journal().size());
        ASSERT_TRUE(left->remove(kLog));
        Voter1 voter(*left);
        EXPECT_NE(voter.start_error().find("had been committed"), std::string::npos);
        voter.stop();
    }
    // Whoever puts an older copy back on purpose says so by removing the mark.
    const auto restored = disk->after_kill(disk->journal().size());
    restored->contents(kLog).resize(size - 3);
    ASSERT_TRUE(restored->remove(std::string(kFolder) + "/cauce-commit"));
    Voter1 voter(*restored);
    EXPECT_EQ(voter.start_error(), "");
    EXPECT_EQ(voter.told.state.back(), "two");
    voter.stop();
}

TEST(OneVoterQuorum, ACommitMarkThatIsTooLongIsWrittenAnew) {
    auto disk = formatted();
    const std::string mark = std::string(kFolder) + "/cauce-commit";
    disk->put(mark, std::string(100, 'x'));
    {
        Voter1 voter(*disk);
        ASSERT_EQ(voter.start_error(), "");
        voter.add({"one"});
        voter.stop();
    }
    EXPECT_EQ(disk->contents(mark).size(), 16u);
    // It counts again.
    disk->contents(kLog).resize(disk->contents(kLog).size() - 3);
    Voter1 voter(*disk);
    EXPECT_NE(voter.start_error().find("had been committed"), std::string::npos);
    voter.stop();
}

TEST(OneVoterQuorum, AFullDiskRefusesAProposalAndTakesTheNext) {
    auto disk = formatted();
    Voter1 voter(*disk);
    ASSERT_EQ(voter.start_error(), "");
    voter.add({"before"});
    disk->capacity_bytes = 0;
    RecordList large;
    for (int i = 0; i < 100'000; ++i)
        large.add(wire::NoOpRecord{});
    for (int i = 0; i < 100; ++i) {
        const auto proposed = voter.quorum->propose(large);
        if (proposed) continue;  // into what was reserved before
        EXPECT_EQ(proposed.error().code, ErrorCode::kafka_storage_error);
        break;
    }
    EXPECT_FALSE(voter.quorum->propose(large));
    EXPECT_FALSE(voter.told.failure);
    disk->capacity_bytes.reset();
    voter.add({"after"});
    EXPECT_EQ(voter.told.state.back(), "after");
    voter.stop();
}

TEST(OneVoterQuorum, AFailedFlushEndsIt) {
    auto disk = formatted();
    Voter1 voter(*disk);
    ASSERT_EQ(voter.start_error(), "");
    disk->sync_error = EIO;
    ASSERT_TRUE(voter.quorum->propose(topics({"lost"})));
    voter.shard.settle();
    ASSERT_TRUE(voter.told.failure);
    EXPECT_EQ(voter.told.failure->number, EIO);
    EXPECT_FALSE(voter.quorum->is_leader());
    EXPECT_EQ(voter.told.next, Offset{3}) << "it was not told as committed";
    const auto refused = voter.quorum->propose(topics({"more"}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::not_controller);
}

TEST(OneVoterQuorum, ABatchHasALimit) {
    auto disk = formatted();
    Voter1 voter(*disk);
    ASSERT_EQ(voter.start_error(), "");
    RecordList large;
    const std::string name(30'000, 'x');
    while (large.size_bytes() <= 8u << 20) {
        wire::TopicRecord record;
        record.name = name;
        large.add(record);
    }
    const auto proposed = voter.quorum->propose(large);
    ASSERT_FALSE(proposed);
    EXPECT_EQ(proposed.error().code, ErrorCode::message_too_large);
    voter.stop();
}

class Listed final : public SnapshotSource {
public:
    explicit Listed(Names names) : names_(std::move(names)) {}
    bool next(RecordList& into, std::size_t size_bytes_wanted) override {
        // A few at a time, so that there are several batches.
        for (int i = 0; i < 3 && at_ < names_.size() && into.size_bytes() < size_bytes_wanted; ++i)
            into.append(topics({names_[at_++]}));
        return at_ < names_.size();
    }

private:
    Names names_;
    std::size_t at_ = 0;
};

TEST(OneVoterQuorum, ASnapshotStandsForAllBeforeIt) {
    auto disk = formatted();
    {
        Voter1 voter(*disk);
        ASSERT_EQ(voter.start_error(), "");
        for (int round = 0; round < 4; ++round) {
            for (int i = 0; i < 50; ++i)
                voter.add({"r" + std::to_string(round) + "-" + std::to_string(i)});
            EXPECT_GT(voter.quorum->size_bytes_since_snapshot(), 50u * 70u);
            Listed source({"s1", "s2", "s3", "s4", "s5", "s6", "s7", std::to_string(round)});
            const SnapshotId id{voter.told.next, voter.told.epoch.value};
            const auto written =
                voter.shard.await(voter.quorum->write_snapshot(id, WallTime{77}, source));
            ASSERT_TRUE(written) << written.error().to_string();
            EXPECT_EQ(voter.quorum->size_bytes_since_snapshot(), 0u);
        }
        voter.add({"later"});
        voter.stop();
    }
    const auto snapshots = list_snapshots(*disk, kFolder);
    ASSERT_TRUE(snapshots);
    ASSERT_EQ(snapshots->whole.size(), 1u);
    Voter1 voter(*disk);
    ASSERT_EQ(voter.start_error(), "");
    EXPECT_EQ(voter.told.snapshot, snapshots->whole[0]);
    EXPECT_EQ(voter.told.last_contained, WallTime{77});
    EXPECT_EQ(voter.told.state, (Names{"s1", "s2", "s3", "s4", "s5", "s6", "s7", "3", "later"}));
    EXPECT_EQ(voter.quorum->status().voters.size(), 1u) << "who votes stands in the snapshot too";
    EXPECT_GE(voter.quorum->status().log_start, Offset{3 + 2 * 50}) << "old segments are gone";
    voter.stop();
}

TEST(OneVoterQuorum, AKillWhileASnapshotIsWrittenChangesNothing) {
    auto disk = formatted();
    std::size_t start = 0;
    Names names;
    {
        Voter1 voter(*disk);
        ASSERT_EQ(voter.start_error(), "");
        for (int i = 0; i < 10; ++i)
            voter.add({"n" + std::to_string(i)});
        names = {"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"};
        start = disk->journal().size();
        Listed source(names);
        const SnapshotId id{voter.told.next, voter.told.epoch.value};
        ASSERT_TRUE(voter.shard.await(voter.quorum->write_snapshot(id, WallTime{}, source)));
        voter.add({"later"});
    }
    names.emplace_back("later");
    for (std::size_t changes = start; changes <= disk->journal().size(); ++changes) {
        const auto left = disk->after_kill(changes);
        Voter1 voter(*left);
        ASSERT_EQ(voter.start_error(), "") << changes;
        Names state = voter.told.state;
        std::erase(state, "type 12");
        ASSERT_GE(state.size(), 10u);
        EXPECT_TRUE(std::equal(state.begin(), state.end(), names.begin())) << changes;
        voter.stop();
        EXPECT_TRUE(list_snapshots(*left, kFolder)->parts.empty());
    }
}

TEST(OneVoterQuorum, ADamagedSnapshotStopsTheStart) {
    auto disk = formatted();
    SnapshotId id;
    {
        Voter1 voter(*disk);
        ASSERT_EQ(voter.start_error(), "");
        Listed source({"s1", "s2", "s3", "s4"});
        id = {voter.told.next, voter.told.epoch.value};
        ASSERT_TRUE(voter.shard.await(voter.quorum->write_snapshot(id, WallTime{}, source)));
    }
    const std::string path = snapshot_path(kFolder, id);
    const std::size_t size = disk->contents(path).size();
    for (std::size_t at = 0; at < size; ++at) {
        const auto left = disk->after_kill(disk->journal().size());
        left->contents(path)[at] ^= 0x41;
        Voter1 voter(*left);
        const std::string error = voter.start_error();
        EXPECT_NE(error.find(path + " at byte"), std::string::npos) << at << ": " << error;
        voter.stop();
    }
    for (std::size_t cut = 0; cut < size; ++cut) {
        const auto left = disk->after_kill(disk->journal().size());
        left->contents(path).resize(cut);
        Voter1 voter(*left);
        EXPECT_NE(voter.start_error(), "") << "cut to " << cut;
        voter.stop();
    }
}

TEST(OneVoterQuorum, VotersItCannotBeAreRefused) {
    auto disk = std::make_unique<MemoryDisk>(kData);
    OneShard shard;
    FormatOptions options;
    options.cluster_id = "cluster";
    options.node = NodeId{1};
    options.directories = {kData};
    options.initial = InitialVoters::given;
    options.voters = {{NodeId{1}, {5, 5}, {}}, {NodeId{2}, {6, 6}, {}}};
    ASSERT_TRUE(shard.await(format(*disk, shard.random(), options)));
    const std::size_t changes = disk->journal().size();
    Voter1 voter(*disk);
    const std::string error = voter.start_error();
    for (const std::string& part :
         {std::string("its voters are 1 (directory ") + Uuid{5, 5}.to_string() + "), 2 (directory ",
          std::string("this version runs quorums of one voter"), std::string("remove-controller")})
        EXPECT_NE(error.find(part), std::string::npos) << error;
    voter.stop();
    EXPECT_EQ(disk->journal().size(), changes) << "nothing is written before it is ours";
}

// At kraft.version 0 the configuration says who votes; the last election and the last leader left
// traces.
TEST(OneVoterQuorum, VotersOfAStaticQuorumAreFoundInItsFiles) {
    const auto state = [](std::string voters) {
        return R"({"clusterId":"","leaderId":1,"leaderEpoch":7,"votedId":-1,"appliedOffset":0,)"
               R"("currentVoters":[)" +
               voters + R"(],"data_version":0})";
    };
    const auto start = [](const std::string& quorum_state, std::int32_t other_voter) {
        auto disk = std::make_unique<MemoryDisk>(kData);
        disk->put_folder(kFolder);
        if (!quorum_state.empty()) disk->put(std::string(kFolder) + "/quorum-state", quorum_state);
        if (other_voter != 0) {
            wire::BatchOptions options;
            options.partition_leader_epoch = LeaderEpoch{7};
            wire::LeaderChangeMessage change;
            change.leader_id = other_voter;
            change.voters.emplace_back().voter_id = 1;
            change.voters.emplace_back().voter_id = other_voter;
            const Buffer batch = wire::leader_change_batch(options, 1000, change);
            disk->put(kLog, as_text(batch));
        }
        const std::size_t changes = disk->journal().size();
        Voter1 voter(*disk);
        const std::string error = voter.start_error();
        if (error.empty()) {
            EXPECT_EQ(voter.told.leader->epoch, LeaderEpoch{8});
        } else {
            EXPECT_EQ(disk->journal().size(), changes);
        }
        voter.stop();
        return error;
    };
    EXPECT_EQ(start(state(R"({"voterId":1})"), 0), "");
    for (const std::string& error : {start(state(R"({"voterId":1},{"voterId":2})"), 0),
                                     start("", 2), start(state(R"({"voterId":1})"), 2)})
        EXPECT_NE(error.find("its voters are 1, 2, and this is node 1"), std::string::npos)
            << error;
    const std::string observer = start(state(R"({"voterId":2})"), 0);
    EXPECT_NE(observer.find("its voters are 2, and this is node 1"), std::string::npos) << observer;
}

// What Kafka wrote in between is longer than our mark says, of later epochs, and counts.
TEST(OneVoterQuorum, ALogThatGrewWithoutUsWins) {
    auto disk = formatted();
    {
        Voter1 voter(*disk);
        ASSERT_EQ(voter.start_error(), "");
        voter.add({"ours"});
        voter.stop();
    }
    const Buffer mark = disk->contents(std::string(kFolder) + "/cauce-commit");
    {
        Voter1 other(*disk);
        ASSERT_EQ(other.start_error(), "");
        other.add({"theirs"});
        other.stop();
    }
    // Whoever it was left our mark as it was.
    disk->contents(std::string(kFolder) + "/cauce-commit") = mark;
    Voter1 voter(*disk);
    ASSERT_EQ(voter.start_error(), "");
    std::erase(voter.told.state, "type 12");  // feature levels
    EXPECT_EQ(voter.told.state, (Names{"ours", "theirs"}));
    EXPECT_EQ(voter.told.leader->epoch, LeaderEpoch{3});
    EXPECT_NE(disk->contents(std::string(kFolder) + "/cauce-commit"), mark);
    voter.stop();
}

TEST(OneVoterQuorum, AListenerThatDoesNotWantTheLogLeavesItAsItIs) {
    auto disk = formatted();
    {
        Voter1 voter(*disk);
        ASSERT_EQ(voter.start_error(), "");
        voter.add({"one"});
        voter.stop();
    }
    const std::size_t changes = disk->journal().size();
    Voter1 voter(*disk);
    voter.told.wants_it = false;
    const auto started = voter.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().number, ECANCELED);
    std::erase(voter.told.state, "type 12");  // feature levels
    EXPECT_EQ(voter.told.state, (Names{"one"})) << "it was asked after it had seen everything";
    voter.stop();
    EXPECT_EQ(disk->journal().size(), changes);
}

TEST(SnapshotName, IsKafkas) {
    const SnapshotId id{Offset{42}, 3};
    EXPECT_EQ(id.to_string(), "00000000000000000042-0000000003");
    EXPECT_EQ(parse_snapshot_name("00000000000000000042-0000000003.checkpoint"), id);
    for (const char* other :
         {"00000000000000000042-0000000003.checkpoint.part", "00000000000000000042.log",
          "00000000000000000042_0000000003.checkpoint",
          "0000000000000000004x-0000000003.checkpoint",
          "00000000000000000042-9999999999.checkpoint"})
        EXPECT_FALSE(parse_snapshot_name(other)) << other;
}

}  // namespace
}  // namespace cauce::quorum
