#include "live/request_times.h"

#include "base/check.h"

#include <numeric>

namespace cauce::live {

void Spans::add(const Spans& other) {
    for (std::size_t i = 0; i < kBuckets; ++i)
        buckets_[i] += other.buckets_[i];
    sum_ += other.sum_;
}

Spans Spans::since(const Spans& before) const {
    Spans out;
    for (std::size_t i = 0; i < kBuckets; ++i)
        out.buckets_[i] = buckets_[i] - before.buckets_[i];
    out.sum_ = sum_ - before.sum_;
    return out;
}

std::uint64_t Spans::count() const {
    return std::accumulate(buckets_.begin(), buckets_.end(), std::uint64_t{0});
}

std::uint64_t Spans::shorter_than_octave(int octave) const {
    CHECK(octave >= kFirstOctave && octave <= kEndOctave, octave);
    const auto end = buckets_.begin() + 1 + 4 * (octave - kFirstOctave);
    return std::accumulate(buckets_.begin(), end, std::uint64_t{0});
}

double Spans::middle_of(std::size_t bucket) {
    constexpr double kNanosecond = 1e-9;
    if (bucket == 0) return static_cast<double>(1 << (kFirstOctave - 1)) * kNanosecond;
    if (bucket == kBuckets - 1)
        return static_cast<double>(std::uint64_t{1} << kEndOctave) * kNanosecond;
    const auto octave = kFirstOctave + static_cast<int>((bucket - 1) / 4);
    const auto quarter = static_cast<double>((bucket - 1) % 4);
    // A bucket is a quarter of an octave: [4 + quarter, 5 + quarter) / 4 of 2^octave.
    return (4.5 + quarter) / 4 * static_cast<double>(std::uint64_t{1} << octave) * kNanosecond;
}

double Spans::quantile(double q) const {
    const std::uint64_t all = count();
    if (all == 0) return 0;
    const double wanted = q * static_cast<double>(all);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        seen += buckets_[i];
        if (static_cast<double>(seen) >= wanted && buckets_[i] > 0) return middle_of(i);
    }
    return middle_of(kBuckets - 1);
}

}  // namespace cauce::live
