// sim_maybe: where the code could as well do something unusual that is allowed (begin a new segment
// early, read from the file what is in memory), and the simulator is to try it. Outside of a
// simulation the answer is no; without the option CAUCE_MUTANTS, so in what ships, it is the
// constant false.
//
// In a run one site in four takes part, and there the answer is yes once in `one_in` times (after
// FoundationDB's BUGGIFY). The report says how often each said yes (docs/testing.md).
#pragma once

#include <cstdint>
#include <string_view>

namespace cauce::inline base {

#ifdef CAUCE_MUTANTS

class SimChoices {
public:
    virtual bool maybe(std::string_view site, std::uint64_t one_in) = 0;

protected:
    ~SimChoices() = default;
};

// The simulated world's, while there is one. Programs that simulate have one thread.
inline SimChoices* sim_choices = nullptr;

inline bool sim_maybe(std::string_view site, std::uint64_t one_in = 4) {
    return sim_choices != nullptr && sim_choices->maybe(site, one_in);
}

#else

constexpr bool sim_maybe(std::string_view, std::uint64_t = 4) {
    return false;
}

#endif

}  // namespace cauce::inline base
