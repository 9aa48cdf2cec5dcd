// Shards on real threads: turns, timers, calls across, stop.
#include "runtime/os/stop_signals.h"
#include "runtime/os/test_runtime.h"
#include "runtime/os/turn_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <pthread.h>
#include <set>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace cauce::runtime::os {
namespace {

Task<int> double_on(Shards& there, unsigned expected, int value) {
    EXPECT_EQ(there.self(), expected);
    co_await yield();
    co_return value * 2;
}

struct Counting {
    Runtime& runtime;
    unsigned shards;

    Task<void> call_often(unsigned from, int times, long& sum) {
        Shards& here = runtime.shards(from);
        for (int i = 0; i < times; ++i) {
            const unsigned to = (from + static_cast<unsigned>(i)) % shards;
            auto make = [this, to, i] { return double_on(runtime.shards(to), to, i); };
            sum += co_await here.on(to, make);
            EXPECT_EQ(here.self(), from);
        }
    }

    Task<void> many_tasks(unsigned from, long& sum) {
        TaskGroup group(runtime.shards(from).ready());
        for (int task = 0; task < 20; ++task)
            group.spawn(call_often(from, 100, sum));
        co_await group.join();
    }
};

TEST(Shards, CallsFromManyTasksOnAllShardsComeBackWithTheirResults) {
    constexpr unsigned kShards = 3;
    const auto runtime = make_runtime(kShards);
    Counting counting{*runtime, kShards};
    std::vector<long> sums(kShards);
    const auto ran =
        runtime->run([&](unsigned shard) { return counting.many_tasks(shard, sums[shard]); });
    ASSERT_TRUE(ran.has_value());
    for (const long sum : sums)
        EXPECT_EQ(sum, 20L * 99 * 100);
}

TEST(Shards, EachHasAThreadOfItsOwnAndTheFirstIsTheCallers) {
    const auto runtime = make_runtime(3);
    std::vector<pthread_t> threads(3);
    struct Note {
        static Task<void> run(pthread_t& into) {
            into = ::pthread_self();
            co_return;
        }
    };
    ASSERT_TRUE(runtime->run([&](unsigned shard) { return Note::run(threads[shard]); }));
    EXPECT_EQ(threads[0], ::pthread_self());
    EXPECT_EQ(std::set<pthread_t>(threads.begin(), threads.end()).size(), 3u);
}

class Numbered final : public ShardMessage {
public:
    void arrive(Shards&) override { seen->push_back(number); }
    int number = 0;
    std::vector<int>* seen = nullptr;
};

TEST(Shards, MessagesFromOneShardArriveInOrder) {
    const auto runtime = make_runtime(2);
    std::vector<int> seen;
    std::vector<Numbered> messages(5000);
    for (int i = 0; i < 5000; ++i) {
        messages[static_cast<std::size_t>(i)].number = i;
        messages[static_cast<std::size_t>(i)].seen = &seen;
    }
    struct Post {
        static Task<std::size_t> count(std::vector<int>& numbers) { co_return numbers.size(); }
        static Task<void> all(Shards& here, std::vector<Numbered>& messages,
                              std::vector<int>& numbers) {
            for (Numbered& message : messages) {
                here.post(1, message);
                if (message.number % 100 == 0) co_await yield();
            }
            // A call takes the same way, so it comes behind them.
            auto make = [&numbers] { return count(numbers); };
            const std::size_t arrived = co_await here.on(1, make);
            EXPECT_EQ(arrived, 5000u);
        }
    };
    run_on_first(*runtime, [&] { return Post::all(runtime->shards(0), messages, seen); });
    for (int i = 0; i < 5000; ++i)
        ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
}

// What computes, on both shards at once.
struct Computing {
    Runtime& runtime;
    std::atomic<int> under_way{0};
    std::atomic<int> most{0};
    std::atomic<bool> shard_went_on{false};
    std::set<pthread_t> threads{};
    std::vector<int> nice{};

    Task<void> often(unsigned shard) {
        Shards& here = runtime.shards(shard);
        const std::function<void()> work = [this] {
            most = std::max(most.load(), ++under_way);
            threads.insert(::pthread_self());
            nice.push_back(::getpriority(PRIO_PROCESS, 0));
            --under_way;
        };
        for (int i = 0; i < 50; ++i)
            co_await here.compute(work);
        // The shard has turns meanwhile: it, and nobody else, ends this one.
        TaskGroup others(here.ready());
        others.spawn(go_on());
        const std::function<void()> wait = [this] {
            while (!shard_went_on)
                std::this_thread::yield();
        };
        co_await here.compute(wait);
        co_await others.join();
    }
    Task<void> go_on() {
        shard_went_on = true;
        co_return;
    }
};

TEST(Shards, WhatComputesHasAThreadOfItsOwnOneAfterAnother) {
    const auto runtime = make_runtime(2);
    Computing computing{*runtime};
    ASSERT_TRUE(runtime->run([&](unsigned shard) { return computing.often(shard); }));
    EXPECT_EQ(computing.most.load(), 1);
    ASSERT_EQ(computing.threads.size(), 1u);
    EXPECT_FALSE(computing.threads.contains(::pthread_self()));
    ASSERT_EQ(computing.nice.size(), 100u);
    EXPECT_EQ(computing.nice.front(), std::min(19, ::getpriority(PRIO_PROCESS, 0) + 10));
}

Task<void> sleep_and_measure(Shards& shards, Duration span, Duration& slept) {
    const MonoTime begin = read_monotonic();
    co_await shards.sleep_until(shards.clock().now() + span);
    slept = read_monotonic() - begin;
    EXPECT_GE(shards.clock().now(), begin + span);
}

TEST(Shards, TimersFireAtTheirTimeAndNotMuchLater) {
    const auto runtime = make_runtime();
    Duration slept{};
    run_on_first(*runtime,
                 [&] { return sleep_and_measure(runtime->shards(0), milliseconds(30), slept); });
    EXPECT_GE(slept, milliseconds(29));
    EXPECT_LT(slept, seconds(2));  // generous: a busy machine
}

Task<void> clock_stands_still(Shards& shards, Duration& moved) {
    const MonoTime begin = shards.clock().now();
    const WallTime wall = shards.clock().wall();
    std::this_thread::sleep_for(milliseconds(5));
    EXPECT_EQ(shards.clock().now(), begin);
    EXPECT_EQ(shards.clock().wall(), wall);
    co_await shards.sleep_until(begin + milliseconds(1));
    moved = shards.clock().now() - begin;
}

TEST(Shards, TheClockMovesBetweenTurnsOnly) {
    const auto runtime = make_runtime();
    Duration moved{};
    run_on_first(*runtime, [&] { return clock_stands_still(runtime->shards(0), moved); });
    EXPECT_GE(moved, milliseconds(5));
}

Task<void> spin(const bool& done, long& spins) {
    while (!done) {
        ++spins;
        co_await yield();
    }
}

Task<void> sleep_beside_a_spinner(Shards& shards, long& spins) {
    bool done = false;
    TaskGroup group(shards.ready());
    group.spawn(spin(done, spins));
    co_await shards.sleep_until(shards.clock().now() + milliseconds(20));
    done = true;
    co_await group.join();
}

TEST(Shards, ATaskThatNeverRestsDoesNotStarveTimers) {
    const auto runtime = make_runtime();
    long spins = 0;
    run_on_first(*runtime, [&] { return sleep_beside_a_spinner(runtime->shards(0), spins); });
    EXPECT_GT(spins, 0);
}

Task<void> wait_for_stop(Stop& stop, bool& stopped) {
    co_await stop.wait();
    stopped = true;
}

TEST(Shards, AnIdleShardSleeps) {
    // Not a single wake-up: an idle second shard has no voluntary context switches in a while.
    const auto runtime = make_runtime(2);
    struct Idle {
        static Task<long> switches() {
            rusage usage{};
            ::getrusage(RUSAGE_THREAD, &usage);
            co_return usage.ru_nvcsw;
        }
        static Task<void> run(Shards& here, long& woken) {
            auto make = [] { return switches(); };
            const long before = co_await here.on(1, make);
            co_await here.sleep_until(here.clock().now() + milliseconds(300));
            woken = co_await here.on(1, make) - before;
        }
    };
    long woken = 100;
    run_on_first(*runtime, [&] { return Idle::run(runtime->shards(0), woken); });
    // It went to sleep once after the first call (and once more if the call came in two steps).
    EXPECT_LE(woken, 2);
}

TEST(StopSignals, TheFirstSignalAsksToStop) {
    auto made = Runtime::make({.shards = 2, .stop_on_signals = true, .log = nullptr});
    ASSERT_TRUE(made.has_value());
    Runtime& runtime = **made;
    bool stopped = false;
    struct Raise {
        static Task<void> run(Runtime& runtime, bool& stopped) {
            ::kill(::getpid(), SIGTERM);
            co_await wait_for_stop(runtime.stop(), stopped);
        }
    };
    run_on_first(runtime, [&] { return Raise::run(runtime, stopped); });
    EXPECT_TRUE(stopped);
    EXPECT_TRUE(runtime.stop().requested());
}

TEST(StopSignalsDeathTest, TheSecondSignalEndsTheProcessEvenWhenTheShardIsStuck) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            auto made = Runtime::make({.shards = 1, .stop_on_signals = true, .log = nullptr});
            std::raise(SIGINT);
            std::raise(SIGINT);  // no turn in between
            std::_Exit(0);
        },
        testing::ExitedWithCode(130), "");
}

TEST(StopSignals, TheOldHandlersComeBack) {
    struct sigaction before{};
    ::sigaction(SIGTERM, nullptr, &before);
    {
        auto made = Runtime::make({.shards = 1, .stop_on_signals = true, .log = nullptr});
        ASSERT_TRUE(made.has_value());
        struct sigaction during{};
        ::sigaction(SIGTERM, nullptr, &during);
        EXPECT_NE(during.sa_handler, before.sa_handler);
    }
    struct sigaction after{};
    ::sigaction(SIGTERM, nullptr, &after);
    EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST(Shards, SeedsDiffer) {
    const auto runtime = make_runtime(2);
    EXPECT_NE(runtime->shards(0).random().next(), runtime->shards(1).random().next());
}

}  // namespace
}  // namespace cauce::runtime::os
