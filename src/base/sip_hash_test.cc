#include "base/sip_hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <numeric>
#include <set>

namespace cauce {
namespace {

// The secret of the published values: bytes 0 to 15.
constexpr SipSecret kPublished{0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};

TEST(SipHashTest, PublishedValues) {
    struct Case {
        std::size_t size;  // of bytes 0, 1, 2, ...
        std::uint64_t first;
        std::uint64_t second;
    };
    // As they are printed, byte by byte, in two halves.
    for (const Case& c : {Case{0, 0xa3817f04ba25a8e6ull, 0x6df67214c7550293ull},
                          Case{1, 0xda87c1d86b99af44ull, 0x347659119b22fc45ull},
                          Case{7, 0xa1f1ebbed8dbc153ull, 0xc0b84aa61ff08239ull},
                          Case{8, 0x3b62a9ba6258f561ull, 0x0f83e264f31497b4ull},
                          Case{15, 0x5493e99933b0a811ull, 0x7e08ec0f97cfc3d9ull},
                          Case{16, 0x6ee2a4ca67b054bbull, 0xfd3315bf85230577ull},
                          Case{63, 0x5150d1772f50834aull, 0x503e069a973fbd7cull}}) {
        Buffer bytes(c.size);
        std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
        const Hash128 hash = sip_hash(bytes, kPublished);
        EXPECT_EQ(hash.first, std::byteswap(c.first)) << c.size;
        EXPECT_EQ(hash.second, std::byteswap(c.second)) << c.size;
    }
}

TEST(SipHashTest, EveryByteOfTheSecretAndOfTheTextCounts) {
    Buffer text(20);
    std::iota(text.begin(), text.end(), std::uint8_t{0});
    std::set<Hash128> seen{sip_hash(text, kPublished)};
    for (std::size_t i = 0; i < text.size(); ++i) {
        Buffer other = text;
        other[i] ^= 1;
        EXPECT_TRUE(seen.insert(sip_hash(other, kPublished)).second) << i;
    }
    for (unsigned bit = 0; bit < 64; bit += 8) {
        const std::uint64_t flip = std::uint64_t{1} << bit;
        const SipSecret first{kPublished.first ^ flip, kPublished.second};
        const SipSecret second{kPublished.first, kPublished.second ^ flip};
        EXPECT_TRUE(seen.insert(sip_hash(text, first)).second) << bit;
        EXPECT_TRUE(seen.insert(sip_hash(text, second)).second) << bit;
    }
    EXPECT_NE(sip_hash(BytesView(), kPublished), sip_hash(Buffer(1), kPublished));
}

}  // namespace
}  // namespace cauce
