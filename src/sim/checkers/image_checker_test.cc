#include "sim/checkers/image_checker.h"

#include <gtest/gtest.h>

namespace cauce::sim {
namespace {

TEST(ImageChecker, WhatIsGoneAndWhatCameIsNamed) {
    const MetadataFacts before{"a", "b", "c"};
    Findings none;
    compare_facts(before, before, none);
    EXPECT_TRUE(none.empty());
    Findings findings;
    compare_facts(before, {"a", "c", "d"}, findings);
    ASSERT_EQ(findings.texts().size(), 2u);
    EXPECT_EQ(findings.texts()[0], "metadata before a restart and not after it: b");
    EXPECT_EQ(findings.texts()[1], "metadata after a restart and not before it: d");
}

TEST(ImageChecker, AnEmptyImageHasNoTopics) {
    EXPECT_EQ(lasting_facts(metadata::Image()), MetadataFacts{"the next producer id is -1"});
}

}  // namespace
}  // namespace cauce::sim
