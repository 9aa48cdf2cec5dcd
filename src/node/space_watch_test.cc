#include "node/space_watch.h"

#include "storage/test_disk.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace cauce::node {
namespace {

using storage::SpaceStage;

constexpr std::uint64_t kKiB = 1ull << 10;

struct Line {
    LogLevel level;
    std::string text;
};

class Lines final : public LogSink {
public:
    bool enabled(LogLevel) const override { return true; }
    void write(LogLevel level, std::string_view, std::string_view text) override {
        lines.push_back({level, std::string(text)});
    }
    std::vector<Line> lines;
};

// A disk of 100 KiB, of which a file of somebody else's leaves as much free as is asked for: scarce
// below 20 KiB, full below 10, and 5 are set aside.
class SpaceWatchTest : public ::testing::Test {
protected:
    SpaceWatchTest() {
        disk.capacity_bytes = 100 * kKiB;
        limits.throttle = {20 * kKiB, 100};
        limits.refuse = {10 * kKiB, 100};
        limits.reserve = {5 * kKiB, 100};
        make();
    }
    void make() {
        watch = std::make_unique<SpaceWatch>(disk, std::vector<std::string>{"/d"}, limits,
                                             Logger(&log, "Node"));
    }
    // Beside what is set aside.
    void leave_free(std::uint64_t bytes) {
        const std::uint64_t aside = disk.exists(kReserve) ? disk.reserved_end(kReserve) : 0;
        disk.put("/d/others", std::string(100 * kKiB - aside - bytes, 'x'));
    }
    SpaceStage look() {
        last = watch->look(0);
        return watch->found(0)->stage;
    }
    // The newest line, which then is not there any more.
    std::string said(LogLevel level) {
        if (log.lines.empty() || log.lines.back().level != level) return "nothing";
        std::string text = log.lines.back().text;
        log.lines.pop_back();
        return text;
    }

    static inline const std::string kReserve = "/d/cauce.reserve";
    storage::testing::MemoryDisk disk{"/d"};
    storage::SpaceLimits limits;
    Lines log;
    std::unique_ptr<SpaceWatch> watch;
    SpaceWatch::Look last;
};

TEST_F(SpaceWatchTest, SaysEachChangeOnceAndWhatToDo) {
    leave_free(60 * kKiB);
    EXPECT_EQ(look(), SpaceStage::ample);
    EXPECT_FALSE(last.changed);
    EXPECT_TRUE(log.lines.empty());
    EXPECT_FALSE(watch->is_room_short());

    leave_free(19 * kKiB);
    EXPECT_EQ(look(), SpaceStage::scarce);
    EXPECT_TRUE(last.changed && last.worse);
    EXPECT_TRUE(watch->is_room_short());
    const std::string scarce = said(LogLevel::warn);
    EXPECT_TRUE(
        scarce.starts_with("the disk of /d runs full: 19 KiB of 100 KiB are free, and "
                           "producers are slowed down. With less than 10 KiB they are "
                           "refused. Make room: lower retention.ms"))
        << scarce;
    EXPECT_EQ(look(), SpaceStage::scarce);
    EXPECT_FALSE(last.changed);

    leave_free(9 * kKiB);
    EXPECT_EQ(look(), SpaceStage::full);
    EXPECT_TRUE(last.worse);
    const std::string full = said(LogLevel::error);
    EXPECT_TRUE(
        full.starts_with("the disk of /d is full: 9 KiB of 100 KiB are free, and records "
                         "of clients are refused (KAFKA_STORAGE_ERROR"))
        << full;

    leave_free(12 * kKiB);
    EXPECT_EQ(look(), SpaceStage::scarce);
    EXPECT_TRUE(last.changed && !last.worse);
    EXPECT_TRUE(said(LogLevel::warn).starts_with("records are taken again"));
    leave_free(50 * kKiB);
    EXPECT_EQ(look(), SpaceStage::ample);
    EXPECT_EQ(said(LogLevel::info),
              "there is room again on the disk of /d: 50 KiB of 100 KiB are free, and records are "
              "taken as usual");
    EXPECT_TRUE(log.lines.empty());
}

TEST_F(SpaceWatchTest, KeepsAReserveAndGivesItUpBeforeNothingIsLeft) {
    // Not where that would make room scarce.
    leave_free(24 * kKiB);
    look();
    EXPECT_FALSE(disk.exists(kReserve));
    leave_free(25 * kKiB);
    look();
    ASSERT_TRUE(disk.exists(kReserve));
    EXPECT_EQ(disk.reserved_end(kReserve), 5 * kKiB);
    EXPECT_EQ(look(), SpaceStage::ample);

    // Full, and still as much as is set aside: it stays.
    leave_free(5 * kKiB);
    EXPECT_EQ(look(), SpaceStage::full);
    EXPECT_TRUE(disk.exists(kReserve));
    leave_free(5 * kKiB - 1);
    EXPECT_EQ(look(), SpaceStage::full);
    EXPECT_FALSE(disk.exists(kReserve));
    EXPECT_TRUE(said(LogLevel::warn).starts_with("gave up /d/cauce.reserve"));
    // Which lets no client in.
    EXPECT_EQ(look(), SpaceStage::full);
    leave_free(22 * kKiB);
    look();
    EXPECT_FALSE(disk.exists(kReserve));
    leave_free(60 * kKiB);
    EXPECT_EQ(look(), SpaceStage::ample);
    EXPECT_TRUE(disk.exists(kReserve));
}

TEST_F(SpaceWatchTest, AStartOnAFullDiskHasTheReserve) {
    leave_free(60 * kKiB);
    look();
    ASSERT_TRUE(disk.exists(kReserve));
    make();
    watch->make_room_to_start();
    EXPECT_TRUE(disk.exists(kReserve));
    leave_free(0);
    watch->make_room_to_start();
    EXPECT_FALSE(disk.exists(kReserve));
    EXPECT_EQ(disk.space("/d")->free_bytes, 5 * kKiB);
    EXPECT_FALSE(watch->found(0));
}

TEST_F(SpaceWatchTest, TheReserveFollowsItsLimit) {
    leave_free(60 * kKiB);
    look();
    limits.reserve = {8 * kKiB, 100};
    watch->set_limits(limits);
    look();
    EXPECT_EQ(disk.reserved_end(kReserve), 8 * kKiB);
    limits.reserve = {};
    watch->set_limits(limits);
    look();
    EXPECT_FALSE(disk.exists(kReserve));
}

TEST_F(SpaceWatchTest, WhereNothingCanBeReservedItIsSaidOnce) {
    disk.can_reserve = false;
    leave_free(60 * kKiB);
    look();
    look();
    EXPECT_FALSE(disk.exists(kReserve));
    EXPECT_EQ(said(LogLevel::info),
              "nothing is set aside in /d for a full disk: its file system cannot reserve space");
    EXPECT_TRUE(log.lines.empty());
}

TEST(SpaceLimits, AreReadFromTheSettings) {
    const metadata::Image nothing;
    const metadata::StaticConfig defaults;
    EXPECT_EQ(space_limits({nothing, defaults, NodeId{1}}), storage::SpaceLimits());
    const metadata::StaticConfig file{
        {"cauce.disk.free.throttle.bytes", "1"}, {"cauce.disk.free.throttle.percent", "2"},
        {"cauce.disk.free.refuse.bytes", "3"},   {"cauce.disk.free.refuse.percent", "4"},
        {"cauce.disk.reserve.bytes", "5"},       {"cauce.disk.reserve.percent", "6"}};
    const storage::SpaceLimits given{{1, 2}, {3, 4}, {5, 6}};
    EXPECT_EQ(space_limits({nothing, file, NodeId{1}}), given);
}

}  // namespace
}  // namespace cauce::node
