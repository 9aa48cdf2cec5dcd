// The bugs that are planted in the sources (base/mutant.h): one of them lives in a run that is to
// find it. docs/testing.md has the same list, and tools/check_mutants holds all three together.
#pragma once

#include <span>
#include <string_view>

namespace cauce::sim {

struct Mutant {
    std::string_view name;
    std::string_view what;  // what it does wrong
};

std::span<const Mutant> mutants();

// False when there is none of that name, or when this was built without them.
bool bring_to_life(std::string_view name);

}  // namespace cauce::sim
