#include "storage/batch_cleaner.h"

#include "storage/key_gathering.h"
#include "storage/test_batches.h"
#include "storage/test_compaction.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cauce::storage {
namespace {

using testing::batch_of;
using testing::batches_of;
using testing::text_of;

constexpr SipSecret kSecret{3, 4};

// A round over batches that stand in one row.
struct Round {
    std::int64_t from = 0;  // seen before
    std::size_t keys_max = 100;
    std::int64_t now = 10'000;
    std::int64_t retention = 500;
    std::vector<AbortedTransaction> aborted{};
    ActiveProducers producers{};
    bool legacy_tombstones_go = false;

    // What it told of itself.
    Offset known_upto{};
    CleaningCounts counts{};
    bool changed = false;
    std::vector<AbortedTransaction> kept_aborted{};

    Buffer run(const std::vector<Buffer>& batches) {
        KeyMap keys(keys_max, 0.9, kSecret);
        std::vector<AbortedTransaction> unseen;
        for (const AbortedTransaction& one : aborted) {
            if (one.last >= Offset{from}) unseen.push_back(one);
        }
        KeyGathering gathering(keys, CleanedTransactions(std::move(unseen)), Offset{from});
        for (const Buffer& batch : batches) {
            if (BatchHead::read(batch)->last_offset < Offset{from} || gathering.full()) continue;
            CHECK(gathering.add(batch).has_value());
        }
        known_upto = gathering.known_upto();
        CleaningRules rules;
        rules.keys = &keys;
        rules.known_upto = known_upto;
        rules.now_ms = now;
        rules.delete_retention_ms = retention;
        BatchCleaner cleaner(rules, CleanedTransactions(aborted));
        cleaner.begin_row(producers);
        cleaner.let_legacy_tombstones_go(legacy_tombstones_go);
        Buffer out;
        for (std::size_t i = 0; i < batches.size(); ++i)
            CHECK(cleaner.clean(batches[i], i + 1 == batches.size(), out).has_value());
        counts = cleaner.take_counts();
        changed = cleaner.take_changed();
        kept_aborted = cleaner.take_aborted();
        return out;
    }
};

// Whole batches, each by itself.
std::vector<Buffer> apart(BytesView bytes) {
    std::vector<Buffer> batches;
    while (!bytes.empty()) {
        const std::size_t size = BatchHead::read(bytes)->size_bytes;
        batches.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        bytes = bytes.subspan(size);
    }
    return batches;
}

TEST(BatchCleanerTest, TheNewestRecordOfEachKeyStays) {
    struct Case {
        const char* before;
        const char* after;
        std::int64_t from = 0;
        std::size_t keys_max = 100;
    };
    for (const Case& c : {
             Case{"a=1", "0-0{0:a=1}"},
             Case{"a=1 | a=2", "1-1{1:a=2}"},
             Case{"a=1, b=1 | a=2", "0-1{1:b=1} 2-2{2:a=2}"},
             Case{"a=1, a=2, a=3", "0-2{2:a=3}"},
             Case{"a=1, b=1 | b=2, a=2 | c=1", "2-3{2:b=2 3:a=2} 4-4{4:c=1}"},
             // A batch keeps its last offset although the record there is gone.
             Case{"a=1, b=1, c=1 | c=2 | d=1", "0-2{0:a=1 1:b=1} 3-3{3:c=2} 4-4{4:d=1}"},
             // The row ends where it did.
             Case{"a=1 | b=1 | -=1", "0-0{0:a=1} 1-1{1:b=1} 2-2{}"},
             Case{"-=1, -=2", "0-1{}"},
             // An empty key is a key, and values may be empty too.
             Case{"=1 | =", "1-1{1:=}"},
             // What was seen before has no part in what is known, but gives way to it.
             Case{"a=1 | a=2 | b=1 | b=2", "0-0{0:a=1} 1-1{1:a=2} 3-3{3:b=2}", 2},
             Case{"a=1 | b=1 | a=2", "1-1{1:b=1} 2-2{2:a=2}", 2},
             // No room for the third key: nothing is known from there on.
             Case{"a=1 | b=1 | a=2 | c=1 | a=3 | c=2",
                  "1-1{1:b=1} 2-2{2:a=2} 3-3{3:c=1} 4-4{4:a=3} 5-5{5:c=2}", 0, 2},
         }) {
        for (const wire::Codec codec : {wire::Codec::none, wire::Codec::gzip, wire::Codec::snappy,
                                        wire::Codec::lz4, wire::Codec::zstd}) {
            SCOPED_TRACE(std::string(c.before) + ", " + std::string(wire::codec_name(codec)));
            Round round;
            round.from = c.from;
            round.keys_max = c.keys_max;
            const std::vector<Buffer> before = batches_of(c.before, 0, codec);
            const Buffer after = round.run(before);
            EXPECT_EQ(text_of(after), c.after);
            EXPECT_EQ(round.counts.kept_bytes, after.size());
            EXPECT_EQ(round.counts.batches, before.size());
            // Nothing more to do the next time, and so nothing is touched.
            Round again;
            again.from = c.from;
            again.keys_max = c.keys_max;
            EXPECT_EQ(again.run(apart(after)), after);
            EXPECT_FALSE(again.changed);
        }
    }
}

TEST(BatchCleanerTest, WhereNoRoomWasLeftTheRoundStops) {
    Round round;
    round.keys_max = 2;
    round.run(batches_of("a=1, b=1, a=2, c=1, a=3 | b=2"));
    EXPECT_EQ(round.known_upto, Offset{3});
    Round whole;
    whole.run(batches_of("a=1, b=1, a=2, c=1, a=3 | b=2"));
    EXPECT_EQ(whole.known_upto, Offset{6});
}

TEST(BatchCleanerTest, WhatIsNotTouchedStaysByteForByte) {
    const std::vector<Buffer> batches = batches_of("a=1, b=1 | c=1 | d=1");
    Buffer all;
    for (const Buffer& batch : batches)
        all.insert(all.end(), batch.begin(), batch.end());
    Round round;
    EXPECT_EQ(round.run(batches), all);
    EXPECT_FALSE(round.changed);
    EXPECT_EQ(round.counts.records, 4u);
    EXPECT_EQ(round.counts.kept_records, 4u);
}

TEST(BatchCleanerTest, AThinnedBatchKeepsItsHeadAndItsRecordsTheirTimes) {
    wire::BatchOptions options;
    options.base_offset = Offset{40};
    options.partition_leader_epoch = LeaderEpoch{7};
    options.producer_id = ProducerId{9};
    options.producer_epoch = 2;
    options.base_sequence = 100;
    options.transactional = true;
    for (const auto type :
         {wire::TimestampType::create_time, wire::TimestampType::log_append_time}) {
        options.timestamp_type = type;
        options.append_time = 5'000;
        const bool append_time = type == wire::TimestampType::log_append_time;
        const Buffer thinned = batch_of("a=1, b=1, c=1, d=1", options, 1'000);
        std::vector<Buffer> batches{thinned};
        for (Buffer& more : batches_of("a=2 | d=2", 44))
            batches.push_back(std::move(more));
        Round round;
        round.from = 40;
        const Buffer after = round.run(batches);
        EXPECT_EQ(text_of(after), "40-43{41:b=1 42:c=1} 44-44{44:a=2} 45-45{45:d=2}");
        const auto batch = wire::parse_batch(after).value();
        EXPECT_EQ(batch.partition_leader_epoch(), LeaderEpoch{7});
        EXPECT_EQ(batch.producer_id(), ProducerId{9});
        EXPECT_EQ(batch.producer_epoch(), 2);
        EXPECT_EQ(batch.base_sequence(), 100);
        EXPECT_EQ(batch.last_sequence(), 103);
        EXPECT_TRUE(batch.is_transactional());
        EXPECT_EQ(batch.timestamp_type(), type);
        EXPECT_EQ(batch.max_timestamp(), append_time ? 5'000 : 1'002);
        wire::RecordIterator records(batch, batch.body());
        wire::Record record;
        ASSERT_TRUE(records.next(record));
        EXPECT_EQ(record.timestamp, append_time ? 5'000 : 1'001);
    }
}

TEST(BatchCleanerTest, ATombstoneStaysUntilItsTimeHasCome) {
    for (const wire::Codec codec : {wire::Codec::none, wire::Codec::lz4}) {
        const std::vector<Buffer> before = batches_of("a=1, b=1 | a | c=1, d | e=1", 0, codec);
        Round first;
        Buffer bytes = first.run(before);
        EXPECT_EQ(text_of(bytes), "0-1{1:b=1} 2-2{2:a} h10500 3-4{3:c=1 4:d} h10500 5-5{5:e=1}");
        EXPECT_EQ(first.counts.next_deletion_ms, 10'500);
        // Records keep their times, whatever the base is.
        const std::vector<Buffer> left = apart(bytes);
        const auto second = wire::parse_batch(left[2]).value();
        EXPECT_EQ(second.max_timestamp(), 1'004);
        Buffer storage;
        const auto records = wire::records_of(second, 1'000, storage);
        ASSERT_TRUE(records);
        wire::RecordIterator iterator(second, *records);
        wire::Record record;
        ASSERT_TRUE(iterator.next(record));
        EXPECT_EQ(record.timestamp, 1'003);

        Round later;
        later.from = 6;
        later.now = 10'499;
        EXPECT_EQ(later.run(apart(bytes)), bytes);
        EXPECT_EQ(later.counts.next_deletion_ms, 10'500);
        EXPECT_FALSE(later.changed);

        Round due;
        due.from = 6;
        due.now = 10'500;
        bytes = due.run(apart(bytes));
        EXPECT_EQ(text_of(bytes), "0-1{1:b=1} 3-4{3:c=1} h10500 5-5{5:e=1}");
        EXPECT_EQ(due.counts.next_deletion_ms, std::nullopt);
        EXPECT_TRUE(due.changed);
    }
}

TEST(BatchCleanerTest, ATombstoneThatIsSupersededGoesAtOnce) {
    Round round;
    EXPECT_EQ(text_of(round.run(batches_of("a | a=1 | b | b"))), "1-1{1:a=1} 3-3{3:b} h10500");
    // A horizon that cannot be reached is the last moment there is.
    Round never;
    never.retention = INT64_MAX;
    const std::string text = text_of(never.run(batches_of("a")));
    EXPECT_EQ(text, "0-0{0:a} h" + std::to_string(INT64_MAX));
    // Beside a time that lies too far back no horizon can stand; then the tombstone stays.
    wire::BatchOptions options;
    const Buffer ancient = batch_of("a", options, INT64_MIN);
    Round beyond;
    EXPECT_EQ(beyond.run({ancient}), ancient);
    EXPECT_EQ(beyond.counts.next_deletion_ms, std::nullopt);
}

TEST(BatchCleanerTest, TheLastBatchOfAProducerStaysWithoutItsRecords) {
    const auto sent = [](std::int64_t base, std::int64_t producer, std::int32_t sequence,
                         std::string_view text) {
        wire::BatchOptions options;
        options.base_offset = Offset{base};
        options.producer_id = ProducerId{producer};
        options.producer_epoch = 1;
        options.base_sequence = sequence;
        return batch_of(text, options);
    };
    std::vector<Buffer> batches{sent(0, 5, 0, "a=1"), sent(1, 5, 1, "a=2, b=1"),
                                sent(3, 6, 0, "c=1")};
    for (Buffer& more : batches_of("a=3 | b=2 | c=2", 4))
        batches.push_back(std::move(more));
    ProducerState state;
    for (const Buffer& batch : batches) {
        const BatchHead head = *BatchHead::read(batch);
        // The other one has been forgotten since.
        if (head.producer_id.value == 5) state.apply(head.producer_batch());
    }
    Round round;
    round.producers = ActiveProducers(state);
    Buffer after = round.run(batches);
    EXPECT_EQ(text_of(after), "1-2{} 4-4{4:a=3} 5-5{5:b=2} 6-6{6:c=2}");
    const auto kept = wire::parse_batch(after).value();
    EXPECT_EQ(kept.producer_id(), ProducerId{5});
    EXPECT_EQ(kept.base_sequence(), 1);
    EXPECT_EQ(kept.last_sequence(), 2);
    // And so the log alone tells where it was.
    ProducerState replayed;
    for (const Buffer& batch : apart(after)) {
        const BatchHead head = *BatchHead::read(batch);
        if (head.producer_id.value >= 0) replayed.apply(head.producer_batch());
    }
    ASSERT_NE(replayed.find(ProducerId{5}), nullptr);
    EXPECT_EQ(replayed.find(ProducerId{5})->last_sequence(), 2);
    // Once it is forgotten the batch goes too.
    Round later;
    later.from = 7;
    EXPECT_EQ(text_of(later.run(apart(after))), "4-4{4:a=3} 5-5{5:b=2} 6-6{6:c=2}");
}

// ---- Transactions ----

Buffer sent_in_transaction(std::int64_t base, std::int64_t producer, std::string_view text) {
    wire::BatchOptions options;
    options.base_offset = Offset{base};
    options.producer_id = ProducerId{producer};
    options.producer_epoch = 0;
    options.base_sequence = static_cast<std::int32_t>(base);
    options.transactional = true;
    return batch_of(text, options);
}

Buffer marker(std::int64_t base, std::int64_t producer, bool commit) {
    return testing::make_marker({.base_offset = base, .producer_id = producer, .producer_epoch = 0},
                                commit, 1);
}

AbortedTransaction aborted(std::int64_t producer, std::int64_t first, std::int64_t last) {
    return {ProducerId{producer}, Offset{first}, Offset{last}, Offset{last + 1}};
}

TEST(BatchCleanerTest, AbortedRecordsGoAndTheirMarkerWhenNobodyNeedsIt) {
    std::vector<Buffer> batches{batches_of("a=1")[0], sent_in_transaction(1, 5, "a=2, b=1"),
                                marker(3, 5, false), batches_of("z=1", 4)[0]};
    Round round;
    round.aborted = {aborted(5, 1, 3)};
    Buffer bytes = round.run(batches);
    // What was aborted supersedes nothing. Readers may have its records from the file of before.
    EXPECT_EQ(text_of(bytes), "0-0{0:a=1} 3-3{3:abort} 4-4{4:z=1}");
    EXPECT_EQ(round.kept_aborted, round.aborted);

    Round second;
    second.from = 5;
    second.aborted = round.kept_aborted;
    bytes = second.run(apart(bytes));
    EXPECT_EQ(text_of(bytes), "0-0{0:a=1} 3-3{3:abort} h10500 4-4{4:z=1}");
    EXPECT_TRUE(second.kept_aborted.empty());
    EXPECT_EQ(second.counts.next_deletion_ms, 10'500);

    Round third;
    third.from = 5;
    third.now = 10'500;
    EXPECT_EQ(text_of(third.run(apart(bytes))), "0-0{0:a=1} 4-4{4:z=1}");
}

TEST(BatchCleanerTest, TheMarkerOfACommitStaysAsLongAsARecordBeforeItDoes) {
    const std::vector<Buffer> batches{sent_in_transaction(0, 5, "a=1"), marker(1, 5, true),
                                      sent_in_transaction(2, 5, "b=1"), marker(3, 5, true),
                                      batches_of("a=2", 4)[0]};
    Round round;
    Buffer bytes = round.run(batches);
    // The first transaction was met, so its marker waits for the next round.
    EXPECT_EQ(text_of(bytes), "1-1{1:commit} 2-2{2:b=1} 3-3{3:commit} 4-4{4:a=2}");
    Round second;
    second.from = 5;
    bytes = second.run(apart(bytes));
    EXPECT_EQ(text_of(bytes), "1-1{1:commit} h10500 2-2{2:b=1} 3-3{3:commit} 4-4{4:a=2}");
    Round third;
    third.from = 5;
    third.now = 20'000;
    EXPECT_EQ(text_of(third.run(apart(bytes))), "2-2{2:b=1} 3-3{3:commit} 4-4{4:a=2}");
}

TEST(BatchCleanerTest, TheMarkerThatTellsAProducersEpochStaysWithoutItsRecord) {
    ProducerState state;
    state.apply(EndTransaction{ProducerId{5}, 0, 1, Offset{0}, 1'000, true});
    Round round;
    round.producers = ActiveProducers(state);
    Buffer bytes = round.run({marker(0, 5, true), batches_of("a=1", 1)[0]});
    EXPECT_EQ(text_of(bytes), "0-0{0:commit} h10500 1-1{1:a=1}");
    Round due;
    due.from = 2;
    due.now = 10'500;
    due.producers = ActiveProducers(state);
    bytes = due.run(apart(bytes));
    EXPECT_EQ(text_of(bytes), "0-0{} 1-1{1:a=1}");
    Round forgotten;
    forgotten.from = 2;
    EXPECT_EQ(text_of(forgotten.run(apart(bytes))), "1-1{1:a=1}");
}

TEST(BatchCleanerTest, TransactionsOfSeveralProducersBesideEachOther) {
    const std::vector<Buffer> batches{sent_in_transaction(0, 5, "a=1"),
                                      sent_in_transaction(1, 6, "a=2"),
                                      sent_in_transaction(2, 5, "b=1"),
                                      marker(3, 5, false),
                                      sent_in_transaction(4, 5, "c=1"),
                                      marker(5, 6, true),
                                      marker(6, 5, true),
                                      batches_of("z=1", 7)[0]};
    Round round;
    round.aborted = {aborted(5, 0, 3)};
    EXPECT_EQ(text_of(round.run(batches)),
              "1-1{1:a=2} 3-3{3:abort} 4-4{4:c=1} 5-5{5:commit} 6-6{6:commit} 7-7{7:z=1}");
    EXPECT_EQ(round.kept_aborted, round.aborted);
}

// An index that names a transaction whose marker is gone must not take later ones with it.
TEST(BatchCleanerTest, AnEntryWithoutItsMarkerTakesNothing) {
    Round round;
    round.aborted = {aborted(5, 0, 3)};
    EXPECT_EQ(text_of(round.run({sent_in_transaction(4, 5, "c=1"), marker(5, 5, true)})),
              "4-4{4:c=1} 5-5{5:commit}");
}

// ---- What is damaged ----

TEST(BatchCleanerTest, ADamagedBatchIsRefusedAndNothingIsWritten) {
    const Buffer sound = batches_of("a=1, b=1")[0];
    for (const std::size_t at : {21u, 40u, 61u, static_cast<unsigned>(sound.size() - 1)}) {
        Buffer damaged = sound;
        damaged[at] ^= 1;
        KeyMap keys(10, 0.9, kSecret);
        KeyGathering gathering(keys, CleanedTransactions({}), Offset{0});
        const auto gathered = gathering.add(damaged);
        ASSERT_FALSE(gathered) << at;
        EXPECT_EQ(gathered.error().code, ErrorCode::corrupt_message);
        EXPECT_EQ(keys.size(), 0u);
        CleaningRules rules;
        rules.keys = &keys;
        BatchCleaner cleaner(rules, CleanedTransactions({}));
        cleaner.begin_row({});
        Buffer out;
        const auto cleaned = cleaner.clean(damaged, true, out);
        ASSERT_FALSE(cleaned) << at;
        EXPECT_EQ(cleaned.error().code, ErrorCode::corrupt_message);
        EXPECT_TRUE(out.empty());
    }
    // A right checksum over something that is no record: what a compressed batch of a client may
    // be.
    for (const int wrong : {0x00, 0x7e, 0xff}) {
        Buffer crafted = sound;
        crafted[61] = static_cast<std::uint8_t>(wrong);
        store_big_endian(crafted.data() + 17, crc32c(BytesView(crafted).subspan(21)));
        KeyMap keys(10, 0.9, kSecret);
        CleaningRules rules;
        rules.keys = &keys;
        rules.known_upto = Offset{2};
        BatchCleaner cleaner(rules, CleanedTransactions({}));
        cleaner.begin_row({});
        Buffer out;
        EXPECT_FALSE(cleaner.clean(crafted, true, out)) << wrong;
        EXPECT_TRUE(out.empty());
        KeyGathering gathering(keys, CleanedTransactions({}), Offset{0});
        EXPECT_FALSE(gathering.add(crafted)) << wrong;
    }
}

// ---- Many rounds ----

// Whatever rounds there are, a reader who takes the newest value of each key learns the same as
// from the log of before.
TEST(BatchCleanerTest, ManyRoundsLeaveTheNewestValueOfEachKey) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        std::uint64_t state = seed;
        const auto below = [&state](std::uint64_t bound) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            return (state >> 33) % bound;
        };
        std::vector<Buffer> batches;
        std::map<std::string, std::string> newest;  // without those that were deleted
        std::int64_t next = 0;
        std::int64_t seen = 0;
        std::int64_t now = 10'000;
        for (int round = 0; round < 12; ++round) {
            for (std::uint64_t more = 1 + below(6); more > 0; --more) {
                std::string text;
                for (std::uint64_t records = 1 + below(4); records > 0; --records) {
                    const std::string key = "k" + std::to_string(below(9));
                    if (!text.empty()) text += ",";
                    text += key;
                    if (below(4) == 0) {
                        newest.erase(key);
                        continue;
                    }
                    newest[key] = std::to_string(below(1000));
                    text += "=" + newest[key];
                }
                const auto codec = static_cast<wire::Codec>(below(5));
                batches.push_back(batches_of(text, next, codec)[0]);
                next = BatchHead::read(batches.back())->last_offset.value + 1;
            }
            Round one;
            one.from = seen;
            one.now = now;
            one.retention = static_cast<std::int64_t>(below(300));
            one.keys_max = 1 + below(12);
            batches = apart(one.run(batches));
            ASSERT_GE(one.known_upto, Offset{seen});
            seen = one.known_upto.value;
            now += static_cast<std::int64_t>(below(400));

            std::map<std::string, std::string> read;
            Offset last{-1};
            for (const Buffer& batch : batches) {
                const auto parsed = wire::parse_batch(batch).value();
                Buffer storage;
                wire::RecordIterator records(parsed,
                                             wire::records_of(parsed, 1 << 20, storage).value());
                for (wire::Record record; records.next(record);) {
                    ASSERT_GT(record.offset, last);
                    last = record.offset;
                    const std::string key(as_text(*record.key));
                    if (record.value)
                        read[key] = as_text(*record.value);
                    else
                        read.erase(key);
                }
                ASSERT_TRUE(records.ok());
            }
            ASSERT_EQ(read, newest) << "round " << round;
            ASSERT_EQ(BatchHead::read(batches.back())->last_offset, Offset{next - 1});
        }
    }
}

}  // namespace
}  // namespace cauce::storage
