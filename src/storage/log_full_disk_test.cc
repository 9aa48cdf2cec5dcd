// A log on a disk without room: nothing is taken offline, nothing is said to be flushed that is
// not.
#include "storage/test_log.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace cauce::storage {
namespace {

using testing::LogTest;

struct LogFullDiskTest : LogTest {
    // No room for a new text of the leader epochs, and room for everything else.
    void refuse_epochs() {
        disk.change_error = ENOSPC;
        disk.change_error_for = "leader-epoch-checkpoint.tmp";
    }
    void make_room() {
        disk.change_error = 0;
        disk.change_error_for.clear();
    }
};

TEST_F(LogFullDiskTest, AnEpochWithoutRoomIsWrittenLater) {
    ASSERT_TRUE(stand->open());
    stand->append({});
    stand->shard.settle();
    ASSERT_EQ(log().flushed_offset(), Offset{1});
    refuse_epochs();
    stand->append({.leader_epoch = 1});
    stand->shard.settle();
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(log().offline());
        EXPECT_EQ(stand->offline_calls, 0);
        // The record may be on the device; the epoch that recovery needs with it is not.
        EXPECT_EQ(log().flushed_offset(), Offset{1});
        stand->shard.advance(Flusher::kPostponed);
    }
    // Others append meanwhile, and roll.
    stand->append({.leader_epoch = 1});
    ASSERT_TRUE(log().roll());
    stand->append({.leader_epoch = 2});
    stand->shard.advance(Flusher::kPostponed);
    EXPECT_EQ(log().flushed_offset(), Offset{1});
    make_room();
    stand->shard.advance(Flusher::kPostponed);
    EXPECT_EQ(log().flushed_offset(), Offset{4});
    EXPECT_FALSE(log().offline());
    // All of it is there when the machine loses its power now.
    const auto left = disk.after_power_loss();
    testing::Stand again(*left);
    ASSERT_TRUE(again.open(false, 4));
    EXPECT_EQ(again.log->end_offset(), Offset{4});
    EXPECT_EQ(again.log->leader_epochs().epoch_at(Offset{0}), LeaderEpoch{0});
    EXPECT_EQ(again.log->leader_epochs().epoch_at(Offset{2}), LeaderEpoch{1});
    EXPECT_EQ(again.log->leader_epochs().epoch_at(Offset{3}), LeaderEpoch{2});
}

TEST_F(LogFullDiskTest, AStopWithoutRoomIsNoCleanOneAndNoFailure) {
    ASSERT_TRUE(stand->open());
    stand->append({});
    stand->shard.settle();
    refuse_epochs();
    stand->append({.leader_epoch = 1});
    stand->shard.settle();
    const auto closed = stand->shard.await(log().close());
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().number, ENOSPC);
    EXPECT_FALSE(log().offline());
    EXPECT_EQ(stand->offline_calls, 0);
}

TEST_F(LogFullDiskTest, AFlushThatFailsIsAFailureWhateverTheReason) {
    ASSERT_TRUE(stand->open());
    stand->append({});
    stand->shard.settle();
    disk.sync_error = ENOSPC;
    stand->append({.leader_epoch = 1});
    stand->shard.settle();
    EXPECT_TRUE(log().offline());
    EXPECT_EQ(stand->offline_calls, 1);
}

TEST_F(LogFullDiskTest, WhereRoomIsScarceNothingIsReservedAhead) {
    disk.capacity_bytes = 10'000'000;
    ASSERT_TRUE(stand->open());
    for (int i = 0; i < 150; ++i)
        stand->append({.value_bytes = 900});
    stand->shard.settle();
    const std::string file = testing::file_of(0, ".log");
    EXPECT_GT(disk.reserved_end(file), log().size_bytes() + 16'384);
    stand->home.tell_space({SpaceStage::scarce, {10'000'000, 500'000}, 100'000, 600'000});
    ASSERT_TRUE(log().roll());
    const std::string next = testing::file_of(log().end_offset().value, ".log");
    for (int i = 0; i < 200; ++i) {
        stand->append({.value_bytes = 900});
        stand->shard.settle();
        EXPECT_LE(disk.reserved_end(next), disk.contents(next).size() + 2 * 4096) << i;
    }
}

}  // namespace
}  // namespace cauce::storage
