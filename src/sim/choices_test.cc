#include "sim/choices.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace cauce::sim {
namespace {

#ifdef CAUCE_MUTANTS

TEST(Choices, OutsideOfAWorldTheAnswerIsNo) {
    ASSERT_EQ(sim_choices, nullptr);
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(sim_maybe("a", 1));
}

TEST(Choices, OneSiteInFourTakesPartAndSaysYesNowAndThen) {
    std::size_t taking_part = 0;
    std::uint64_t yes = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        Choices choices(seed);
        for (int i = 0; i < 40; ++i)
            sim_maybe("a");
        const SiteCounts counts = choices.sites().at("a");
        EXPECT_EQ(counts.asked, 40u);
        taking_part += counts.yes > 0 ? 1 : 0;
        yes += counts.yes;
    }
    EXPECT_GT(taking_part, 70u);
    EXPECT_LT(taking_part, 130u);
    EXPECT_GT(yes, taking_part * 7);
    EXPECT_LT(yes, taking_part * 13);
}

TEST(Choices, OneSeedGivesOneRowOfAnswers) {
    const auto answers = [](std::uint64_t seed) {
        Choices choices(seed);
        std::string row;
        for (int i = 0; i < 200; ++i)
            row += sim_maybe(i % 2 == 0 ? "a" : "b") ? '1' : '0';
        return row;
    };
    std::set<std::string> rows;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        EXPECT_EQ(answers(seed), answers(seed));
        rows.insert(answers(seed));
    }
    EXPECT_GT(rows.size(), 5u);
}

TEST(Choices, TheInnermostWorldAnswers) {
    Choices outer(1);
    {
        Choices inner(2);
        sim_maybe("a");
        EXPECT_EQ(inner.sites().at("a").asked, 1u);
    }
    sim_maybe("b");
    EXPECT_EQ(outer.sites().size(), 1u);
    EXPECT_EQ(outer.sites().at("b").asked, 1u);
}

#else

TEST(Choices, AreNotThereWithoutTheOption) {
    static_assert(!sim_maybe("a", 1));
    EXPECT_TRUE(Choices(1).sites().empty());
}

#endif

}  // namespace
}  // namespace cauce::sim
