// Choices: the answers to sim_maybe (base/sim_maybe.h) in one world, from its seed, and how often
// each site was asked and said yes. While it lives, it answers.
#pragma once

#include "base/sim_maybe.h"
#include "runtime/random.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace cauce::sim {

// Of one site.
struct SiteCounts {
    std::uint64_t asked = 0;
    std::uint64_t yes = 0;
};
using Sites = std::map<std::string, SiteCounts, std::less<>>;

#ifdef CAUCE_MUTANTS

class Choices final : public SimChoices {
public:
    explicit Choices(std::uint64_t seed);
    Choices(const Choices&) = delete;
    Choices& operator=(const Choices&) = delete;
    ~Choices();

    bool maybe(std::string_view site, std::uint64_t one_in) override;
    Sites sites() const;

private:
    struct Site {
        bool takes_part = false;
        SiteCounts counts = {};
    };
    // Does not depend on when it is asked first.
    bool takes_part(std::string_view site) const;

    const std::uint64_t seed_;
    runtime::Random random_;
    std::map<std::string, Site, std::less<>> sites_;
    SimChoices* const before_;  // of a world around this one
};

#else

class Choices {
public:
    explicit Choices(std::uint64_t) {}
    Sites sites() const { return {}; }
};

#endif

}  // namespace cauce::sim
