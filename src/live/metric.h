// A metric in words: what a node shows under one name on its page /metrics, and what `cauce
// explain` tells about it. A plain value that refers to text which lives as long as the program.
// Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace cauce::live {

// As Prometheus tells them apart.
enum class MetricType : std::uint8_t { counter, gauge, summary, histogram };

constexpr std::string_view name_of(MetricType type) {
    switch (type) {
        case MetricType::counter:
            return "counter";
        case MetricType::gauge:
            return "gauge";
        case MetricType::summary:
            return "summary";
        case MetricType::histogram:
            return "histogram";
    }
    return "untyped";
}

struct Metric {
    std::string_view name;
    MetricType type;
    std::string_view unit;
    // Every sample has all of them, but for `quantile` and `le`, which sums and counts lack.
    std::span<const std::string_view> labels;
    // One sentence: the metric's help on the page.
    std::string_view text;
    // When somebody should look, and where to.
    std::string_view worry;
};

}  // namespace cauce::live
