#include "sim/fault.h"

#include <algorithm>

namespace cauce::sim {

namespace {

constexpr std::array<std::string_view, kFaults> kNames{
    "kill",         "power-loss",         "failed-write", "failed-sync", "full-disk",
    "full-start",   "failed-read",        "bit-rot",      "missing-end", "slow-disk",
    "slow-network", "broken-connections", "cut",          "clock-jump",
};
static_assert(static_cast<std::size_t>(Fault::clock_jump) + 1 == kFaults);

}  // namespace

std::string_view name_of(Fault fault) {
    return kNames[static_cast<std::size_t>(fault)];
}

std::optional<Fault> parse_fault(std::string_view name) {
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<Fault>(found - kNames.begin());
}

void FaultCounts::add(const FaultCounts& others) {
    for (std::size_t i = 0; i < kFaults; ++i)
        counts_[i] += others.counts_[i];
}

std::uint64_t FaultCounts::crashes() const {
    return of(Fault::kill) + of(Fault::power_loss);
}

std::size_t FaultCounts::kinds() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(counts_, [](std::uint64_t count) { return count > 0; }));
}

std::string FaultCounts::to_string() const {
    std::string text;
    for (std::size_t i = 0; i < kFaults; ++i) {
        if (counts_[i] == 0) continue;
        text += text.empty() ? "" : ", ";
        text += std::string(kNames[i]) + " " + std::to_string(counts_[i]);
    }
    return text.empty() ? "none" : text;
}

}  // namespace cauce::sim
