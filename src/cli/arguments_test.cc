#include "cli/arguments.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

struct Produce {
    std::string topic;
    std::optional<std::string> key;
    int partition = -1;
    bool quiet = false;
    bool json = false;
    std::vector<KeyValue> headers;
    std::int64_t timeout_ms = 0;

    Arguments arguments() {
        Arguments a;
        a.positional("TOPIC", topic, "the topic to write to");
        a.option("-k,--key", "KEY", "the key of every record", into(key));
        a.option("-p,--partition", "N", "the partition",
                 into_number<int, std::int32_t>(partition, 0, 1000));
        a.repeatable("-H,--header", "K=V", "a header", into(headers));
        a.option("--timeout", "TIME", "how long to wait", into_duration(timeout_ms, 1));
        a.flag("-q,--quiet", quiet, "no talk");
        a.flag("-J,--json", json, "JSON");
        return a;
    }
    Outcome parse(const std::vector<std::string>& words) {
        return cli::parse(arguments(), words, "produce");
    }
};

TEST(Arguments, EverySpelling) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"blog", "-k", "a", "-p", "3", "-q"},
          {"-qk", "a", "--partition=3", "blog"},
          {"-p3", "--key", "a", "blog", "--quiet"},
          {"-q", "--key=a", "-p", "3", "--", "blog"}}) {
        Produce p;
        const Outcome outcome = p.parse(words);
        ASSERT_TRUE(outcome) << outcome.error().what;
        EXPECT_EQ(p.topic, "blog");
        EXPECT_EQ(p.key, "a");
        EXPECT_EQ(p.partition, 3);
        EXPECT_TRUE(p.quiet);
        EXPECT_FALSE(p.json);
    }
}

TEST(Arguments, ValuesThatLookLikeOptionsAreValues) {
    Produce p;
    ASSERT_TRUE(p.parse({"blog", "-k", "-10"}));
    EXPECT_EQ(p.key, "-10");
    ASSERT_TRUE(p.parse({"blog", "--key=--json"}));
    EXPECT_EQ(p.key, "--json");
    EXPECT_FALSE(p.json);
}

TEST(Arguments, EmptyValues) {
    Produce p;
    ASSERT_TRUE(p.parse({"--key=", "blog"}));
    EXPECT_EQ(p.key, "");
    EXPECT_EQ(p.topic, "blog");
    ASSERT_TRUE(p.parse({"-k", "", "blog"}));
    EXPECT_EQ(p.key, "");
}

TEST(Arguments, RepeatedOptions) {
    Produce p;
    ASSERT_TRUE(
        p.parse({"-H", "a=1", "blog", "-H", "b=x=y", "-H", "c=", "-k", "old", "-k", "new"}));
    EXPECT_EQ(p.headers, (std::vector<KeyValue>{{"a", "1"}, {"b", "x=y"}, {"c", ""}}));
    EXPECT_EQ(p.key, "new");  // the last one counts
}

TEST(Arguments, UnknownOptionIsNamedAndTheNearOneOffered) {
    Produce p;
    const Outcome outcome = p.parse({"blog", "--partiton=3"});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, exit_usage);
    EXPECT_EQ(outcome.error().what, "`cauce produce` has no option `--partiton`");
    EXPECT_TRUE(outcome.error().next.starts_with("did you mean `--partition`?"));
}

TEST(Arguments, WrongUses) {
    const auto what = [](const std::vector<std::string>& words) {
        Produce p;
        const Outcome outcome = p.parse(words);
        return outcome ? std::string("accepted") : outcome.error().what;
    };
    EXPECT_EQ(what({}), "`cauce produce` needs TOPIC");
    EXPECT_EQ(what({"a", "b"}), "`cauce produce` does not know what to do with `b`");
    EXPECT_EQ(what({"a", "-p", "x"}), "`x` is no value for --partition");
    EXPECT_EQ(what({"a", "-p", "1001"}), "`1001` is no value for --partition");
    EXPECT_EQ(what({"a", "-H", "novalue"}), "`novalue` is no value for --header");
    EXPECT_EQ(what({"a", "-k"}), "`-k` needs a value");
    EXPECT_EQ(what({"a", "-qk"}), "an option of `cauce produce` lacks its value");
    EXPECT_EQ(what({"a", "--quiet=7x"}), "`--quiet` takes no value");
    EXPECT_EQ(what({"a", "-Z"}), "`cauce produce` has no option `-Z`");
}

TEST(Arguments, Durations) {
    Produce p;
    const std::vector<std::pair<std::string, std::int64_t>> cases{
        {"500", 500}, {"500ms", 500}, {"30s", 30'000}, {"5m", 300'000}, {"2h", 7'200'000}};
    for (const auto& [text, ms] : cases) {
        ASSERT_TRUE(p.parse({"blog", "--timeout", text}));
        EXPECT_EQ(p.timeout_ms, ms);
    }
    EXPECT_FALSE(p.parse({"blog", "--timeout", "-1s"}));
    EXPECT_FALSE(p.parse({"blog", "--timeout", "9223372036854775807d"}));
}

TEST(Arguments, SeveralPositionals) {
    Arguments a;
    std::vector<std::string> topics;
    a.positionals("TOPIC", topics, "topics");
    ASSERT_TRUE(parse(a, {"x", "[y]", "z"}, "consume"));
    EXPECT_EQ(topics, (std::vector<std::string>{"x", "[y]", "z"}));
    EXPECT_FALSE(parse(a, {}, "consume"));
}

}  // namespace
}  // namespace cauce::cli
