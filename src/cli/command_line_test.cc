// How words become commands: what is understood, refused and explained. No cluster.
#include "cli/help.h"
#include "cli/main.h"
#include "cli/testing/fake_program.h"
#include "cli/verbs.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

class CommandLine : public ::testing::Test {
protected:
    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeProgram program{loop, net};
};

TEST_F(CommandLine, WithoutWordsItHelps) {
    EXPECT_EQ(program.call({}), exit_ok);
    EXPECT_EQ(program.out.text, root_help());
    EXPECT_TRUE(program.out.text.contains("cauce dev"));
    EXPECT_EQ(program.call({"--help"}), exit_ok);
    EXPECT_EQ(program.out.text, root_help());
}

TEST_F(CommandLine, EveryVerbHasHelpThatFitsTheLine) {
    for (const VerbGroup& group : verb_groups()) {
        for (const Verb& verb : group.verbs) {
            const std::string text = verb_help(verb);
            EXPECT_TRUE(text.starts_with("cauce " + verb.name)) << text;
            EXPECT_FALSE(verb.summary.empty()) << verb.name;
            EXPECT_FALSE(verb.summary.ends_with('.')) << verb.name;
            EXPECT_FALSE(verb.examples.empty()) << verb.name;
            EXPECT_TRUE(root_help().contains(verb.name)) << verb.name;
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t end = text.find('\n', at);
                EXPECT_LE(end - at, 100u) << text.substr(at, end - at);
                at = end + 1;
            }
        }
    }
}

TEST_F(CommandLine, HelpComesInAllWays) {
    const std::string create = verb_help(*find_verb("topic create"));
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"help", "topic", "create"},
          {"topic", "create", "--help"},
          {"topic", "create", "-h"},
          {"topic", "create", "x", "--partitions", "no number", "--help"},
          {"-h", "topic", "create"}}) {
        EXPECT_EQ(program.call(words), exit_ok);
        EXPECT_EQ(program.out.text, create);
        EXPECT_EQ(program.err.text, "");
    }
    EXPECT_EQ(program.call({"help", "topic"}), exit_ok);
    EXPECT_EQ(program.out.text, noun_help("topic"));
    EXPECT_EQ(program.call({"topic"}), exit_usage);
    EXPECT_EQ(program.err.text, noun_help("topic"));
    EXPECT_EQ(program.call({"help", "settings"}), exit_ok);
    EXPECT_TRUE(program.out.text.contains("request.timeout.ms=30000"));
}

TEST_F(CommandLine, UnknownCommandsAreExplained) {
    EXPECT_EQ(program.call({"topics", "list"}), exit_usage);
    EXPECT_EQ(program.err.text,
              "error: there is no command `cauce topics`\n"
              " next: did you mean `cauce topic`?  cauce help  shows the commands\n");
    EXPECT_EQ(program.call({"topic", "lst"}), exit_usage);
    EXPECT_EQ(program.err.text,
              "error: there is no command `cauce topic lst`\n"
              " next: did you mean `cauce topic list`?  cauce help topic  shows the commands\n");
    EXPECT_EQ(program.call({"help", "topic", "lst"}), exit_not_found);
    EXPECT_EQ(program.out.text, "");
}

TEST_F(CommandLine, VersionInTwoSpellings) {
    EXPECT_EQ(program.call({"version", "-o", "json"}), exit_ok);
    EXPECT_EQ(program.out.text, "{\n  \"version\": \"0.1.0\",\n  \"kafka_protocol\": \"4.4\"\n}\n");
    EXPECT_EQ(program.call({"--version"}), exit_ok);
    EXPECT_EQ(program.out.text,
              "cauce                     0.1.0\n"
              "protocol of Apache Kafka  4.4\n");
    EXPECT_EQ(program.call({"version", "-o", "name"}), exit_ok);
    EXPECT_EQ(program.out.text, "0.1.0\n");
}

TEST_F(CommandLine, GlobalsStandBeforeAndBehindTheVerb) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"-o", "name", "version"},
                                                  {"-qo", "name", "version"},
                                                  {"--output", "name", "version", "-q"},
                                                  {"--output=name", "version"},
                                                  {"version", "-oname"}}) {
        EXPECT_EQ(program.call(words), exit_ok) << program.err.text;
        EXPECT_EQ(program.out.text, "0.1.0\n");
    }
}

TEST_F(CommandLine, WrongGlobalsAreUsageProblems) {
    EXPECT_EQ(program.call({"version", "-o", "xml"}), exit_usage);
    EXPECT_EQ(program.err.text,
              "error: `xml` is no output format\n"
              "  why: -o takes table, wide, json, yaml, name or tsv\n"
              " next: leave -o away for a table\n");
    EXPECT_EQ(program.call({"version", "-b", "host:port"}), exit_usage);
    EXPECT_TRUE(program.err.text.starts_with("error: `host:port` is no address\n"));
    EXPECT_EQ(program.call({"version", "-X", "requst.timeout.ms=5"}), exit_usage);
    EXPECT_TRUE(program.err.text.contains("did you mean `request.timeout.ms`?"));
    EXPECT_EQ(program.call({"version", "-X", "request.timeout.ms=soon"}), exit_usage);
    EXPECT_TRUE(program.err.text.contains("expected a time"));
    EXPECT_EQ(program.call({"version", "-X", "security.protocol=SSL"}), exit_usage);
    program.invocation.variables["CAUCE_BOOTSTRAP"] = "a:b";
    EXPECT_EQ(program.call({"version"}), exit_usage);
    EXPECT_TRUE(program.err.text.contains("CAUCE_BOOTSTRAP expects HOST:PORT"));
}

TEST(Addresses, EveryForm) {
    const auto parsed = parse_addresses("one,two:19092,[::1]:7,[fe80::1]", "-b");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, (std::vector<runtime::Address>{
                           {"one", 9092}, {"two", 19092}, {"::1", 7}, {"fe80::1", 9092}}));
    for (const char* text : {"", ",", "a,", ":9092", "a:0", "a:65536", "a:1x", "[::1", "[::1]x"})
        EXPECT_FALSE(parse_addresses(text, "-b")) << text;
}

TEST(Bootstrap, FlagOverSettingOverVariableOverDefault) {
    Invocation invocation;
    GlobalWords words;
    const auto host = [&] { return settle(words, invocation)->bootstrap.front().host; };
    EXPECT_EQ(host(), "127.0.0.1");
    invocation.variables["CAUCE_BOOTSTRAP"] = "variable";
    EXPECT_EQ(host(), "variable");
    words.settings = {{"bootstrap.servers", "setting"}};
    EXPECT_EQ(host(), "setting");
    EXPECT_TRUE(settle(words, invocation)->settings.empty());
    words.bootstrap = "flag";
    EXPECT_EQ(host(), "flag");
}

TEST(Color, OnlyOnATerminalAndOnlyIfWanted) {
    Invocation invocation;
    GlobalWords words;
    EXPECT_FALSE(settle(words, invocation)->color);
    invocation.out_is_terminal = true;
    EXPECT_TRUE(settle(words, invocation)->color);
    invocation.variables["NO_COLOR"] = "1";
    EXPECT_FALSE(settle(words, invocation)->color);
    invocation.variables["NO_COLOR"] = "";  // no-color.org: an empty one does not count
    EXPECT_TRUE(settle(words, invocation)->color);
    words.no_color = true;
    EXPECT_FALSE(settle(words, invocation)->color);
}

TEST_F(CommandLine, DevIsHandedOver) {
    program.invocation.variables["HOME"] = "/home/ana";
    EXPECT_EQ(program.call({"dev"}), exit_ok);
    ASSERT_TRUE(program.dev_options);
    EXPECT_EQ(program.dev_options->port, 9092);
    EXPECT_EQ(program.dev_options->data_folder, "/home/ana/.local/share/cauce/dev");
    EXPECT_FALSE(program.dev_options->ephemeral);
    EXPECT_EQ(program.runs, 0);

    EXPECT_EQ(program.call({"dev", "--port", "19092", "--data", "here", "-v"}), exit_ok);
    EXPECT_EQ(program.dev_options->port, 19092);
    EXPECT_EQ(program.dev_options->data_folder, "/work folder/here");
    EXPECT_EQ(program.dev_options->log_level, LogLevel::debug);
    EXPECT_EQ(program.call({"dev", "--ephemeral", "--no-open"}), exit_ok);
    EXPECT_TRUE(program.dev_options->ephemeral);

    program.dev_options.reset();
    EXPECT_EQ(program.call({"dev", "--ephemeral", "--data", "x"}), exit_usage);
    EXPECT_EQ(program.call({"dev", "--port", "70000"}), exit_usage);
    EXPECT_FALSE(program.dev_options);
}

TEST_F(CommandLine, BrokerStartIsHandedOver) {
    EXPECT_EQ(program.call({"broker", "start", "-c", "/etc/s.properties", "--set", "a.b=c=d",
                            "--set", "log.dirs=", "--strict"}),
              exit_ok);
    ASSERT_TRUE(program.start_options);
    EXPECT_EQ(program.start_options->config_file, "/etc/s.properties");
    EXPECT_EQ(program.start_options->overrides,
              (std::vector<KeyValue>{{"a.b", "c=d"}, {"log.dirs", ""}}));
    EXPECT_TRUE(program.start_options->strict);
    EXPECT_FALSE(program.start_options->ignore_security);

    program.start_options.reset();
    EXPECT_EQ(program.call({"broker", "start"}), exit_usage);
    EXPECT_TRUE(program.err.text.starts_with("error: `cauce broker start` needs a configuration"));
    EXPECT_FALSE(program.start_options);
    EXPECT_EQ(program.call({"broker", "start", "--container"}), exit_ok);
    EXPECT_TRUE(program.start_options->container);
    program.invocation.variables["KAFKA_NODE_ID"] = "1";
    EXPECT_EQ(program.call({"broker", "start"}), exit_ok);
    EXPECT_EQ(program.start_options->config_file, "");
    EXPECT_FALSE(program.start_options->container);
}

TEST_F(CommandLine, RandomUuids) {
    EXPECT_EQ(program.call({"storage", "random-uuid"}), exit_ok);
    const std::string first = program.out.text;
    EXPECT_EQ(first.size(), 23u);
    EXPECT_TRUE(Uuid::parse(first.substr(0, 22)));
    EXPECT_EQ(program.call({"storage", "random-uuid", "-o", "json"}), exit_ok);
    EXPECT_TRUE(program.out.text.starts_with("{\n  \"uuid\": \""));
    EXPECT_FALSE(program.out.text.contains(first.substr(0, 22)));
}

TEST_F(CommandLine, AClosedOutputIsNoError) {
    program.out.closes_after = 0;
    EXPECT_EQ(program.call({"version"}), exit_ok);
    EXPECT_EQ(program.err.text, "");
}

TEST_F(CommandLine, NobodyAnswers) {
    EXPECT_EQ(program.call({"topic", "list", "-b", "nowhere:1"}), exit_unreachable);
    EXPECT_EQ(program.out.text, "");
    EXPECT_EQ(program.err.text,
              "error: the topics were not listed\n"
              "  why: connect nowhere:1: Connection refused\n"
              " next: is a broker running at nowhere:1?  cauce dev  starts one; name another with  "
              "-b HOST:PORT\n");
    const MonoTime before = loop.now();
    EXPECT_EQ(program.call({"topic", "list", "--timeout", "3s"}), exit_unreachable);
    EXPECT_GE(loop.now() - before, seconds(1));  // who names a time waits for a broker to come
    EXPECT_LE(loop.now() - before, seconds(3));
}

}  // namespace
}  // namespace cauce::cli
