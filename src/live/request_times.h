// How long requests took, by API. Counted on the shard that served them; readers ask the shard and
// add up. A request costs one look at the clock and a few increments.
#pragma once

#include "base/time.h"

#include <array>
#include <bit>
#include <cstdint>
#include <map>

namespace cauce::live {

// Counts spans in buckets, four to an octave, so that a quantile is off by 12 % at most: from 1 us
// to 137 s, and what lies outside. A plain value of 900 bytes.
class Spans {
public:
    // The first bucket ends at 2^10 ns; from there four to an octave, up to 2^37; then the rest.
    static constexpr int kFirstOctave = 10;
    static constexpr int kEndOctave = 37;
    static constexpr std::size_t kBuckets = 4 * (kEndOctave - kFirstOctave) + 2;

    void add(Duration span) {
        ++buckets_[bucket_of(span)];
        sum_ += span;
    }
    void add(const Spans& other);
    // What was counted since `before`, an older state of the same.
    Spans since(const Spans& before) const;

    std::uint64_t count() const;
    Duration sum() const { return sum_; }
    // How many were shorter than 2^octave ns, kFirstOctave <= octave <= kEndOctave.
    std::uint64_t shorter_than_octave(int octave) const;
    // In seconds, 0 < q < 1: the middle of the bucket that holds it; 0 when nothing was counted.
    double quantile(double q) const;

private:
    static std::size_t bucket_of(Duration span) {
        const std::int64_t signed_ns = span.count();
        const auto ns = static_cast<std::uint64_t>(signed_ns < 0 ? 0 : signed_ns);
        if (ns < (std::uint64_t{1} << kFirstOctave)) return 0;
        const int octave = static_cast<int>(std::bit_width(ns)) - 1;
        if (octave >= kEndOctave) return kBuckets - 1;
        const std::uint64_t quarter = ns >> (octave - 2) & 3;
        return 1 + 4 * static_cast<std::size_t>(octave - kFirstOctave) +
               static_cast<std::size_t>(quarter);
    }
    static double middle_of(std::size_t bucket);

    std::array<std::uint64_t, kBuckets> buckets_{};
    Duration sum_{0};
};

// By API key. What nobody asked for takes no memory.
using RequestTimes = std::map<std::int16_t, Spans>;

}  // namespace cauce::live
