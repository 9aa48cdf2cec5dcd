// Latencies in buckets whose width is at most 1/64 of their value: percentiles to better than 2 %,
// any number of samples, no allocation.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace cauce::bench {

class Histogram {
public:
    void record(std::uint64_t nanoseconds) {
        ++counts_[bucket_of(nanoseconds)];
        ++total_;
        if (nanoseconds > max_) max_ = nanoseconds;
    }
    void add(const Histogram& other) {
        for (std::size_t i = 0; i < counts_.size(); ++i)
            counts_[i] += other.counts_[i];
        total_ += other.total_;
        if (other.max_ > max_) max_ = other.max_;
    }

    std::uint64_t count() const { return total_; }
    std::uint64_t max() const { return max_; }
    // The upper edge of the bucket in which the sample of that rank lies. 0 without samples.
    std::uint64_t percentile(double percent) const {
        const auto rank = static_cast<std::uint64_t>(percent / 100.0 * static_cast<double>(total_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen > rank || (seen == total_ && seen > 0))
                return upper_edge(i) < max_ ? upper_edge(i) : max_;
        }
        return 0;
    }

private:
    static constexpr unsigned kSubBits = 6;
    static constexpr std::size_t kSub = 1u << kSubBits;

    // Values below 64 have a bucket each; above, 64 buckets for every power of two.
    static std::size_t bucket_of(std::uint64_t value) {
        if (value < kSub) return static_cast<std::size_t>(value);
        const unsigned power = static_cast<unsigned>(std::bit_width(value)) - kSubBits - 1;
        return (power + 1) * kSub + static_cast<std::size_t>((value >> power) - kSub);
    }
    static std::uint64_t upper_edge(std::size_t bucket) {
        if (bucket < kSub) return bucket;
        const std::size_t power = bucket / kSub - 1;
        return ((kSub + bucket % kSub + 1) << power) - 1;
    }

    std::array<std::uint64_t, kSub * (64 - kSubBits + 1)> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace cauce::bench
