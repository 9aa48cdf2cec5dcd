#include "storage/producer_state.h"

#include "base/crc32c.h"

#include <gtest/gtest.h>

namespace cauce::storage {
namespace {

using Accept = ProducerState::Accept;
using Duplicate = ProducerState::Duplicate;

ProducerBatch batch(std::int64_t id, std::int16_t epoch, std::int32_t sequence, std::int32_t count,
                    std::int64_t offset, bool transactional = false) {
    return {ProducerId{id}, epoch,
            sequence,       sequence_after(sequence, count - 1),
            Offset{offset}, Offset{offset + count - 1},
            1000 + offset,  transactional};
}

std::optional<ErrorCode> error(const ProducerState::Verdict& verdict) {
    const auto* refused = std::get_if<Error>(&verdict);
    return refused == nullptr ? std::nullopt : std::optional(refused->code);
}

bool accepted(const ProducerState::Verdict& verdict) {
    return std::holds_alternative<Accept>(verdict);
}

TEST(Sequences, WrapToZero) {
    EXPECT_EQ(sequence_after(5, 3), 8);
    EXPECT_EQ(sequence_after(INT32_MAX, 1), 0);
    EXPECT_EQ(sequence_after(INT32_MAX - 1, 4), 2);
    EXPECT_EQ(sequence_before(0, 1), INT32_MAX);
    EXPECT_EQ(sequence_before(2, 4), INT32_MAX - 1);
    for (const std::int32_t n : {0, 1, 17, INT32_MAX})
        EXPECT_EQ(sequence_before(sequence_after(INT32_MAX - 3, n), n), INT32_MAX - 3);
}

TEST(ProducerState, AcceptsWhatFollowsAndRefusesGaps) {
    ProducerState state;
    ASSERT_TRUE(accepted(state.check(batch(7, 0, 0, 3, 10))));
    state.apply(batch(7, 0, 0, 3, 10));
    EXPECT_EQ(state.find({7})->last_sequence(), 2);
    EXPECT_EQ(error(state.check(batch(7, 0, 4, 1, 13))), ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(error(state.check(batch(7, 0, 2, 1, 13))), ErrorCode::out_of_order_sequence_number);
    EXPECT_TRUE(accepted(state.check(batch(7, 0, 3, 1, 13))));
    EXPECT_EQ(state.find({8}), nullptr);
}

TEST(ProducerState, ABatchSentAgainGetsItsFirstOffsets) {
    ProducerState state;
    for (int i = 0; i < 7; ++i)
        state.apply(batch(7, 0, i * 2, 2, 100 + i * 2));
    // The last five are remembered.
    for (int i = 2; i < 7; ++i) {
        const auto verdict = state.check(batch(7, 0, i * 2, 2, 999));
        const auto* duplicate = std::get_if<Duplicate>(&verdict);
        ASSERT_NE(duplicate, nullptr) << i;
        EXPECT_EQ(duplicate->first, Offset{100 + i * 2});
        EXPECT_EQ(duplicate->last, Offset{101 + i * 2});
        EXPECT_EQ(duplicate->timestamp, 1100 + i * 2);
    }
    EXPECT_EQ(error(state.check(batch(7, 0, 2, 2, 999))), ErrorCode::out_of_order_sequence_number);
    // The same first sequence with another length is another batch.
    EXPECT_EQ(error(state.check(batch(7, 0, 12, 1, 999))), ErrorCode::out_of_order_sequence_number);
}

TEST(ProducerState, Epochs) {
    ProducerState state;
    state.apply(batch(7, 3, 0, 2, 0));
    EXPECT_EQ(error(state.check(batch(7, 2, 2, 1, 2))), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(error(state.check(batch(7, 4, 2, 1, 2))), ErrorCode::out_of_order_sequence_number);
    EXPECT_TRUE(accepted(state.check(batch(7, 4, 0, 1, 2))));
    state.apply(batch(7, 4, 0, 1, 2));
    EXPECT_EQ(state.find({7})->kept, 1);
    // The old epoch's batch with the same sequences is no duplicate.
    EXPECT_EQ(error(state.check(batch(7, 3, 0, 2, 3))), ErrorCode::invalid_producer_epoch);
}

TEST(ProducerState, AnUnknownProducerMayBeginAnywhere) {
    ProducerState state;
    EXPECT_TRUE(accepted(state.check(batch(7, 5, 4711, 1, 0))));
    state.apply(batch(7, 5, 4711, 1, 0));
    EXPECT_TRUE(accepted(state.check(batch(7, 5, 4712, 1, 1))));
}

TEST(ProducerState, SequencesWrapInsideAndBetweenBatches) {
    ProducerState state;
    state.apply(batch(7, 0, INT32_MAX - 1, 4, 0));  // MAX-1, MAX, 0, 1
    EXPECT_EQ(state.find({7})->last_sequence(), 1);
    EXPECT_TRUE(std::holds_alternative<Duplicate>(state.check(batch(7, 0, INT32_MAX - 1, 4, 4))));
    EXPECT_TRUE(accepted(state.check(batch(7, 0, 2, 1, 4))));
    ProducerState at_end;
    at_end.apply(batch(7, 0, INT32_MAX, 1, 0));
    EXPECT_TRUE(accepted(at_end.check(batch(7, 0, 0, 1, 1))));
    EXPECT_EQ(error(at_end.check(batch(7, 0, 1, 1, 1))), ErrorCode::out_of_order_sequence_number);
}

TEST(ProducerState, ExpiresTheSilentButNotThoseInATransaction) {
    ProducerState state;
    state.apply(batch(1, 0, 0, 1, 0));
    state.apply(batch(2, 0, 0, 1, 500));
    state.apply(batch(3, 0, 0, 1, 501, true));
    state.expire(WallTime{1000 + 100}, milliseconds(100));
    EXPECT_EQ(state.find({1}), nullptr);
    EXPECT_NE(state.find({2}), nullptr);
    state.expire(WallTime{100'000}, milliseconds(100));
    EXPECT_EQ(state.find({2}), nullptr);
    EXPECT_NE(state.find({3}), nullptr);
}

TEST(ProducerState, TransactionsHoldTheLastStableOffset) {
    ProducerState state;
    EXPECT_EQ(state.first_unstable(), std::nullopt);
    state.apply(batch(1, 0, 0, 2, 10, true));
    state.apply(batch(2, 0, 0, 2, 12, true));
    state.apply(batch(1, 0, 2, 2, 14, true));
    EXPECT_EQ(state.first_unstable(), Offset{10});
    EXPECT_EQ(error(state.check(batch(1, 0, 4, 1, 16))), ErrorCode::invalid_txn_state);

    EndTransaction end{{1}, 0, 3, {16}, 5000, true};
    EXPECT_EQ(state.check(end), std::nullopt);
    const auto first = state.apply(end);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->first, Offset{10});
    EXPECT_EQ(first->last, Offset{16});
    EXPECT_FALSE(first->aborted);
    EXPECT_EQ(state.last_stable_before(*first), Offset{12});
    // Ended, but above the high watermark.
    EXPECT_EQ(state.first_unstable(), Offset{10});
    state.high_watermark_moved({16});
    EXPECT_EQ(state.first_unstable(), Offset{10});
    state.high_watermark_moved({17});
    EXPECT_EQ(state.first_unstable(), Offset{12});

    // A fenced coordinator, a fenced producer.
    end.coordinator_epoch = 2;
    EXPECT_EQ(state.check(end)->code, ErrorCode::transaction_coordinator_fenced);
    end.coordinator_epoch = 3;
    end.producer_epoch = -1;
    EXPECT_EQ(state.check(end)->code, ErrorCode::invalid_producer_epoch);

    const auto second = state.apply(EndTransaction{{2}, 1, 3, {17}, 5001, false});
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->aborted);
    EXPECT_EQ(state.last_stable_before(*second), Offset{18});
    EXPECT_EQ(state.find({2})->epoch, 1);  // the marker carried a newer epoch (KIP-890)
    // A marker without a transaction completes nothing.
    EXPECT_EQ(state.apply(EndTransaction{{9}, 0, 3, {18}, 5002, false}), std::nullopt);
    EXPECT_NE(state.find({9}), nullptr);
}

TEST(ProducerState, SnapshotsRoundTrip) {
    ProducerState state;
    for (int i = 0; i < 7; ++i)
        state.apply(batch(7, 2, i, 1, i));
    state.apply(batch(5, 0, 0, 2, 10, true));
    state.apply(EndTransaction{{9}, 4, 8, {12}, 77'000, true});
    const Buffer bytes = state.to_snapshot();
    EXPECT_EQ(bytes.size(), 10u + 3 * 46 + 4 + 4 * 32);

    const auto loaded = ProducerState::from_snapshot(bytes, WallTime{0}, milliseconds(1'000'000));
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->producers().size(), 3u);
    EXPECT_EQ(loaded->find({7})->kept, 5);
    EXPECT_EQ(loaded->find({7})->last_sequence(), 6);
    EXPECT_EQ(loaded->find({7})->last_offset(), Offset{6});
    EXPECT_EQ(loaded->find({9})->kept, 0);
    EXPECT_EQ(loaded->find({9})->coordinator_epoch, 8);
    EXPECT_EQ(loaded->first_unstable(), Offset{10});
    EXPECT_EQ(loaded->to_snapshot(), bytes);
    EXPECT_TRUE(accepted(loaded->check(batch(7, 2, 7, 1, 20))));

    // Of the expired only the one in a transaction is taken.
    const auto late = ProducerState::from_snapshot(bytes, WallTime{10'000'000}, milliseconds(1));
    ASSERT_TRUE(late);
    EXPECT_EQ(late->producers().size(), 1u);
    EXPECT_EQ(late->find({5})->last_sequence(), 1);

    for (std::size_t i = 0; i < bytes.size(); ++i) {
        Buffer damaged = bytes;
        damaged[i] ^= 0x10;
        EXPECT_FALSE(ProducerState::from_snapshot(damaged, WallTime{0}, milliseconds(1))) << i;
        EXPECT_FALSE(
            ProducerState::from_snapshot(BytesView(bytes).first(i), WallTime{0}, milliseconds(1)))
            << i;
    }
}

// The earlier batches stand behind the entries, where Kafka does not look.
TEST(ProducerState, ASnapshotHoldsTheEarlierBatchesToo) {
    ProducerState state;
    for (int i = 0; i < 7; ++i) {
        state.apply(batch(7, 2, i * 2, 2, 100 + i * 4));
        if (i < 3) state.apply(batch(8, 0, i, 1, 102 + i * 4));
    }
    const Buffer bytes = state.to_snapshot();
    const auto loaded = ProducerState::from_snapshot(bytes, WallTime{0}, milliseconds(1'000'000));
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->find({8})->kept, 3);
    for (int i = 2; i < 7; ++i) {
        const auto verdict = loaded->check(batch(7, 2, i * 2, 2, 999));
        const auto* duplicate = std::get_if<Duplicate>(&verdict);
        ASSERT_NE(duplicate, nullptr) << i;
        EXPECT_EQ(duplicate->first, Offset{100 + i * 4});
        EXPECT_EQ(duplicate->last, Offset{101 + i * 4});
        EXPECT_EQ(duplicate->timestamp, 1100 + i * 4);
    }

    const auto with_crc = [](Buffer changed) {
        store_big_endian(changed.data() + 2, crc32c(BytesView(changed).subspan(6)));
        return changed;
    };
    constexpr std::size_t kEntriesEnd = 10 + 2 * 46;
    struct Case {
        const char* what;
        Buffer bytes;
    };
    Buffer count = bytes;
    store_big_endian(count.data() + kEntriesEnd, std::int32_t{-1});
    Buffer unknown = bytes;
    for (std::size_t i = 0; i < 6; ++i)
        store_big_endian(unknown.data() + kEntriesEnd + 4 + i * 32, std::int64_t{9});
    for (const auto& [what, changed] :
         {Case{"by Kafka", Buffer(bytes.begin(), bytes.begin() + kEntriesEnd)},
          Case{"too short", Buffer(bytes.begin(), bytes.end() - 1)},
          Case{"a count that cannot be", count},
          Case{"of a producer that is not there", unknown}}) {
        SCOPED_TRACE(what);
        const auto newest =
            ProducerState::from_snapshot(with_crc(changed), WallTime{0}, milliseconds(1'000'000));
        ASSERT_TRUE(newest);
        EXPECT_EQ(newest->find({7})->kept, 1);
        EXPECT_EQ(newest->find({7})->last_sequence(), 13);
        EXPECT_EQ(newest->find({8})->kept, 1);
    }
}

TEST(ProducerState, AnEmptySnapshotIsKafkas) {
    const Buffer bytes = ProducerState().to_snapshot();
    // version 1, CRC32C of four zero bytes, no entries
    EXPECT_EQ(bytes, (Buffer{0, 1, 0x48, 0x67, 0x4b, 0xc7, 0, 0, 0, 0}));
    EXPECT_TRUE(ProducerState::from_snapshot(bytes, WallTime{0}, milliseconds(1))->empty());
}

}  // namespace
}  // namespace cauce::storage
