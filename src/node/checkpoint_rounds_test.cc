#include "node/checkpoint_rounds.h"

#include "runtime/event.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

#include <optional>

namespace cauce::node {
namespace {

using runtime::Task;

// A disk whose writes end when they are told to.
struct Writes {
    int begun = 0;
    bool hold = false;
    Result<void> outcome;
    runtime::WaitList go_on;

    static Task<Result<void>> write(Writes& self) {
        ++self.begun;
        if (self.hold) co_await self.go_on.wait();
        co_return self.outcome;
    }
};

Task<void> keep(CheckpointRounds& rounds, std::optional<Result<void>>& kept) {
    kept = co_await rounds.keep();
}

struct Stand {
    storage::testing::OneShard shard;
    Writes writes;
    CheckpointRounds rounds{[this] { return Writes::write(writes); }};

    void end_write() {
        writes.go_on.notify_all();
        shard.settle();
    }
};

TEST(CheckpointRounds, EachCallThatComesAloneWrites) {
    Stand stand;
    for (int call = 1; call <= 3; ++call) {
        std::optional<Result<void>> kept;
        stand.shard.start(keep(stand.rounds, kept));
        ASSERT_TRUE(kept);
        EXPECT_TRUE(kept->has_value());
        EXPECT_EQ(stand.writes.begun, call);
    }
}

TEST(CheckpointRounds, WhoComesDuringARoundSharesTheNext) {
    Stand stand;
    stand.writes.hold = true;
    std::optional<Result<void>> first, second, third;
    stand.shard.start(keep(stand.rounds, first));
    stand.shard.start(keep(stand.rounds, second));
    stand.shard.start(keep(stand.rounds, third));
    EXPECT_EQ(stand.writes.begun, 1);
    stand.end_write();
    // The first write had begun before the others moved their starts.
    EXPECT_TRUE(first);
    EXPECT_FALSE(second);
    EXPECT_FALSE(third);
    EXPECT_EQ(stand.writes.begun, 2);
    stand.end_write();
    EXPECT_TRUE(second);
    EXPECT_TRUE(third);
    EXPECT_EQ(stand.writes.begun, 2);
}

TEST(CheckpointRounds, ARoundThatFailsIsToldToItsOwn) {
    Stand stand;
    stand.writes.hold = true;
    std::optional<Result<void>> first, second;
    stand.shard.start(keep(stand.rounds, first));
    stand.shard.start(keep(stand.rounds, second));
    stand.writes.outcome = fail(ErrorCode::kafka_storage_error, "full");
    stand.end_write();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->error().code, ErrorCode::kafka_storage_error);
    EXPECT_FALSE(second);
    stand.writes.outcome = {};
    stand.end_write();
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->has_value());
}

}  // namespace
}  // namespace cauce::node
