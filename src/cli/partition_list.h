// Partitions as people write them: "0", "0,2", "4-6".
#pragma once

#include <cstdint>
#include <expected>
#include <set>
#include <string>
#include <string_view>

namespace cauce::cli {

// The error says what was expected.
std::expected<std::set<std::int32_t>, std::string> parse_partitions(std::string_view text);

}  // namespace cauce::cli
