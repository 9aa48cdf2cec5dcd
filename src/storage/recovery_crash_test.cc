// What a killed process and a power loss leave behind, case by case. The simulator finds such
// cases (src/sim/log_crash_test.cc); here each stands alone.
#include "storage/recovery.h"
#include "storage/test_log.h"

#include <algorithm>
#include <variant>

namespace cauce::storage {
namespace {

using testing::BatchOptions;
using testing::file_of;
using testing::kFolder;
using testing::make_batch;
using testing::MemoryDisk;
using testing::Stand;

constexpr std::int64_t kRecords = 2;  // of a batch
constexpr std::int64_t kTimestamp = 1'700'000'000'000;

BatchOptions batch(int i, LeaderEpoch epoch = LeaderEpoch{0}) {
    return {.records = kRecords,
            .timestamp = kTimestamp,
            .leader_epoch = epoch.value,
            .producer_id = 5,
            .producer_epoch = 0,
            .base_sequence = static_cast<std::int32_t>(i * kRecords)};
}

LogConfig small_segments() {
    LogConfig config;
    config.segment_bytes = 900;
    config.index_interval_bytes = 150;
    return config;
}

// A log of that many batches, all on the device, whose process is gone.
void write(MemoryDisk& disk, int batches, bool close = false) {
    Stand stand(disk);
    stand.config = small_segments();
    ASSERT_TRUE(stand.open());
    for (int i = 0; i < batches; ++i)
        stand.append(batch(i));
    stand.shard.settle();
    ASSERT_EQ(stand.log->flushed_offset(), Offset{batches * kRecords});
    if (close) ASSERT_TRUE(stand.shard.await(stand.log->close()));
}

// Base offsets of the segments, or offsets of the snapshots.
std::vector<std::int64_t> files(const MemoryDisk& disk, std::string_view suffix) {
    std::vector<std::int64_t> found;
    for (const auto& name : disk.all_files())
        if (const auto offset = offset_in_name(name.substr(kFolder.size() + 1), suffix))
            found.push_back(offset->value);
    return found;
}

// ---- A hole between two files ----

TEST(CrashRecovery, AMissingEndBeforeTheNextFileIsTheEndOfTheLog) {
    struct Case {
        std::size_t segment;  // that lost its end
        std::int64_t lost;    // batches; 0: all of them
        bool compact;
    };
    for (const Case& c : {Case{0, 1, false}, Case{0, 0, false}, Case{2, 1, false},
                          Case{2, 3, false}, Case{2, 0, false}, Case{2, 1, true}}) {
        SCOPED_TRACE(::testing::Message()
                     << "segment " << c.segment << " lost " << c.lost << " compact " << c.compact);
        MemoryDisk disk("/d");
        write(disk, 40);
        const auto bases = files(disk, kLogSuffix);
        ASSERT_GT(bases.size(), c.segment + 2);
        const std::int64_t base = bases[c.segment];
        const std::int64_t next = bases[c.segment + 1];
        const std::int64_t batches = (next - base) / kRecords;
        ASSERT_GT(batches, c.lost);
        const std::int64_t hole = c.lost == 0 ? base : next - c.lost * kRecords;

        const auto left = disk.after_power_loss();
        Buffer& bytes = left->contents(file_of(base, kLogSuffix));
        bytes.resize(bytes.size() / static_cast<std::size_t>(batches) *
                     static_cast<std::size_t>((hole - base) / kRecords));
        Stand stand(*left);
        stand.config = small_segments();
        stand.config.compact = c.compact;
        ASSERT_TRUE(stand.open(false, 0));
        const RecoveryReport& report = stand.log->recovery();
        if (c.compact) {
            // A cleaner takes such batches too.
            EXPECT_EQ(stand.log->end_offset(), Offset{80});
            EXPECT_EQ(report.cut_segments, 0u);
            EXPECT_EQ(report.reason, "");
            continue;
        }
        EXPECT_EQ(stand.log->end_offset(), Offset{hole});
        EXPECT_EQ(report.cut_segments, bases.size() - c.segment - 1);
        EXPECT_EQ(report.reason, "the end of a segment is missing");
        // The log goes on there.
        stand.append(batch(static_cast<int>(hole / kRecords)));
        stand.shard.settle();
        EXPECT_EQ(stand.log->flushed_offset(), Offset{hole + kRecords});
        EXPECT_EQ(stand.read_all(0, 500).size(), stand.log->size_bytes());
    }
}

// What a cleaner leaves of the batches of a segment: some go, others lose their last record.
struct Cleaning {
    std::vector<int> gone;
    std::vector<int> thinned;
};
Buffer clean(std::int64_t base, std::int64_t next, const Cleaning& cleaning) {
    Buffer bytes;
    for (int i = static_cast<int>(base / kRecords); i < next / kRecords; ++i) {
        if (std::ranges::find(cleaning.gone, i) != cleaning.gone.end()) continue;
        BatchOptions options = batch(i);
        options.base_offset = i * kRecords;
        if (std::ranges::find(cleaning.thinned, i) != cleaning.thinned.end()) {
            options.records -= 1;
            options.gap_behind = 1;
        }
        const Buffer one = make_batch(options);
        bytes.insert(bytes.end(), one.begin(), one.end());
    }
    return bytes;
}

// cleanup.policy was "compact" once and is "delete" today.
TEST(CrashRecovery, AMissingEndIsNoDamageWhereACleanerWas) {
    constexpr int kBatches = 60;
    constexpr std::int64_t kEnd = kBatches * kRecords;
    MemoryDisk disk("/d");
    write(disk, kBatches);
    const auto bases = files(disk, kLogSuffix);
    ASSERT_GT(bases.size(), 5u);
    const auto first = [&](std::size_t segment) {
        return static_cast<int>(bases[segment] / kRecords);
    };
    const int lost = first(3) - 1;  // the last batch of segment 2
    ASSERT_GT(lost, first(2) + 2);
    const std::int64_t hole = lost * kRecords;
    struct Case {
        const char* what;
        Cleaning cleaning;  // beside the batch that is missing
        int damaged;        // a batch with a wrong bit; -1: none
        std::int64_t end;
    };
    for (const Case& c :
         {Case{"nobody was", {}, -1, hole},
          Case{"a record is missing in front of the gap", {{}, {first(2)}}, -1, kEnd},
          Case{"a batch is missing in front of the gap", {{first(2) + 1}, {}}, -1, kEnd},
          Case{"a segment begins later than its name", {{first(1)}, {}}, -1, kEnd},
          Case{"a record is missing behind the gap", {{}, {first(3) + 1}}, -1, kEnd},
          Case{"what is damaged says nothing", {{}, {first(3) + 1}}, first(3) + 1, hole},
          Case{"a wrong bit is the end still", {{}, {first(2)}}, first(4), bases[4]}}) {
        SCOPED_TRACE(c.what);
        const auto left = disk.after_power_loss();
        Cleaning cleaning = c.cleaning;
        cleaning.gone.push_back(lost);
        Buffer kept;
        for (std::size_t i = 0; i < bases.size(); ++i) {
            const std::int64_t next = i + 1 < bases.size() ? bases[i + 1] : kEnd;
            Buffer bytes = clean(bases[i], next, cleaning);
            if (c.damaged >= 0 && bases[i] <= c.damaged * kRecords && c.damaged * kRecords < next) {
                const Buffer before = clean(bases[i], c.damaged * kRecords, cleaning);
                bytes[before.size() + 70] ^= 1;
            }
            left->contents(file_of(bases[i], kLogSuffix)) = bytes;
            if (bases[i] < c.end) kept.insert(kept.end(), bytes.begin(), bytes.end());
        }
        Stand stand(*left);
        stand.config = small_segments();
        ASSERT_TRUE(stand.open(false, 0));
        EXPECT_EQ(stand.log->end_offset(), Offset{c.end});
        EXPECT_EQ(stand.read_all(0, 500), kept);
        const RecoveryReport& report = stand.log->recovery();
        EXPECT_EQ(report.cut_segments > 0, c.end < kEnd);
        EXPECT_EQ(report.reason == "the end of a segment is missing", c.end == hole);
    }
}

// ---- What was cut off stays away ----

TEST(CrashRecovery, WhatWasCutOffDoesNotComeBackByAPowerLoss) {
    struct Case {
        const char* what;
        bool middle;     // a segment in the middle is damaged, or else the last one
        bool snapshots;  // there are some behind the damage
    };
    for (const Case& c :
         {Case{"segments and snapshots", true, true}, Case{"segments alone", true, false},
          Case{"snapshots alone", false, true}}) {
        SCOPED_TRACE(c.what);
        MemoryDisk disk("/d");
        write(disk, 40, true);
        Stand stand(disk);
        const auto bases = files(disk, kLogSuffix);
        ASSERT_GT(bases.size(), 3u);
        ASSERT_EQ(files(disk, kSnapshotSuffix).back(), 80);
        const std::int64_t damaged = c.middle ? bases[1] : bases.back();
        Buffer bytes = disk.contents(file_of(damaged, kLogSuffix));
        bytes[70] ^= 1;
        disk.put(file_of(damaged, kLogSuffix), as_text(bytes));
        if (!c.snapshots) {
            for (const std::int64_t offset : files(disk, kSnapshotSuffix))
                ASSERT_TRUE(disk.remove(file_of(offset, kSnapshotSuffix)));
            ASSERT_TRUE(stand.shard.await(disk.sync_folder(kFolder)));
        }

        stand.config = small_segments();
        LogOpenOptions options;
        options.config = std::make_shared<const LogConfig>(stand.config);
        // Recovery alone: the power goes before the flush round that a log begins behind it.
        const auto opened = stand.shard.await(
            open_log(stand.home, std::make_shared<const std::string>(kFolder), options));
        ASSERT_TRUE(opened);
        ASSERT_EQ(opened->end_offset, Offset{damaged});

        const auto left = disk.after_power_loss();
        for (const std::string_view suffix : {kLogSuffix, kSnapshotSuffix})
            for (const std::int64_t offset : files(*left, suffix))
                EXPECT_LE(offset, damaged) << suffix;
    }
}

// ---- Names that a killed process did not bring to the device ----

TEST(CrashRecovery, APartitionMadeByAKilledProcessSurvivesALaterPowerLoss) {
    for (const int more : {0, 1, 30}) {
        SCOPED_TRACE(more);
        MemoryDisk first("/d");
        write(first, 12);
        // All of it in the page cache, nothing on the device, no name either.
        const auto killed = first.after_kill(first.journal().size());
        ASSERT_FALSE(killed->after_power_loss()->exists(kFolder));
        Stand stand(*killed);
        stand.config = small_segments();
        ASSERT_TRUE(stand.open(false, 0));
        for (int i = 0; i < more; ++i)
            stand.append(batch(12 + i));
        stand.shard.settle();
        const std::int64_t end = (12 + more) * kRecords;
        ASSERT_EQ(stand.log->flushed_offset(), Offset{end});
        const Buffer all = stand.read_all(0, 500);

        const auto left = killed->after_power_loss();
        Stand again(*left);
        again.config = small_segments();
        ASSERT_TRUE(again.open(false, end));
        ASSERT_EQ(again.log->end_offset(), Offset{end});
        EXPECT_EQ(again.read_all(0, 500), all);
    }
}

// ---- Producers ----

// The batch is answered as one that is there.
void expect_known(const Log& log, int i) {
    const Buffer bytes = make_batch(batch(i));
    const auto verdict = log.producers().check(BatchHead::read(bytes)->producer_batch());
    const auto* known = std::get_if<ProducerState::Duplicate>(&verdict);
    ASSERT_NE(known, nullptr) << i;
    EXPECT_EQ(known->first, Offset{i * kRecords});
    EXPECT_EQ(known->last, Offset{i * kRecords + kRecords - 1});
}

TEST(CrashRecovery, TheLastFiveBatchesOfAProducerAreKnownAgain) {
    for (const int batches : {1, 4, 5, 6, 9, 10, 11, 12, 25}) {
        MemoryDisk disk("/d");
        write(disk, batches);
        const std::int64_t end = batches * kRecords;
        for (const std::int64_t recovery_point : {std::int64_t{0}, end / 4 * 2, end - 2, end}) {
            SCOPED_TRACE(::testing::Message() << batches << " from " << recovery_point);
            const auto left = disk.after_power_loss();
            Stand stand(*left);
            stand.config = small_segments();
            ASSERT_TRUE(stand.open(false, recovery_point));
            const auto* producer = stand.log->producers().find({5});
            ASSERT_NE(producer, nullptr);
            EXPECT_EQ(int{producer->kept}, std::min(batches, 5));
            for (int i = std::max(0, batches - 5); i < batches; ++i)
                expect_known(*stand.log, i);
        }
    }
}

TEST(CrashRecovery, ProducersOfRecordsThatAreGoneStayKnown) {
    MemoryDisk disk("/d");
    {
        Stand stand(disk);
        ASSERT_TRUE(stand.open());
        const auto append = [&](std::int64_t producer, std::int32_t sequence) {
            stand.append({.timestamp = kTimestamp,
                          .producer_id = producer,
                          .producer_epoch = 0,
                          .base_sequence = sequence});
        };
        append(5, 0);
        append(5, 1);
        ASSERT_TRUE(stand.log->roll());  // a snapshot at 2
        append(6, 0);
        append(5, 2);
        ASSERT_TRUE(stand.log->roll());  // a snapshot at 4
        append(5, 3);
        stand.shard.settle();
    }
    ASSERT_EQ(files(disk, kSnapshotSuffix), (std::vector<std::int64_t>{2, 4}));
    // DeleteRecords took everything below 3; from the snapshot at 2 on, producer 6 would be lost.
    Stand stand(disk);
    ASSERT_TRUE(stand.open(false, 5, 3));
    ASSERT_EQ(stand.log->start_offset(), Offset{3});
    EXPECT_EQ(stand.log->producers().find({5})->last_sequence(), 3);
    ASSERT_NE(stand.log->producers().find({6}), nullptr);
    EXPECT_EQ(stand.log->producers().find({6})->last_sequence(), 0);
}

// ---- Leader epochs ----

TEST(CrashRecovery, AnEpochOfTheFileThatBeganLaterDoesNotHideTheRecords) {
    struct Case {
        const char* what;
        const char* file;
    };
    // The log holds 0 to 9 of epoch 0, 10 to 19 of epoch 1 and 20 to 29 of epoch 3.
    const std::string right = "0\n3\n0 0\n1 10\n3 20\n";
    for (const Case& c : {Case{"as it is", right.c_str()}, Case{"not written since", "0\n1\n0 0\n"},
                          Case{"1 began at 16 before a cut", "0\n2\n0 0\n1 16\n"},
                          Case{"3 began at 24 before a cut", "0\n3\n0 0\n1 10\n3 24\n"},
                          Case{"2 and 3 were there before a cut", "0\n4\n0 0\n1 8\n2 14\n3 26\n"},
                          Case{"4 was there before a cut", "0\n2\n0 0\n4 12\n"}}) {
        SCOPED_TRACE(c.what);
        MemoryDisk disk("/d");
        {
            Stand stand(disk);
            ASSERT_TRUE(stand.open());
            for (int i = 0; i < 15; ++i)
                stand.append(batch(i, LeaderEpoch{i < 5 ? 0 : i < 10 ? 1 : 3}));
            stand.shard.settle();
        }
        disk.put(kFolder + "/leader-epoch-checkpoint", c.file);
        Stand stand(disk);
        ASSERT_TRUE(stand.open(false, 0));
        ASSERT_EQ(stand.log->end_offset(), Offset{30});
        const auto entries = stand.log->leader_epochs().entries();
        EXPECT_EQ(std::vector<EpochEntry>(entries.begin(), entries.end()),
                  (std::vector<EpochEntry>{{LeaderEpoch{0}, Offset{0}},
                                           {LeaderEpoch{1}, Offset{10}},
                                           {LeaderEpoch{3}, Offset{20}}}));
        // And the file says so from then on.
        EXPECT_EQ(as_text(disk.contents(kFolder + "/leader-epoch-checkpoint")), right);
    }
}

}  // namespace
}  // namespace cauce::storage
