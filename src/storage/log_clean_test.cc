// Compaction of a log: what is left, who may go on meanwhile, and what a crash at any moment
// leaves.
#include "storage/key_map.h"
#include "storage/segment_files.h"
#include "storage/test_compaction.h"
#include "storage/test_log.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cauce::storage {
namespace {

using testing::batches_of;
using testing::file_of;
using testing::make_marker;
using testing::MemoryDisk;
using testing::Stand;
using testing::text_of;

using Newest = std::map<std::string, std::string>;

// The newest value of each key, as a reader of the whole log learns it.
Newest newest_of(BytesView bytes) {
    Newest newest;
    while (!bytes.empty()) {
        const auto batch = wire::parse_batch(bytes).value();
        bytes = bytes.subspan(batch.size_bytes());
        if (batch.is_control()) continue;
        Buffer storage;
        wire::RecordIterator records(batch, wire::records_of(batch, 1 << 20, storage).value());
        for (wire::Record record; records.next(record);) {
            const std::string key(as_text(*record.key));
            if (record.value)
                newest[key] = as_text(*record.value);
            else
                newest.erase(key);
        }
    }
    return newest;
}

struct LogCleanTest : testing::LogTest {
    LogCleanTest() { configure(*stand); }

    static void configure(Stand& on) {
        on.config.compact = true;
        on.config.delete_old = false;
        on.config.segment_bytes = 400;
        on.config.index_interval_bytes = 100;
        on.config.delete_retention_ms = 1'000;
    }

    void append(std::string_view text) {
        for (const Buffer& batch : batches_of(text, log().end_offset().value))
            CHECK(log().append(batch).has_value());
        stand->shard.settle();
    }

    // So many batches of a key each, which comes again every `keys` batches.
    void append_many(int batches, int keys) {
        for (int i = 0; i < batches; ++i)
            append("key-" + std::to_string(i % keys) + "=" + std::to_string(i));
    }

    CleaningOrder order() { return {.stable = log().end_offset()}; }
    IoResult<CleaningReport> clean() { return stand->shard.await(log().clean(order())); }
    Buffer content() { return stand->read_all(log().start_offset().value, 300); }
    std::vector<std::string> leftovers() const {
        std::vector<std::string> found;
        for (const std::string& name : disk.all_files())
            if (name.ends_with(kCleanedSuffix) || name.ends_with(kSwapSuffix))
                found.push_back(name);
        return found;
    }
};

// ---- What is left ----

TEST_F(LogCleanTest, OfEachKeyTheNewestRecordStays) {
    ASSERT_TRUE(stand->open());
    append_many(60, 7);
    const Newest newest = newest_of(content());
    const std::uint64_t before = log().size_bytes();
    const std::size_t segments = log().segment_count();
    ASSERT_GT(segments, 6u);
    const auto report = clean();
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(report->from, Offset{0});
    EXPECT_EQ(log().cleaned_upto(), report->upto);
    EXPECT_FALSE(report->map_full);
    EXPECT_EQ(report->segments_before, segments - 1);
    EXPECT_EQ(report->segments_after, report->segments_before);  // each was full
    EXPECT_LT(log().size_bytes(), before / 2);
    EXPECT_EQ(log().end_offset(), Offset{60});
    EXPECT_EQ(newest_of(content()), newest);
    EXPECT_TRUE(leftovers().empty());
    // What has shrunk becomes one the next time.
    ASSERT_TRUE(clean());
    EXPECT_LT(log().segment_count(), segments / 2);
    EXPECT_EQ(newest_of(content()), newest);
    // Every offset is still one to read from.
    for (std::int64_t from = 0; from < 60; ++from) {
        const auto read = stand->shard.await(log().read({Offset{from}, Offset{60}, 1 << 20, true}));
        ASSERT_TRUE(read) << from;
        ASSERT_GT(read->size, 0u) << from;
    }
    // And what is there is found again, after a stop of either kind.
    const Buffer left = content();
    for (const bool clean_stop : {false, true}) {
        if (clean_stop) ASSERT_TRUE(stand->shard.await(log().close()));
        restart();
        configure(*stand);
        ASSERT_TRUE(stand->open(clean_stop, 0));
        EXPECT_EQ(log().end_offset(), Offset{60}) << clean_stop;
        EXPECT_EQ(content(), left) << clean_stop;
        EXPECT_EQ(log().recovery().cut_segments, 0u);
    }
}

TEST_F(LogCleanTest, RoundAfterRoundSeesWhatIsNew) {
    ASSERT_TRUE(stand->open());
    Newest newest;
    Offset seen{0};
    for (int round = 0; round < 8; ++round) {
        append_many(20, 5 + round);
        newest = newest_of(content());
        const auto dirt = stand->shard.await(log().dirt(log().end_offset()));
        ASSERT_TRUE(dirt);
        EXPECT_EQ(dirt->from, seen);
        EXPECT_GT(dirt->dirty_bytes, 0u);
        const auto report = clean();
        ASSERT_TRUE(report) << report.error().to_string();
        EXPECT_EQ(report->from, seen);
        EXPECT_EQ(report->upto, dirt->upto);
        seen = report->upto;
        EXPECT_EQ(newest_of(content()), newest);
        const auto left = stand->shard.await(log().dirt(log().end_offset()));
        ASSERT_TRUE(left);
        EXPECT_EQ(left->dirty_bytes, 0u);
    }
    // Of more than thirty that were written.
    EXPECT_LT(log().segment_count(), 14u);
    // Nothing new: nothing changes.
    EXPECT_TRUE(clean());
    EXPECT_EQ(newest_of(content()), newest);
    EXPECT_EQ(log().cleaned_upto(), seen);
}

TEST_F(LogCleanTest, AMapThatIsTooSmallTakesMoreRounds) {
    ASSERT_TRUE(stand->open());
    append_many(80, 40);
    const Newest newest = newest_of(content());
    CleaningOrder small = order();
    small.map_bytes = 12 * KeyMap::kSlotBytes;
    int rounds = 0;
    for (bool full = true; full; ++rounds) {
        ASSERT_LT(rounds, 40);
        const auto report = stand->shard.await(log().clean(small));
        ASSERT_TRUE(report) << report.error().to_string();
        ASSERT_GT(report->upto, report->from);
        EXPECT_EQ(newest_of(content()), newest) << rounds;
        full = report->map_full;
    }
    EXPECT_GT(rounds, 3);
    std::size_t records = 0;
    BytesView bytes;
    const Buffer all = content();
    for (bytes = all; !bytes.empty();) {
        const auto batch = wire::parse_batch(bytes).value();
        records += static_cast<std::size_t>(batch.count());
        bytes = bytes.subspan(batch.size_bytes());
    }
    EXPECT_LT(records, 60u);
}

TEST_F(LogCleanTest, NothingAboveWhatIsStableIsLookedAt) {
    ASSERT_TRUE(stand->open());
    append_many(40, 3);
    const Buffer before = content();
    for (const std::int64_t stable : {0, 1, 3}) {
        CleaningOrder below = order();
        below.stable = Offset{stable};
        ASSERT_TRUE(stand->shard.await(log().clean(below)));
        EXPECT_EQ(content(), before) << stable;
        EXPECT_EQ(log().cleaned_upto(), Offset{0});
    }
    CleaningOrder half = order();
    half.stable = Offset{20};
    const auto report = stand->shard.await(log().clean(half));
    ASSERT_TRUE(report);
    EXPECT_GT(report->upto, Offset{10});
    EXPECT_LE(report->upto, Offset{20});
    EXPECT_EQ(newest_of(content()), newest_of(before));
    // From there on it is as it was.
    const Buffer tail = stand->read_all(report->upto.value, 300);
    EXPECT_TRUE(std::equal(tail.rbegin(), tail.rend(), before.rbegin()));
}

TEST_F(LogCleanTest, ATombstoneGoesWhenItsTimeHasCome) {
    ASSERT_TRUE(stand->open());
    append("a=1 | a");
    append_many(10, 1);
    const WallTime now = stand->shard.clock().wall();
    ASSERT_TRUE(clean());
    const std::string waiting = text_of(content());
    EXPECT_NE(waiting.find("1:a} h" + std::to_string(now.ms + 1'000)), std::string::npos)
        << waiting;
    ASSERT_TRUE(log().last_round());
    EXPECT_EQ(log().last_round()->at, now);
    EXPECT_EQ(log().last_round()->next_deletion, now + milliseconds(1'000));
    const auto wants = [this] {
        const auto dirt = stand->shard.await(log().dirt(log().end_offset()));
        return wants_cleaning(*dirt, log().config(), *log().last_round(),
                              stand->shard.clock().wall());
    };
    EXPECT_FALSE(wants());
    stand->shard.advance(milliseconds(999));
    EXPECT_FALSE(wants());
    stand->shard.advance(milliseconds(1));
    EXPECT_TRUE(wants());
    ASSERT_TRUE(clean());
    EXPECT_EQ(text_of(content()).find("1:a"), std::string::npos);
    EXPECT_EQ(log().last_round()->next_deletion, std::nullopt);
    EXPECT_FALSE(wants());
}

TEST_F(LogCleanTest, AbortedRecordsGoAndReadersOfTheOldFileAreStillTold) {
    ASSERT_TRUE(stand->open());
    const auto send = [this](std::string_view text) {
        wire::BatchOptions options;
        options.base_offset = log().end_offset();
        options.producer_id = ProducerId{5};
        options.producer_epoch = 0;
        options.base_sequence = static_cast<std::int32_t>(log().end_offset().value);
        options.transactional = true;
        CHECK(log().append(testing::batch_of(text, options)).has_value());
    };
    const auto end = [this](bool commit) {
        const Buffer marker = make_marker(
            {.base_offset = log().end_offset().value, .producer_id = 5, .producer_epoch = 0},
            commit, 1);
        CHECK(log().append(marker).has_value());
        stand->shard.settle();
    };
    append("a=1");
    send("a=2, b=1");
    end(false);
    send("c=1");
    end(true);
    append_many(12, 1);
    ASSERT_TRUE(clean());
    const std::string text = text_of(content());
    EXPECT_TRUE(text.starts_with("0-0{0:a=1} 3-3{3:abort} 4-4{4:c=1} 5-5{5:commit} ")) << text;
    const auto aborted =
        stand->shard.await(log().aborted_transactions(Offset{0}, log().end_offset()));
    ASSERT_TRUE(aborted);
    ASSERT_EQ(aborted->size(), 1u);
    EXPECT_EQ(aborted->front().first, Offset{1});
    EXPECT_EQ(aborted->front().last, Offset{3});
    // The file says so too.
    restart();
    configure(*stand);
    ASSERT_TRUE(stand->open(false, 18));
    const auto found =
        stand->shard.await(log().aborted_transactions(Offset{0}, log().end_offset()));
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, *aborted);
}

TEST_F(LogCleanTest, TheNewestSequenceOfAProducerIsKnownAfterTheRound) {
    ASSERT_TRUE(stand->open());
    wire::BatchOptions options;
    options.producer_id = ProducerId{7};
    options.producer_epoch = 3;
    for (int i = 0; i < 4; ++i) {
        options.base_offset = log().end_offset();
        options.base_sequence = i;
        ASSERT_TRUE(log().append(
            testing::batch_of("a=" + std::to_string(i), options, stand->shard.clock().wall().ms)));
    }
    append("a=9");
    append_many(12, 1);
    ASSERT_TRUE(clean());
    EXPECT_NE(text_of(content()).find("3-3{}"), std::string::npos) << text_of(content());
    for (const std::string& name : disk.all_files())
        if (name.ends_with(kSnapshotSuffix)) ASSERT_TRUE(disk.remove(name));
    restart();
    configure(*stand);
    ASSERT_TRUE(stand->open(false, 0));
    const auto* producer = log().producers().find(ProducerId{7});
    ASSERT_NE(producer, nullptr);
    EXPECT_EQ(producer->epoch, 3);
    EXPECT_EQ(producer->last_sequence(), 3);
}

// ---- Who may go on meanwhile ----

TEST_F(LogCleanTest, AnOpenReadKeepsItsBytes) {
    ASSERT_TRUE(stand->open());
    append_many(40, 3);
    const auto read = stand->shard.await(log().read({Offset{0}, Offset{40}, 1 << 20, true}));
    ASSERT_TRUE(read);
    Buffer before;
    ASSERT_TRUE(stand->shard.await(log().copy_out(*read, before)));
    ASSERT_TRUE(clean());
    // Also when the files are gone.
    stand->shard.advance(milliseconds(stand->config.file_delete_delay_ms));
    for (const std::string& name : disk.all_files())
        EXPECT_FALSE(name.ends_with(kDeletedSuffix)) << name;
    Buffer after;
    ASSERT_TRUE(stand->shard.await(log().copy_out(*read, after)));
    EXPECT_EQ(after, before);
}

TEST_F(LogCleanTest, PlacesOfReadersDoNotOutliveTheirSegments) {
    ASSERT_TRUE(stand->open());
    append_many(40, 3);
    // A reader that stops after every batch.
    for (std::int64_t at = 0; at < 40;) {
        const auto read = stand->shard.await(log().read({Offset{at}, Offset{40}, 1, true}));
        ASSERT_TRUE(read);
        at = read->next.value;
    }
    ASSERT_TRUE(clean());
    const Newest newest = newest_of(content());
    EXPECT_EQ(newest.size(), 3u);
    for (std::int64_t at = 0; at < 40; ++at) {
        Buffer bytes = stand->read_bytes(at);
        Stand::check_batches(bytes, Offset{at}, Offset{40});
    }
}

// A round that waits for the device, at its first successor.
struct HeldRound {
    Stand& stand;
    std::optional<IoResult<CleaningReport>> result{};

    static runtime::Task<void> run(HeldRound& self, CleaningOrder order) {
        self.result.emplace(co_await self.stand.log->clean(order));
    }
    void begin(CleaningOrder order) {
        stand.disk.hold_syncs = true;
        stand.shard.start(run(*this, order));
        CHECK(!result.has_value());
    }
    void go_on() {
        stand.disk.release_syncs();
        stand.shard.settle();
    }
};

TEST_F(LogCleanTest, RecordsAreAppendedAndReadWhileARoundRuns) {
    stand->config.durability = Durability::page_cache;
    ASSERT_TRUE(stand->open());
    append_many(40, 3);
    log().request_flush();
    stand->shard.settle();
    HeldRound round{*stand};
    round.begin(order());
    append_many(10, 4);
    EXPECT_EQ(log().end_offset(), Offset{50});
    const Newest newest = newest_of(content());
    round.go_on();
    ASSERT_TRUE(round.result && round.result->has_value());
    EXPECT_EQ(newest_of(content()), newest);
    EXPECT_EQ(log().end_offset(), Offset{50});
}

TEST_F(LogCleanTest, WhatCutsOrEndsTheLogEndsTheRound) {
    struct Case {
        const char* what;
        std::function<runtime::Task<IoResult<void>>(Log&)> end;
        std::int64_t end_offset;
    };
    for (const Case& c :
         {Case{"a cut", [](Log& log) { return log.truncate_to(Offset{30}); }, 30},
          Case{"a new beginning",
               [](Log& log) { return log.truncate_fully_and_start_at(Offset{7}); }, 7},
          Case{"a stop", [](Log& log) { return log.close(); }, 40}}) {
        SCOPED_TRACE(c.what);
        MemoryDisk fresh("/d");
        Stand own(fresh);
        configure(own);
        ASSERT_TRUE(own.open());
        for (int i = 0; i < 40; ++i) {
            const std::string text = "k" + std::to_string(i % 3) + "=" + std::to_string(i);
            ASSERT_TRUE(own.log->append(batches_of(text, i)[0]));
        }
        own.shard.settle();
        HeldRound round{own};
        round.begin({.stable = Offset{40}});
        std::optional<IoResult<void>> ended;
        struct Ending {
            static runtime::Task<void> run(runtime::Task<IoResult<void>> task,
                                           std::optional<IoResult<void>>& into) {
                into.emplace(co_await task);
            }
        };
        own.shard.start(Ending::run(c.end(*own.log), ended));
        EXPECT_FALSE(ended.has_value());
        round.go_on();
        ASSERT_TRUE(ended && ended->has_value());
        ASSERT_TRUE(round.result.has_value());
        ASSERT_FALSE(round.result->has_value());
        EXPECT_EQ(round.result->error().number, ECANCELED);
        EXPECT_EQ(own.log->end_offset(), Offset{c.end_offset});
        EXPECT_FALSE(own.home.offline());
        for (const std::string& name : fresh.all_files())
            EXPECT_FALSE(name.ends_with(kCleanedSuffix) || name.ends_with(kSwapSuffix)) << name;
    }
}

TEST_F(LogCleanTest, SegmentsThatRetentionTakesMeanwhileAreNotBroughtBack) {
    ASSERT_TRUE(stand->open());
    append_many(40, 3);
    HeldRound round{*stand};
    round.begin(order());
    ASSERT_TRUE(*log().advance_start_offset(Offset{20}));
    const auto dropped = stand->shard.await(log().delete_old_segments(Offset{40}));
    ASSERT_TRUE(dropped);
    ASSERT_GT(*dropped, 1u);
    round.go_on();
    ASSERT_TRUE(round.result.has_value());
    ASSERT_FALSE(round.result->has_value());
    EXPECT_EQ(round.result->error().number, ECANCELED);
    EXPECT_TRUE(leftovers().empty());
    EXPECT_FALSE(stand->home.offline());
    const Newest newest = newest_of(content());
    ASSERT_TRUE(clean());
    EXPECT_EQ(newest_of(content()), newest);
    EXPECT_GE(log().start_offset(), Offset{20});
}

// ---- What goes wrong ----

TEST_F(LogCleanTest, AFullDiskEndsTheRoundAndNothingElse) {
    ASSERT_TRUE(stand->open());
    append_many(60, 40);
    const Newest newest = newest_of(content());
    std::uint64_t used = 0;
    for (const std::string& name : disk.all_files())
        used += std::max<std::uint64_t>(disk.contents(name).size(), disk.reserved_end(name));
    disk.capacity_bytes = used + 100;
    const auto report = clean();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().number, ENOSPC);
    EXPECT_FALSE(stand->home.offline());
    EXPECT_TRUE(leftovers().empty());
    EXPECT_EQ(newest_of(content()), newest);
    EXPECT_EQ(log().cleaned_upto(), std::nullopt);
    disk.capacity_bytes.reset();
    ASSERT_TRUE(clean());
    EXPECT_EQ(newest_of(content()), newest);
}

TEST_F(LogCleanTest, WhatIsKeptForTheBrokerIsNotForCompaction) {
    ASSERT_TRUE(stand->open());
    append_many(40, 3);
    const Buffer before = content();
    SpaceFound found;
    found.stage = SpaceStage::full;
    found.space = {1'000'000, 5'000};
    found.refuse_below = 4'700;
    stand->home.tell_space(found);
    const std::uint64_t writes = disk.writes;
    const auto report = clean();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().number, ENOSPC);
    EXPECT_EQ(disk.writes, writes);
    EXPECT_EQ(content(), before);
    // One segment has room.
    found.space.free_bytes = 5'700;
    stand->home.tell_space(found);
    ASSERT_TRUE(clean());
    EXPECT_EQ(newest_of(content()), newest_of(before));
}

TEST_F(LogCleanTest, AFailedFlushTakesTheDirectoryOffline) {
    ASSERT_TRUE(stand->open());
    append_many(40, 3);
    const Buffer before = content();
    disk.sync_error = EIO;
    ASSERT_FALSE(clean());
    EXPECT_TRUE(stand->home.offline());
    // Of what was on the device nothing was lost.
    disk.sync_error = 0;
    const auto left = disk.after_power_loss();
    Stand again(*left);
    configure(again);
    ASSERT_TRUE(again.open(false, 40));
    EXPECT_EQ(again.read_all(0, 300), before);
}

TEST_F(LogCleanTest, ADamagedBatchEndsTheRoundBeforeAnythingIsExchanged) {
    ASSERT_TRUE(stand->open());
    append_many(40, 3);
    const Buffer before = content();
    disk.contents(file_of(0, ".log"))[70] ^= 1;
    const auto report = clean();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().number, EBADMSG);
    EXPECT_NE(report.error().to_string().find("checksum"), std::string::npos);
    EXPECT_TRUE(leftovers().empty());
    EXPECT_FALSE(stand->home.offline());
    disk.contents(file_of(0, ".log"))[70] ^= 1;
    EXPECT_EQ(content(), before);
    // Where it says that it stands, which no checksum covers.
    disk.contents(file_of(0, ".log"))[5] ^= 1;
    const auto misplaced = clean();
    ASSERT_FALSE(misplaced);
    EXPECT_EQ(misplaced.error().number, EBADMSG);
    EXPECT_TRUE(leftovers().empty());
}

// ---- Crashes ----

// The log that is left holds the newest value of each key, reads from end to end, and can be
// compacted again.
void expect_sound(MemoryDisk& left, std::int64_t recovery_point, const Newest& newest,
                  std::int64_t end, const std::string& what) {
    Stand stand(left);
    LogCleanTest::configure(stand);
    const auto opened = stand.open(false, recovery_point);
    ASSERT_TRUE(opened) << what << ": " << opened.error().to_string();
    ASSERT_EQ(stand.log->end_offset(), Offset{end}) << what;
    ASSERT_EQ(newest_of(stand.read_all(0, 300)), newest) << what;
    for (const std::string& name : left.all_files())
        ASSERT_FALSE(name.ends_with(kCleanedSuffix) || name.ends_with(kSwapSuffix))
            << what << ": " << name;
    const CleaningOrder order{.stable = Offset{end}};
    const auto report = stand.shard.await(stand.log->clean(order));
    ASSERT_TRUE(report) << what << ": " << report.error().to_string();
    ASSERT_EQ(newest_of(stand.read_all(0, 300)), newest) << what;
}

TEST_F(LogCleanTest, AKillAtEveryChangeLosesNothing) {
    ASSERT_TRUE(stand->open());
    append("gone=1 | gone");
    append_many(30, 8);
    const Newest newest = newest_of(content());
    const std::int64_t end = log().end_offset().value;
    // The second round finds what the first one left, and removes the tombstone.
    for (int round = 0; round < 2; ++round) {
        const std::size_t begin = disk.journal().size();
        ASSERT_TRUE(clean());
        const std::size_t all = disk.journal().size();
        ASSERT_GT(all, begin + 10);
        for (std::size_t changes = begin; changes <= all; ++changes) {
            for (const bool torn : {false, true}) {
                // What was there before is not what is tried here.
                if (torn && changes == begin) continue;
                const auto left =
                    disk.after_kill(changes, torn ? std::optional<std::size_t>(30) : std::nullopt);
                const std::string what = "round " + std::to_string(round) + " killed after " +
                                         std::to_string(changes - begin) + " changes" +
                                         (torn ? ", the last one torn" : "");
                expect_sound(*left, changes % 2 == 0 ? 0 : end, newest, end, what);
                if (HasFatalFailure()) return;
            }
        }
        stand->shard.advance(milliseconds(1'000));
    }
}

TEST_F(LogCleanTest, APowerLossAtEveryStepLosesNothing) {
    ASSERT_TRUE(stand->open());
    append("gone=1 | gone");
    append_many(30, 8);
    const Newest newest = newest_of(content());
    const std::int64_t end = log().end_offset().value;
    ASSERT_EQ(log().flushed_offset(), Offset{end});
    for (int round = 0; round < 2; ++round) {
        HeldRound running{*stand};
        stand->shard.calls().spawn(HeldRound::run(running, order()));
        int steps = 0;
        while (stand->shard.ready().run_one()) {
            ++steps;
            const auto left = disk.after_power_loss();
            expect_sound(*left, steps % 2 == 0 ? 0 : end, newest, end,
                         "round " + std::to_string(round) + " step " + std::to_string(steps));
            if (HasFatalFailure()) return;
        }
        ASSERT_TRUE(running.result && running.result->has_value());
        EXPECT_GT(steps, 20);
        stand->shard.advance(milliseconds(1'000));
    }
}

}  // namespace
}  // namespace cauce::storage
