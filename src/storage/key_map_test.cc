#include "storage/key_map.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace cauce::storage {
namespace {

constexpr SipSecret kSecret{1, 2};

TEST(KeyMapTest, KnowsTheNewestOffsetOfEachKey) {
    KeyMap map(10, 0.9, kSecret);
    EXPECT_EQ(map.newest(as_bytes("a")), std::nullopt);
    EXPECT_TRUE(map.put(as_bytes("a"), Offset{0}));
    EXPECT_TRUE(map.put(as_bytes("b"), Offset{3}));
    EXPECT_TRUE(map.put(as_bytes(""), Offset{4}));
    EXPECT_TRUE(map.put(as_bytes("a"), Offset{7}));
    // Crafted batches may hold their records in any order.
    EXPECT_TRUE(map.put(as_bytes("b"), Offset{2}));
    EXPECT_EQ(map.newest(as_bytes("a")), Offset{7});
    EXPECT_EQ(map.newest(as_bytes("b")), Offset{3});
    EXPECT_EQ(map.newest(as_bytes("")), Offset{4});
    EXPECT_EQ(map.newest(as_bytes("c")), std::nullopt);
    EXPECT_EQ(map.size(), 3u);
}

TEST(KeyMapTest, IsFullAtItsNumberOfKeysWhateverTheLoad) {
    for (const double load : {0.0, 0.01, 0.5, 0.9, 0.95, 1.0, 7.0}) {
        for (const std::size_t keys_max : {1u, 2u, 3u, 10u, 1'000u}) {
            SCOPED_TRACE(::testing::Message() << keys_max << " at " << load);
            KeyMap map(keys_max, load, kSecret);
            for (std::size_t i = 0; i < keys_max; ++i) {
                ASSERT_FALSE(map.full()) << i;
                ASSERT_TRUE(map.put(as_bytes("key-" + std::to_string(i)),
                                    Offset{static_cast<std::int64_t>(i)}));
            }
            ASSERT_TRUE(map.full());
            // One more key has no room; those that are there are noted all the same.
            EXPECT_FALSE(map.put(as_bytes("other"), Offset{9'999}));
            EXPECT_TRUE(map.put(as_bytes("key-0"), Offset{0}));
            // Searches still end, for what is there and for what is not.
            for (std::size_t i = 0; i < keys_max; ++i)
                EXPECT_EQ(map.newest(as_bytes("key-" + std::to_string(i))),
                          Offset{static_cast<std::int64_t>(i)});
            EXPECT_EQ(map.newest(as_bytes("other")), std::nullopt);
        }
    }
}

TEST(KeyMapTest, StaysWithinItsMemory) {
    EXPECT_EQ(KeyMap::kSlotBytes, 24u);
    // Kafka's defaults: 128 MiB at 0.9 are about five million keys.
    EXPECT_NEAR(static_cast<double>(KeyMap::keys_in(128 << 20, 0.9)), 5'033'164.0, 2.0);
    for (const double load : {0.01, 0.5, 0.9, 1.0}) {
        for (const std::size_t bytes : {0u, 1u, 24u, 48u, 100u, 4'096u, 1u << 20}) {
            const std::size_t keys = KeyMap::keys_in(bytes, load);
            ASSERT_GE(keys, 1u);
            const KeyMap map(keys, load, kSecret);
            if (bytes >= 4'096) EXPECT_LE(map.memory_bytes(), bytes) << load;
        }
    }
}

TEST(KeyMapTest, AgreesWithAMapOfTheKeysThemselves) {
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
        KeyMap map(600, 0.9, {seed, seed * 7});
        std::map<std::string, std::int64_t> known;
        std::uint64_t state = seed;
        for (std::int64_t offset = 0; offset < 20'000; ++offset) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            const std::string key = "k" + std::to_string((state >> 33) % 500);
            ASSERT_TRUE(map.put(as_bytes(key), Offset{offset}));
            known[key] = offset;
        }
        EXPECT_EQ(map.size(), known.size());
        for (int i = 0; i < 700; ++i) {
            const std::string key = "k" + std::to_string(i);
            const auto at = known.find(key);
            const auto wanted =
                at == known.end() ? std::nullopt : std::optional(Offset{at->second});
            ASSERT_EQ(map.newest(as_bytes(key)), wanted) << key;
        }
    }
}

}  // namespace
}  // namespace cauce::storage
