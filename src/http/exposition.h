// Writes metrics down in Prometheus' text format, version 0.0.4: families one after another, each
// with its help, its type and its samples together. What has been written can be taken away in
// pieces. Pure.
#pragma once

#include "live/metric.h"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace cauce::http {

inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

// A name is a word of ours; a value may be any text and is escaped.
struct Label {
    std::string_view name;
    std::string_view value;
};

class Exposition {
public:
    // Begins a family: the samples that follow are its own.
    void family(std::string_view name, live::MetricType type, std::string_view help);

    template <typename Number>
        requires(std::integral<Number> || std::floating_point<Number>)
    void sample(Number value) {
        sample("", {}, value);
    }
    template <typename Number>
        requires(std::integral<Number> || std::floating_point<Number>)
    void sample(std::initializer_list<Label> labels, Number value) {
        sample("", std::span(labels.begin(), labels.size()), value);
    }
    // Of summaries and histograms: `suffix` is "_sum", "_count" or "_bucket".
    template <typename Number>
        requires(std::integral<Number> || std::floating_point<Number>)
    void sample(std::string_view suffix, std::span<const Label> labels, Number value) {
        begin_sample(suffix, labels);
        number(value);
        text_ += '\n';
    }

    std::size_t size() const { return text_.size(); }
    // What has been written since the last call.
    std::string take() { return std::exchange(text_, {}); }

private:
    void begin_sample(std::string_view suffix, std::span<const Label> labels);
    template <typename Number>
    void number(Number value) {
        if constexpr (std::floating_point<Number>) {
            if (value != value) {
                text_ += "NaN";
                return;
            }
            if (value == std::numeric_limits<Number>::infinity()) {
                text_ += "+Inf";
                return;
            }
        }
        char digits[40];
        const auto written = std::to_chars(digits, digits + sizeof digits, value);
        text_.append(digits, written.ptr);
    }

    std::string text_;
    std::string family_;
};

}  // namespace cauce::http
