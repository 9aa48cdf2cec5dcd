#include "cli/kafka/topic_pattern.h"

#include <gtest/gtest.h>

namespace cauce::cli::kafka {
namespace {

TEST(TopicPattern, WholeNames) {
    struct Case {
        const char* pattern;
        const char* topic;
        bool matches;
    };
    for (const Case& c :
         {Case{"blog", "blog", true}, Case{"blog", "blogs", false}, Case{"b.*", "blog", true},
          Case{".*", "", true}, Case{"a,b", "b", true}, Case{"a, b", "b", true},
          Case{"a,b", "a,b", false}, Case{"\"a\"", "a", true}, Case{"(a|b)[0-9]+", "b17", true},
          Case{"a\\.b", "a.b", true}, Case{"a\\.b", "axb", false}}) {
        const auto pattern = TopicPattern::parse(c.pattern);
        ASSERT_TRUE(pattern.has_value()) << pattern.error();
        EXPECT_EQ(pattern->matches(c.topic), c.matches) << c.pattern << " " << c.topic;
    }
}

TEST(TopicPattern, NoPattern) {
    EXPECT_EQ(TopicPattern::parse("[").error(), "[ is an invalid regex.");
    EXPECT_EQ(TopicPattern::parse("(a,b").error(), "(a|b is an invalid regex.");
}

}  // namespace
}  // namespace cauce::cli::kafka
