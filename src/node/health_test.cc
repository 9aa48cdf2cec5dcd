#include "node/health.h"

#include "client/testing/loop.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace cauce::node {
namespace {

// The loop and two shards beside it, of which one can be deaf: what it is sent lies there.
class ThreeShards final : public runtime::Shards {
public:
    explicit ThreeShards(client::testing::Loop& loop) : loop_(loop) {}

    unsigned count() const override { return 3; }
    unsigned self() const override { return 0; }
    runtime::ReadyQueue& ready() override { return loop_.ready(); }
    runtime::Timers& timers() override { return loop_.timers(); }
    const runtime::Clock& clock() const override { return loop_.clock(); }
    runtime::Random& random() override { return loop_.random(); }
    runtime::TaskGroup& calls() override { return loop_.calls(); }
    void post(unsigned shard, runtime::ShardMessage& message) override {
        if (shard == 2 && deaf_) {
            kept_.push_back(&message);
        } else {
            message.arrive(*this);
        }
    }

    void be_deaf() { deaf_ = true; }
    void hear() {
        deaf_ = false;
        for (runtime::ShardMessage* message : std::exchange(kept_, {}))
            message->arrive(*this);
    }

private:
    client::testing::Loop& loop_;
    bool deaf_ = false;
    std::vector<runtime::ShardMessage*> kept_;
};

class HealthTest : public ::testing::Test {
public:
    client::testing::Loop loop;
    ThreeShards shards{loop};
    Health health{shards};

    std::vector<Health::Silence> silent() {
        std::vector<Health::Silence> out;
        loop.run(ask(out));
        return out;
    }
    Task<void> ask(std::vector<Health::Silence>& into) { into = co_await health.silent_shards(); }

    void TearDown() override { loop.run(health.close()); }
};

TEST_F(HealthTest, EveryShardAnswersAtOnce) {
    const MonoTime before = loop.now();
    EXPECT_TRUE(silent().empty());
    EXPECT_EQ(loop.now(), before);
}

TEST_F(HealthTest, AShardThatDoesNotAnswerIsNamed) {
    shards.be_deaf();
    const MonoTime before = loop.now();
    auto found = silent();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].shard, 2u);
    EXPECT_EQ(found[0].since, Health::kPatience);
    EXPECT_FALSE(found[0].is_death());
    EXPECT_EQ(loop.now() - before, Health::kPatience);

    // The question of then is still open.
    loop.run_for(Health::kSilentMax);
    found = silent();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(found[0].is_death());
    EXPECT_GE(found[0].since, Health::kSilentMax + Health::kPatience);

    shards.hear();
    EXPECT_TRUE(silent().empty());
}

TEST_F(HealthTest, SeveralMayAskAtOnce) {
    std::vector<Health::Silence> one, other;
    runtime::TaskGroup group(loop.ready());
    group.spawn(ask(one));
    group.spawn(ask(other));
    loop.run(group.join());
    EXPECT_TRUE(one.empty());
    EXPECT_TRUE(other.empty());
}

TEST_F(HealthTest, PhasesGoForwardOnly) {
    EXPECT_EQ(health.phase(), Phase::opening);
    loop.run_for(seconds(3));
    health.enter(Phase::recovering);
    EXPECT_EQ(health.phase_age(), Duration(0));
    loop.run_for(seconds(2));
    health.enter(Phase::recovering);
    EXPECT_EQ(health.phase_age(), Duration(seconds(2)));
    EXPECT_DEATH(health.enter(Phase::opening), "");
}

}  // namespace
}  // namespace cauce::node
