// Seam: chance. One generator a shard; its own range functions, because the standard's differ
// between libraries.
#pragma once

#include "base/check.h"
#include "base/ids.h"

#include <cstdint>

namespace cauce::runtime {

// splitmix64 (Steele, Lea, Flood 2014): small, quick, good enough for ids, jitter and simulation.
// Not for secrets.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }

    // Uniform in [0, bound).
    std::uint64_t below(std::uint64_t bound) {
        CHECK(bound > 0);
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
    }

    // Uniform in [low, high].
    std::int64_t between(std::int64_t low, std::int64_t high) {
        CHECK(low <= high, low, high);
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
    }

    // True once in `n`.
    bool one_in(std::uint64_t n) { return below(n) == 0; }

    // A random (version 4) id whose text form does not begin with '-', as Kafka's are.
    Uuid uuid() {
        Uuid id;
        do {
            id.high = (next() & ~0xf000ull) | 0x4000ull;
            id.low = (next() & ~(3ull << 62)) | 1ull << 63;
        } while (id.to_string().front() == '-');
        return id;
    }

private:
    std::uint64_t state_;
};

}  // namespace cauce::runtime
