// Mutants: bugs that are planted on purpose, so that the simulator can be shown to find such bugs
// (docs/testing.md, ./test mutants). Each is a place where the code asks CAUCE_MUTANT("name") and
// does the wrong thing when the answer is yes; src/sim/mutants.cc has the list.
//
// Without the option CAUCE_MUTANTS, so in what ships, the answer is the constant false and neither
// the names nor the question are in the program (tools/check_mutants).
#pragma once

#ifdef CAUCE_MUTANTS

#include <string_view>

namespace cauce::inline base {

// The one that lives; empty: none. Written by main() before anything runs, only read from then on.
inline std::string_view living_mutant;

}  // namespace cauce::inline base

#define CAUCE_MUTANT(name) (::cauce::living_mutant == std::string_view(name))

#else

#define CAUCE_MUTANT(name) false

#endif
