#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <numeric>
#include <string>

namespace cauce {
namespace {

// A bit at a time, straight from the definition.
std::uint32_t by_definition(BytesView bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

Buffer noise(std::size_t size) {
    Buffer bytes(size);
    std::uint32_t state = 12345;
    for (std::uint8_t& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    return bytes;
}

TEST(Crc32cTest, PublishedValues) {
    // RFC 3720, appendix B.4.
    Buffer ascending(32);
    std::iota(ascending.begin(), ascending.end(), std::uint8_t{0});
    const Buffer descending(ascending.rbegin(), ascending.rend());
    for (const Crc32cWay& way : crc32c_ways()) {
        if (!way.usable) continue;
        EXPECT_EQ(way.run(as_bytes("123456789"), 0), 0xe3069283u) << way.name;
        EXPECT_EQ(way.run(Buffer(32, 0x00), 0), 0x8a9136aau) << way.name;
        EXPECT_EQ(way.run(Buffer(32, 0xff), 0), 0x62a8ab43u) << way.name;
        EXPECT_EQ(way.run(ascending, 0), 0x46dd794eu) << way.name;
        EXPECT_EQ(way.run(descending, 0), 0x113fdb5cu) << way.name;
        EXPECT_EQ(way.run({}, 0), 0u) << way.name;
    }
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);
}

TEST(Crc32cTest, AllWaysAgreeAtEveryLengthAndAlignment) {
    const Buffer bytes = noise(10'000);
    for (std::size_t size = 0; size < 2'000; ++size) {
        const BytesView part = BytesView(bytes).subspan(size % 9, size);
        const std::uint32_t expected = by_definition(part);
        for (const Crc32cWay& way : crc32c_ways()) {
            if (way.usable) ASSERT_EQ(way.run(part, 0), expected) << way.name << " " << size;
        }
    }
    for (const std::size_t size : {3071u, 3072u, 3073u, 6144u, 9999u}) {
        const BytesView part = BytesView(bytes).first(size);
        for (const Crc32cWay& way : crc32c_ways()) {
            if (way.usable)
                ASSERT_EQ(way.run(part, 0), by_definition(part)) << way.name << " " << size;
        }
    }
}

TEST(Crc32cTest, SeedContinuesAChecksum) {
    const Buffer bytes = noise(5'000);
    for (const std::size_t cut : {0u, 1u, 7u, 8u, 383u, 384u, 3072u, 4999u, 5000u}) {
        const std::uint32_t head = crc32c(BytesView(bytes).first(cut));
        EXPECT_EQ(crc32c(BytesView(bytes).subspan(cut), head), by_definition(bytes)) << cut;
    }
}

TEST(Crc32cTest, ChangeIsAccountedForWithoutReadingTheRest) {
    for (const std::size_t size : {16u, 100u, 4096u}) {
        Buffer bytes = noise(size);
        for (const std::size_t at : {std::size_t{0}, size / 2, size - 8}) {
            const std::uint32_t crc = crc32c(bytes);
            const Buffer before(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                bytes.begin() + static_cast<std::ptrdiff_t>(at) + 8);
            const Buffer after = {1, 2, 3, 4, 5, 6, 7, 8};
            std::copy(after.begin(), after.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
            EXPECT_EQ(crc32c_of_change(crc, before, after, size - at - 8), crc32c(bytes)) << at;
        }
    }
}

}  // namespace
}  // namespace cauce
