#include "sim/fault.h"

#include <gtest/gtest.h>

#include <set>

namespace cauce::sim {
namespace {

TEST(Fault, NamesLeadBackToTheirKind) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kFaults; ++i) {
        const auto fault = static_cast<Fault>(i);
        EXPECT_EQ(parse_fault(name_of(fault)), fault);
        EXPECT_TRUE(names.insert(name_of(fault)).second) << name_of(fault);
    }
    EXPECT_EQ(parse_fault("kills"), std::nullopt);
    EXPECT_EQ(parse_fault(""), std::nullopt);
}

TEST(FaultCounts, KindsAndCrashesAreCounted) {
    FaultCounts counts;
    EXPECT_EQ(counts.to_string(), "none");
    EXPECT_EQ(counts.kinds(), 0u);
    counts.add(Fault::kill);
    counts.add(Fault::kill);
    counts.add(Fault::cut);
    EXPECT_EQ(counts.of(Fault::kill), 2u);
    EXPECT_EQ(counts.kinds(), 2u);
    EXPECT_EQ(counts.crashes(), 2u);
    FaultCounts more;
    more.add(Fault::power_loss);
    more.add(Fault::cut);
    counts.add(more);
    EXPECT_EQ(counts.kinds(), 3u);
    EXPECT_EQ(counts.crashes(), 3u);
    EXPECT_EQ(counts.to_string(), "kill 2, power-loss 1, cut 2");
}

TEST(Fault, OnlyDeathsAreCrashes) {
    for (std::size_t i = 0; i < kFaults; ++i) {
        const auto fault = static_cast<Fault>(i);
        EXPECT_EQ(is_crash(fault), fault == Fault::kill || fault == Fault::power_loss);
    }
}

}  // namespace
}  // namespace cauce::sim
