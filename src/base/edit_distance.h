// How far two words are from each other, for "did you mean ...?".
#pragma once

#include <cstddef>
#include <string_view>

namespace cauce::inline base {

// Letters to insert, remove, replace or swap with their neighbour until `a` is `b`, ignoring case.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace cauce::inline base
