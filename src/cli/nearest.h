// "Did you mean ...?"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

// The candidate that `word` was most likely meant to be; empty when none is near. Near: at most a
// third of its letters differ (at least one may), where swapping two neighbours is one difference,
// or the word is the start of exactly one candidate.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace cauce::cli
