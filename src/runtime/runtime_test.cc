// Tasks, groups, events, channels and timers, driven by hand: no clock, no thread.
#include "runtime/channel.h"
#include "runtime/event.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "runtime/stop.h"
#include "runtime/task_group.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace cauce::runtime {
namespace {

struct Loop {
    ReadyQueue ready;
    Timers timers;
    TaskGroup group{ready};

    void drain() {
        while (ready.run_one()) {
        }
    }
};

Task<int> immediate(int value) {
    co_return value;
}

Task<void> sum_many(int times, long& sum) {
    for (int i = 0; i < times; ++i)
        sum += co_await immediate(1);
}

TEST(Task, AMillionAwaitsThatFinishAtOnceNeedNoStack) {
    Loop loop;
    long sum = 0;
    loop.group.spawn(sum_many(1'000'000, sum));
    loop.drain();
    EXPECT_EQ(sum, 1'000'000);
    EXPECT_EQ(loop.group.size(), 0u);
}

Task<void> yield_once() {
    co_await yield();
}

Task<void> yield_many(int times, int& done) {
    for (int i = 0; i < times; ++i)
        co_await yield_once();
    ++done;
}

TEST(Task, AMillionAwaitsThatSuspendNeedNoStack) {
    Loop loop;
    int done = 0;
    loop.group.spawn(yield_many(1'000'000, done));
    loop.drain();
    EXPECT_EQ(done, 1);
}

Task<void> wait_for(Event& event, std::vector<std::string>& log, std::string name) {
    co_await event.wait();
    log.push_back(name);
}

TEST(Event, WakesWaitersInTheOrderTheyCameAndStaysSet) {
    Loop loop;
    Event event;
    std::vector<std::string> log;
    loop.group.spawn(wait_for(event, log, "a"));
    loop.group.spawn(wait_for(event, log, "b"));
    loop.drain();
    EXPECT_TRUE(log.empty());
    event.set();
    loop.group.spawn(wait_for(event, log, "c"));
    loop.drain();
    EXPECT_EQ(log, (std::vector<std::string>{"a", "b", "c"}));
}

Task<void> wait_until(Loop& loop, Event& event, MonoTime deadline, int& outcome) {
    outcome = co_await event.wait_until(loop.timers, deadline) ? 1 : 2;
}

TEST(Event, AWaitEndsAtItsDeadline) {
    Loop loop;
    Event event;
    int outcome = 0;
    loop.group.spawn(wait_until(loop, event, MonoTime{seconds(5)}, outcome));
    loop.drain();
    EXPECT_EQ(loop.timers.next_deadline(), MonoTime{seconds(5)});
    loop.timers.fire(MonoTime{seconds(4)});
    loop.drain();
    EXPECT_EQ(outcome, 0);
    loop.timers.fire(MonoTime{seconds(5)});
    loop.drain();
    EXPECT_EQ(outcome, 2);
    EXPECT_EQ(loop.timers.next_deadline(), std::nullopt);
}

TEST(Event, ASetDisarmsTheDeadline) {
    Loop loop;
    Event event;
    int outcome = 0;
    loop.group.spawn(wait_until(loop, event, MonoTime{seconds(5)}, outcome));
    loop.drain();
    event.set();
    loop.drain();
    EXPECT_EQ(outcome, 1);
    EXPECT_EQ(loop.timers.next_deadline(), std::nullopt);
}

TEST(TaskGroup, DestroyingItDestroysWhatIsSuspended) {
    auto alive = std::make_shared<int>(1);
    std::weak_ptr<int> watch = alive;
    Event never;
    {
        Loop loop;
        struct Hold {
            static Task<void> run(Event& event, std::shared_ptr<int> value) {
                co_await event.wait();
                ++*value;
            }
        };
        loop.group.spawn(Hold::run(never, std::move(alive)));
        loop.drain();
        EXPECT_FALSE(watch.expired());
    }
    EXPECT_TRUE(watch.expired());
    never.set();  // nobody is listed any more
}

Task<void> send_numbers(Channel<int>& channel, int count) {
    for (int i = 0; i < count; ++i)
        co_await channel.send(i);
    channel.close();
}

Task<void> receive_all(Channel<int>& channel, std::vector<int>& into) {
    while (true) {
        std::optional<int> value = co_await channel.receive();
        if (!value) co_return;
        into.push_back(*value);
    }
}

TEST(Channel, KeepsOrderIsBoundedAndDrainsAfterClose) {
    Loop loop;
    Channel<int> channel(2);
    std::vector<int> got;
    loop.group.spawn(send_numbers(channel, 5));
    loop.drain();
    EXPECT_EQ(channel.size(), 2u);
    loop.group.spawn(receive_all(channel, got));
    loop.drain();
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_EQ(loop.group.size(), 0u);
}

Task<void> join_then_mark(TaskGroup& group, bool& joined) {
    co_await group.join();
    joined = true;
}

TEST(TaskGroup, JoinWaitsForAll) {
    Loop loop;
    TaskGroup other(loop.ready);
    Event event;
    std::vector<std::string> log;
    bool joined = false;
    other.spawn(wait_for(event, log, "a"));
    loop.group.spawn(join_then_mark(other, joined));
    loop.drain();
    EXPECT_FALSE(joined);
    event.set();
    loop.drain();
    EXPECT_TRUE(joined);
}

TEST(Stop, CallsBackOnceAndAtOnceWhenAlreadyRequested) {
    Stop stop;
    int calls = 0;
    Stop::Callback first(stop, [&] { ++calls; });
    {
        Stop::Callback gone(stop, [&] { calls += 100; });
    }
    stop.request();
    stop.request();
    EXPECT_EQ(calls, 1);
    Stop::Callback late(stop, [&] { ++calls; });
    EXPECT_EQ(calls, 2);
}

TEST(Random, SameSeedSameSequenceAndRangesHold) {
    Random a(7), b(7);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(a.next(), b.next());
        const auto value = a.between(-3, 3);
        EXPECT_EQ(value, b.between(-3, 3));
        EXPECT_GE(value, -3);
        EXPECT_LE(value, 3);
    }
    EXPECT_NE(a.uuid().to_string().front(), '-');
}

TEST(Address, PutsNumericIpv6InBrackets) {
    EXPECT_EQ((Address{"::1", 9092}).to_string(), "[::1]:9092");
    EXPECT_EQ((Address{"localhost", 9092}).to_string(), "localhost:9092");
}

}  // namespace
}  // namespace cauce::runtime
