#include "cli/kafka/flags.h"

#include <gtest/gtest.h>

namespace cauce::cli::kafka {
namespace {

using Words = std::vector<std::string>;

const std::vector<Flag>& flags() {
    static const std::vector<Flag> kFlags{
        {"list", Takes::nothing, {}, "Lists."},
        {"describe", Takes::nothing, {}, "Describes."},
        {"topic", Takes::text, "topic", "The topic."},
        {"config", Takes::text, "name=value", "A setting.", {}, true},
        {"partitions", Takes::integer, "# of partitions", "How many."},
        {"shift-by", Takes::whole, {}, "How far."},
        {"time", Takes::text, "when", "When.", "latest"},
        {"state", Takes::text_or_nothing, {}, "State.", {}, false, "list,describe"},
        {"quiet", Takes::nothing, {}, "Says less.", {}, false, {}, 'q'},
        kHelpFlag,
        kVersionFlag,
    };
    return kFlags;
}

TEST(KafkaFlags, WaysToWriteThem) {
    for (const Words& words : {Words{"--topic", "t", "--list"}, Words{"--list", "--topic=t"},
                               Words{"-topic", "t", "-list"}, Words{"--topic=", "t", "--list"}}) {
        const auto given = parse(flags(), words);
        ASSERT_TRUE(given.has_value()) << given.error();
        EXPECT_TRUE(given->has("list"));
        EXPECT_FALSE(given->has("describe"));
        EXPECT_EQ(given->text("topic"), "t");
        EXPECT_EQ(given->bad_value(), std::nullopt);
    }
    EXPECT_TRUE(parse(flags(), Words{"-q"})->has("quiet"));
    // The value is whatever comes, also when it looks like a flag.
    EXPECT_EQ(parse(flags(), Words{"--shift-by", "-3"})->number("shift-by"), -3);
    EXPECT_EQ(parse(flags(), Words{"--list", "a", "--", "--b"})->others(), (Words{"a", "--b"}));
}

TEST(KafkaFlags, Values) {
    const auto given = parse(flags(), Words{"--config", "a=1", "--config", "b=2"});
    EXPECT_EQ(given->texts("config"), (Words{"a=1", "b=2"}));
    EXPECT_EQ(given->text("time"), "latest");
    EXPECT_FALSE(given->has("time"));
    EXPECT_EQ(given->number("partitions"), std::nullopt);
    const auto with_state = parse(flags(), Words{"--list", "--state", "stable"});
    EXPECT_EQ(with_state->texts("state"), (Words{"stable"}));
    const auto without = parse(flags(), Words{"--state", "--list"});
    EXPECT_TRUE(without->has("state"));
    EXPECT_EQ(without->texts("state"), Words());
}

TEST(KafkaFlags, Complaints) {
    const auto complaint = [](Words words) {
        const auto given = parse(flags(), words);
        return given ? given->bad_value().value_or("") : given.error();
    };
    EXPECT_EQ(complaint({"--nonsense"}), "nonsense is not a recognized option");
    EXPECT_EQ(complaint({"-nonsense"}), "n is not a recognized option");
    EXPECT_EQ(complaint({"--topic"}), "Option topic requires an argument");
    EXPECT_EQ(complaint({"--topic", "a", "--topic", "b"}),
              "Found multiple arguments for option topic, but you asked for only one");
    EXPECT_EQ(complaint({"--partitions", "x"}), "Cannot parse argument 'x' of option partitions");
    EXPECT_EQ(complaint({"--partitions", "3000000000"}),
              "Cannot parse argument '3000000000' of option partitions");
    EXPECT_EQ(complaint({"--shift-by", "3000000000"}), "");
    EXPECT_EQ(complaint({"--state"}),
              "Option(s) [state] are unavailable given other options on the command line");
    EXPECT_EQ(complaint({"--state", "--help"}), "");
}

TEST(KafkaFlags, Together) {
    const auto given = parse(flags(), Words{"--list", "--topic", "t"});
    EXPECT_EQ(missing(*given, {"list", "topic"}), std::nullopt);
    EXPECT_EQ(missing(*given, {"list", "config"}), "Missing required argument \"[config]\"");
    EXPECT_EQ(clash(*given, "topic", {"describe"}), std::nullopt);
    EXPECT_EQ(clash(*given, "topic", {"describe", "list"}),
              "Option \"[topic]\" can't be used with option \"[list]\"");
    EXPECT_EQ(clash(*given, "describe", {"list"}), std::nullopt);
}

TEST(KafkaFlags, Usage) {
    const std::string text = usage({{"topic", Takes::text, "topic", "The topic."},
                                    {"all", Takes::nothing, {}, "All of them."},
                                    {"state", Takes::text_or_nothing, {}, "State.", "any"}});
    EXPECT_EQ(text,
              "Option                   Description\n"
              "------                   -----------\n"
              "--all                    All of them.\n"
              "--state [String]         State. (default: any)\n"
              "--topic <String: topic>  The topic.\n");
    const std::string narrow = usage(
        {{"replica-assignment", Takes::text, "one : two , three : four , five", "Where to."}});
    EXPECT_TRUE(narrow.contains("--replica-assignment <String: one :")) << narrow;
    for (std::size_t begin = 0, end = 0; begin < narrow.size(); begin = end + 1) {
        end = narrow.find('\n', begin);
        EXPECT_LE(end - begin, 80u);
    }
}

}  // namespace
}  // namespace cauce::cli::kafka
