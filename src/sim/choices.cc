#include "sim/choices.h"

#ifdef CAUCE_MUTANTS

#include "base/check.h"
#include "sim/hash.h"

namespace cauce::sim {

namespace {
// One site in so many takes part in a run.
constexpr std::uint64_t kTakesPart = 4;
}  // namespace

Choices::Choices(std::uint64_t seed)
    : seed_(seed), random_(seed ^ 0x6a09e667f3bcc908ull), before_(sim_choices) {
    sim_choices = this;
}

Choices::~Choices() {
    CHECK(sim_choices == this);
    sim_choices = before_;
}

bool Choices::takes_part(std::string_view site) const {
    Hash hash;
    hash.add(seed_);
    hash.add(as_bytes(site));
    return runtime::Random(hash.value()).one_in(kTakesPart);
}

bool Choices::maybe(std::string_view name, std::uint64_t one_in) {
    auto known = sites_.find(name);
    if (known == sites_.end())
        known = sites_.emplace(std::string(name), Site{.takes_part = takes_part(name)}).first;
    Site& site = known->second;
    ++site.counts.asked;
    if (!site.takes_part || !random_.one_in(one_in)) return false;
    ++site.counts.yes;
    return true;
}

Sites Choices::sites() const {
    Sites sites;
    for (const auto& [name, site] : sites_)
        sites[name] = site.counts;
    return sites;
}

}  // namespace cauce::sim

#endif
