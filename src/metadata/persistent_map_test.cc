#include "metadata/persistent_map.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cauce::metadata {
namespace {

struct Entry {
    int key = 0;
    int value = 0;
};
struct EntryKey {
    int operator()(const Entry& e) const { return e.key; }
};
using Map = PersistentMap<Entry, EntryKey>;

std::map<int, int> content(const Map& map) {
    std::map<int, int> out;
    int last = -1;
    for (const Entry& e : map) {
        EXPECT_GT(e.key, last) << "in order, each once";
        last = e.key;
        out[e.key] = e.value;
    }
    EXPECT_EQ(out.size(), map.size());
    return out;
}

// A cheap generator of its own: this folder has no seams.
struct Draw {
    std::uint64_t state;
    int below(int bound) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return static_cast<int>((state >> 33) % static_cast<std::uint64_t>(bound));
    }
};

TEST(PersistentMap, AgreesWithAPlainMapWhileOldCopiesStayAsTheyWere) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Draw draw{seed};
        Map map;
        std::map<int, int> plain;
        std::uint64_t edit = 1;
        std::vector<std::pair<Map, std::map<int, int>>> frozen;
        for (int step = 0; step < 2000; ++step) {
            const int key = draw.below(200);
            if (draw.below(3) == 0) {
                EXPECT_EQ(map.erase(edit, key), plain.erase(key) == 1);
            } else {
                map.set(edit, {key, step});
                plain[key] = step;
            }
            if (draw.below(50) == 0) {
                frozen.emplace_back(map, plain);
                ++edit;
            }
        }
        EXPECT_EQ(content(map), plain);
        for (const auto& [copy, expected] : frozen)
            EXPECT_EQ(content(copy), expected);
        for (int key = 0; key < 200; ++key) {
            const Entry* found = map.find(key);
            EXPECT_EQ(found != nullptr, plain.contains(key));
            const auto next = plain.lower_bound(key);
            const auto at = map.lower_bound(key);
            ASSERT_EQ(at == map.end(), next == plain.end());
            if (next != plain.end()) {
                EXPECT_EQ(at->key, next->first);
            }
        }
    }
}

TEST(PersistentMap, IteratesOnFromALowerBound) {
    Map map;
    for (int key = 0; key < 1000; key += 2)
        map.set(1, {key, key});
    int expected = 502;
    for (auto at = map.lower_bound(501); at != map.end(); ++at, expected += 2)
        ASSERT_EQ(at->key, expected);
    EXPECT_EQ(expected, 1000);
}

TEST(PersistentMap, StaysShallowWhenKeysComeInOrder) {
    // So many sorted keys in a plain tree would be a list, and this test would not end.
    Map map;
    for (int key = 0; key < 200'000; ++key)
        map.set(1, {key, key});
    for (int key = 0; key < 200'000; key += 1000)
        ASSERT_NE(map.find(key), nullptr);
    EXPECT_EQ(map.size(), 200'000u);
}

}  // namespace
}  // namespace cauce::metadata
