#include "server/request_memory.h"

#include "client/testing/loop.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::server {
namespace {

constexpr std::size_t kLimit = 1'000'000;

class Requests : public ::testing::Test {
protected:
    // Waits until the memory may be had, takes it and says so.
    Task<void> take(const int& peer, std::size_t bytes, std::string name) {
        while (!memory.grants(bytes, &peer)) {
            co_await memory.wait(bytes, &peer);
            if (gone == &peer) co_return;
        }
        chunks.push_back(memory.allocate(bytes));
        took.push_back(std::move(name));
    }

    client::testing::Loop loop;
    RequestMemory memory{loop, kLimit};
    std::vector<RequestMemory::Chunk> chunks;
    std::vector<std::string> took;
    const int a = 0, b = 0, c = 0;
    const int* gone = nullptr;
    runtime::TaskGroup tasks{loop.ready()};
};

TEST_F(Requests, CountsUntilTheLastOwnerLetsGo) {
    auto chunk = memory.allocate(5000);
    auto frame = chunk;
    EXPECT_EQ(memory.used(), 5000u);
    chunk.reset();
    EXPECT_EQ(memory.used(), 5000u);
    frame.reset();
    EXPECT_EQ(memory.used(), 0u);
    const auto small = memory.allocate(RequestMemory::kFreeBytes);
    EXPECT_EQ(memory.used(), 0u);
}

TEST_F(Requests, TheLastQuarterIsForSmallOnes) {
    EXPECT_TRUE(memory.grants(kLimit * 3 / 4, &a));
    EXPECT_FALSE(memory.grants(kLimit * 3 / 4 + 1, &a));
    const auto large = memory.allocate(kLimit * 3 / 4);
    EXPECT_FALSE(memory.grants(RequestMemory::kSmallBytes + 1, &a));
    EXPECT_TRUE(memory.grants(RequestMemory::kSmallBytes, &a));
    const auto rest = memory.allocate(kLimit / 4);
    EXPECT_FALSE(memory.grants(RequestMemory::kFreeBytes + 1, &a));
    EXPECT_TRUE(memory.grants(RequestMemory::kFreeBytes, &a));
}

TEST_F(Requests, OneAtATimeGoesBeyondTheLimitInTheOrderTheyCame) {
    const auto full = memory.allocate(kLimit);
    tasks.spawn(take(a, 700'000, "a"));
    tasks.spawn(take(b, 600'000, "b"));
    tasks.spawn(take(c, 600'000, "c"));
    loop.run_for(milliseconds(1));
    EXPECT_EQ(took, std::vector<std::string>{"a"});
    EXPECT_EQ(memory.used(), kLimit + 700'000);
    EXPECT_EQ(memory.waiting(), 2u);
    memory.whole(&b);  // not b's turn: nothing
    loop.run_for(milliseconds(1));
    EXPECT_EQ(took.size(), 1u);
    memory.whole(&a);
    loop.run_for(milliseconds(1));
    EXPECT_EQ(took, (std::vector<std::string>{"a", "b"}));
    memory.withdraw(&b);  // its connection ended
    loop.run_for(milliseconds(1));
    EXPECT_EQ(took, (std::vector<std::string>{"a", "b", "c"}));
    memory.withdraw(&c);
}

TEST_F(Requests, WhatIsFreedWakesWhoWaits) {
    auto full = memory.allocate(kLimit);
    tasks.spawn(take(a, 1'000, "free"));  // never waits
    tasks.spawn(take(a, 2'000, "turn"));
    tasks.spawn(take(b, 400'000, "b"));
    loop.run_for(seconds(1));
    EXPECT_EQ(took, (std::vector<std::string>{"free", "turn"}));
    full.reset();
    loop.run_for(seconds(1));
    EXPECT_EQ(took.back(), "b");
    memory.withdraw(&a);
}

TEST_F(Requests, PressureIsToldAsLongAsSomebodyWaits) {
    int told = 0;
    memory.on_pressure([&] { ++told; });
    const auto full = memory.allocate(kLimit);
    tasks.spawn(take(a, 5'000, "a"));
    loop.run_for(seconds(60));
    EXPECT_EQ(told, 0);
    EXPECT_TRUE(memory.has_turn(&a));
    tasks.spawn(take(b, 5'000, "b"));
    loop.run_for(RequestMemory::kPressureInterval * 3);
    EXPECT_EQ(told, 3);
    memory.withdraw(&a);  // closed for it
    loop.run_for(seconds(60));
    EXPECT_EQ(told, 3);
    EXPECT_EQ(took, (std::vector<std::string>{"a", "b"}));
    memory.withdraw(&b);
}

TEST_F(Requests, WhoLeavesDoesNotWaitAnyMore) {
    const auto full = memory.allocate(kLimit);
    tasks.spawn(take(a, 5'000, "a"));
    tasks.spawn(take(b, 5'000, "b"));
    loop.run_for(seconds(1));
    gone = &b;
    memory.withdraw(&b);
    loop.run_for(seconds(1));
    EXPECT_EQ(memory.waiting(), 0u);
    EXPECT_EQ(took, std::vector<std::string>{"a"});
    // Destroyed where they stand.
    tasks.spawn(take(c, 5'000, "c"));
    loop.run_for(seconds(1));
    EXPECT_EQ(memory.waiting(), 1u);
}

}  // namespace
}  // namespace cauce::server
