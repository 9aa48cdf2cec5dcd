#include "server/frame_buffer.h"

#include <gtest/gtest.h>

#include <cstring>
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

}  // namespace
}  // namespace cauce::server
