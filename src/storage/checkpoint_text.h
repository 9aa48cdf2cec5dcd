// The common form of Kafka's checkpoint files: a line with the version (0), a line with the number
// of entries, and a line for each entry, fields parted by blanks. docs/formats/checkpoints.md.
// [pure]
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::storage {

// The two lines on top.
std::string checkpoint_head(std::size_t entries);

// The fields of each entry; nothing when the head is wrong or the number of lines is not what it
// says.
std::optional<std::vector<std::vector<std::string_view>>> checkpoint_lines(std::string_view text);

// A decimal number and nothing else.
template <typename Integer>
std::optional<Integer> parse_number(std::string_view text) {
    Integer value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace cauce::storage
