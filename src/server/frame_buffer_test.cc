#include "server/frame_buffer.h"

#include "client/testing/loop.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

namespace cauce::server {
namespace {

Buffer framed(std::size_t size, std::uint8_t fill) {
    Buffer bytes(4 + size, fill);
    store_big_endian<std::int32_t>(bytes.data(), static_cast<std::int32_t>(size));
    return bytes;
}

// Feeds `bytes` as reads of at most `step`, collecting frames.
std::vector<Frame> feed(FrameBuffer& buffer, const Buffer& bytes, std::size_t step) {
    std::vector<Frame> frames;
    std::size_t at = 0;
    while (at < bytes.size()) {
        MutableBytes room = buffer.room();
        const std::size_t n = std::min({step, room.size(), bytes.size() - at});
        std::memcpy(room.data(), bytes.data() + at, n);
        buffer.received(n);
        at += n;
        while (auto frame = buffer.next())
            frames.push_back(*frame);
    }
    return frames;
}

TEST(FrameBuffer, CutsFramesWhateverTheReads) {
    for (std::size_t step : {1u, 3u, 7u, 100u, 1u << 20}) {
        FrameBuffer buffer;
        Buffer all;
        const std::vector<std::size_t> sizes{0, 1, 10, 1000, 5000, 3, 300'000, 12};
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            const Buffer one = framed(sizes[i], static_cast<std::uint8_t>(i + 1));
            all.insert(all.end(), one.begin(), one.end());
        }
        const auto frames = feed(buffer, all, step);
        ASSERT_EQ(frames.size(), sizes.size()) << step;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            ASSERT_EQ(frames[i].bytes.size(), sizes[i]);
            for (std::uint8_t byte : frames[i].bytes)
                ASSERT_EQ(byte, i + 1);
        }
        EXPECT_TRUE(buffer.empty());
    }
}

TEST(FrameBuffer, GivesItsMemoryBackAndGrowsAgain) {
    FrameBuffer buffer;
    const Buffer one = framed(300'000, 7);
    auto frames = feed(buffer, one, 1 << 20);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_TRUE(buffer.counts());
    const std::weak_ptr<std::uint8_t[]> chunk = frames[0].chunk;
    buffer.release();
    EXPECT_FALSE(buffer.counts());
    // A request that still runs keeps it.
    EXPECT_FALSE(chunk.expired());
    EXPECT_EQ(frames[0].bytes[299'999], 7);
    frames.clear();
    EXPECT_TRUE(chunk.expired());
    EXPECT_EQ(buffer.growth(), FrameBuffer::kChunkBytesMin);
    EXPECT_EQ(feed(buffer, one, 1 << 20).size(), 1u);
}

TEST(FrameBuffer, AClaimAloneCostsNothing) {
    FrameBuffer buffer;
    Buffer claim(4);
    store_big_endian<std::int32_t>(claim.data(), 100'000'000);
    EXPECT_TRUE(feed(buffer, claim, 4).empty());
    EXPECT_LE(buffer.room().size(), FrameBuffer::kChunkBytesMin);
}

TEST(FrameBuffer, AnIdleConnectionHoldsLittle) {
    FrameBuffer buffer;
    for (int i = 0; i < 100; ++i)
        feed(buffer, framed(100, 1), 104);
    EXPECT_LE(buffer.room().size(), FrameBuffer::kChunkBytesMin);
}

TEST(FrameBuffer, TellsBeforehandWhatItIsGoingToTake) {
    client::testing::Loop loop;
    RequestMemory memory(loop, 1u << 30);
    FrameBuffer buffer;
    buffer.use(memory);
    const Buffer bytes = framed(3'000'000, 1);
    std::vector<Frame> frames;  // keeps every chunk
    for (int round = 0; round < 3; ++round) {
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t before = memory.used();
            const std::size_t growth = buffer.growth();
            EXPECT_LE(growth, std::max<std::size_t>(2 * at, FrameBuffer::kChunkBytesLarge));
            MutableBytes room = buffer.room();
            // The chunk before may be freed at once.
            EXPECT_LE(memory.used(), before + growth);
            if (growth == 0) {
                EXPECT_EQ(memory.used(), before);
            }
            EXPECT_EQ(buffer.growth(), 0u);
            const std::size_t n = std::min(room.size(), bytes.size() - at);
            std::memcpy(room.data(), bytes.data() + at, n);
            buffer.received(n);
            at += n;
            while (auto frame = buffer.next())
                frames.push_back(*frame);
        }
    }
    EXPECT_EQ(frames.size(), 3u);
    EXPECT_GE(memory.used(), 9'000'000u);
    frames.clear();
    buffer = FrameBuffer();
    EXPECT_EQ(memory.used(), 0u);
}

TEST(FrameBuffer, AModestOneTakesWhatTheFrameNeeds) {
    FrameBuffer buffer;
    for (int i = 0; i < 20; ++i)
        feed(buffer, framed(300'000, 1), 1u << 20);
    const auto running = feed(buffer, framed(300'000, 1), 1u << 20);
    ASSERT_EQ(running.size(), 1u);
    if (buffer.growth() > 0) {
        EXPECT_GE(buffer.growth(), 300'000u);
    }
    EXPECT_TRUE(buffer.be_modest());
    EXPECT_FALSE(buffer.be_modest());
    EXPECT_LE(buffer.growth(), FrameBuffer::kChunkBytesMin);
}

TEST(FrameBuffer, WhatWasReceivedMovesToAnotherShard) {
    client::testing::Loop loop;
    RequestMemory here(loop, 1u << 20);
    RequestMemory there(loop, 1u << 20);
    const Buffer bytes = framed(50'000, 7);
    FrameBuffer buffer;
    buffer.use(here);
    for (std::size_t at = 0; at < 40'000;) {
        MutableBytes room = buffer.room();
        const std::size_t n = std::min<std::size_t>(room.size(), 40'000 - at);
        std::memcpy(room.data(), bytes.data() + at, n);
        buffer.received(n);
        at += n;
    }
    EXPECT_GT(here.used(), 0u);
    FrameBuffer moved = buffer.take_along();
    EXPECT_EQ(here.used(), 0u);
    moved.use(there);
    EXPECT_GE(there.used(), 40'000u);
    const auto frames =
        feed(moved, Buffer(bytes.begin() + 40'000, bytes.end()), std::size_t{1} << 20);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(Buffer(frames[0].bytes.begin(), frames[0].bytes.end()),
              Buffer(bytes.begin() + 4, bytes.end()));
}

}  // namespace
}  // namespace cauce::server
