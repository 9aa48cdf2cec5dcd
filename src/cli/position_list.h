// Positions of a group as people write them: --position of `group seek`, and what undoes a change.
//   orders:0=42           partition 0 of topic orders
//   orders:0=42,1=17      several partitions
//   orders:2=none         no position: the group forgets it
#pragma once

#include "base/ids.h"
#include "cli/arguments.h"

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cauce::cli {

// Nothing = no position.
using Positions = std::map<TopicPartition, std::optional<std::int64_t>>;

// The error says what was expected.
std::expected<Positions, std::string> parse_positions(std::string_view text);
Accept into(Positions& target);

// The options that set these: "--position orders:0=42,1=17 --position sales:0=none".
std::string position_options(const Positions& positions);

}  // namespace cauce::cli
