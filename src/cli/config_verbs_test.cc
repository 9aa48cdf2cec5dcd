// `cauce config`: table, JSON, and how it fails.
#include "cli/arguments.h"
#include "cli/testing/fake_cluster.h"
#include "cli/testing/fake_configs.h"
#include "cli/testing/fake_program.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

class ConfigVerbs : public ::testing::Test {
protected:
    using Words = std::vector<std::string>;

    void SetUp() override {
        program.config_file =
            ConfigFile{{{"log.retention.ms", "5000", "/work folder/s.properties:3"},
                        {"num.partitions", "6", "/work folder/s.properties:4"},
                        {"ssl.key.password", "secret", "/work folder/s.properties:5"}},
                       {}};
    }
    // Standard output; the exit code must be 0.
    std::string out(Words words) {
        EXPECT_EQ(program.call(std::move(words)), exit_ok) << program.err.text;
        return program.out.text;
    }
    // Standard error; the exit code must be `code`.
    std::string failure(int code, Words words) {
        EXPECT_EQ(program.call(std::move(words)), code) << program.err.text;
        return program.err.text;
    }
    void TearDown() override { cluster.broker.hang_up(); }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeCluster cluster{net, loop};
    testing::FakeConfigs configs{cluster};
    testing::FakeProgram program{loop, net};
};

// --- explain

TEST_F(ConfigVerbs, ExplainNeedsNoCluster) {
    cluster.broker.stop();
    EXPECT_EQ(out({"config", "explain", "retention.ms"}),
              "key          retention.ms\n"
              "scope        topic\n"
              "means        Milliseconds records are kept; -1 keeps them for ever.\n"
              "type         long\n"
              "default      604800000\n"
              "range        [-1,...]\n"
              "update mode  dynamic\n"
              "set in       the topic: cauce topic config NAME --set KEY=VALUE\n"
              "follows      log.retention.ms,log.retention.minutes x 60000,log.retention.hours x "
              "3600000\n"
              "in Cauce     followed while the broker runs\n");
    EXPECT_EQ(out({"config", "explain", "listeners", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"name\": \"listeners\",\n"
              "    \"scope\": \"broker\",\n"
              "    \"text\": \"Addresses the node listens on, as NAME://host:port.\",\n"
              "    \"type\": \"list\",\n"
              "    \"default\": \"PLAINTEXT://:9092\",\n"
              "    \"valid\": null,\n"
              "    \"required\": false,\n"
              "    \"importance\": \"high\",\n"
              "    \"update_mode\": \"per-broker\",\n"
              "    \"settable\": \"the broker's file; for one broker while it runs\",\n"
              "    \"follows\": [],\n"
              "    \"followed_by\": [],\n"
              "    \"effect\": \"at_start\",\n"
              "    \"effect_text\": \"read when the broker starts\"\n"
              "  }\n"
              "]\n");
    // A name that topics and brokers share.
    const std::string both = out({"config", "explain", "compression.type"});
    EXPECT_TRUE(both.contains("scope        broker\n")) << both;
    EXPECT_TRUE(both.contains("scope        topic\n")) << both;
    EXPECT_FALSE(
        out({"config", "explain", "compression.type", "-s", "topic"}).contains("broker\n"));
    EXPECT_TRUE(out({"config", "explain", "num.io.threads"}).contains("no effect yet"));
    EXPECT_TRUE(
        out({"config", "explain", "sasl.jaas.config"}).contains("refused: Cauce has no SASL yet"));
    EXPECT_TRUE(out({"config", "explain", "log.retention.minutes"})
                    .contains("followed by  topic retention.ms\n"));

    EXPECT_EQ(failure(exit_not_found, {"config", "explain", "retenton.ms"}),
              "error: there is no configuration key `retenton.ms`\n"
              " next: did you mean `retention.ms`?\n");
    failure(exit_not_found, {"config", "explain", "retention.ms", "--scope", "group"});
    failure(exit_usage, {"config", "explain", "retention.ms", "--scope", "planet"});
}

TEST_F(ConfigVerbs, ExplainSaysWhereAKeyIsSet) {
    EXPECT_TRUE(out({"config", "explain", "log.retention.ms", "-c", "s.properties"})
                    .ends_with("\n"
                               "VALUE  FROM  AS                PLACE\n"
                               "5000   file  log.retention.ms  /work folder/s.properties:3\n"))
        << program.out.text;
    EXPECT_EQ(program.file_options->config_file, "/work folder/s.properties");
    EXPECT_TRUE(
        out({"config", "explain", "ssl.key.password", "-c", "s.properties"}).contains("[hidden]"));
    EXPECT_FALSE(program.out.text.contains("secret"));

    configs.running["log.retention.ms"] = "7";
    configs.file["log.retention.ms"] = "8";
    EXPECT_TRUE(out({"config", "explain", "log.retention.ms", "-b", "127.0.0.1:9092"})
                    .ends_with("\n"
                               "VALUE  FROM     AS                PLACE\n"
                               "7      cluster  log.retention.ms  broker 1\n"
                               "8      file     log.retention.ms  broker 1\n"))
        << program.out.text;
    cluster.metadata.add_topic("blog", {1});
    configs.topics["blog"]["retention.ms"] = "9";
    EXPECT_TRUE(out({"config", "explain", "retention.ms", "--topic", "blog"})
                    .ends_with("\n"
                               "VALUE      FROM     AS                PLACE\n"
                               "9          topic    retention.ms      topic blog\n"
                               "7          cluster  log.retention.ms  topic blog\n"
                               "8          file     log.retention.ms  topic blog\n"
                               "604800000  default  log.retention.ms  topic blog\n"))
        << program.out.text;
    EXPECT_TRUE(failure(exit_not_found, {"config", "explain", "log.retention.ms", "--broker", "9"})
                    .contains("there is no broker 9"));
}

// --- validate

TEST_F(ConfigVerbs, ValidateNamesTheLine) {
    EXPECT_EQ(out({"config", "validate", "s.properties"}), "");
    EXPECT_EQ(program.err.text, "A broker starts with `s.properties`: 3 keys are given.\n");
    EXPECT_EQ(out({"config", "validate", "s.properties", "-o", "json"}), "[]\n");
    program.config_file->findings = {
        {"s.properties:2", "num.io.threads is kept and has no effect yet", false},
        {"s.properties:3", "there is no key log.retenton.ms; did you mean log.retention.ms?",
         true}};
    EXPECT_EQ(failure(exit_error,
                      {"config", "validate", "s.properties", "--set", "node.id=2", "--strict"}),
              "error: no broker starts with `s.properties`\n"
              "  why: 1 line has to change\n"
              " next: cauce config explain KEY  says what a key takes\n");
    EXPECT_EQ(program.out.text,
              "PLACE           SEVERITY  WHAT\n"
              "s.properties:2  note      num.io.threads is kept and has no effect yet\n"
              "s.properties:3  error     there is no key log.retenton.ms; did you mean "
              "log.retention.ms?\n");
    EXPECT_TRUE(program.file_options->strict);
    EXPECT_EQ(program.file_options->overrides, (std::vector<KeyValue>{{"node.id", "2"}}));
    failure(exit_error, {"config", "validate", "s.properties", "-o", "json"});
    EXPECT_TRUE(program.out.text.contains("\"severity\": \"error\"")) << program.out.text;

    program.config_file = std::unexpected("cannot read /work folder/none");
    EXPECT_TRUE(failure(exit_not_found, {"config", "validate", "none"})
                    .contains("why: cannot read /work folder/none"));
    failure(exit_usage, {"config", "validate"});
}

// --- diff

TEST_F(ConfigVerbs, DiffOfARunningBroker) {
    EXPECT_EQ(out({"config", "diff"}), "KEY  BROKER  DEFAULT  FROM\n");
    EXPECT_EQ(program.err.text, "Nothing differs.\n");
    configs.running["log.retention.ms"] = "7";
    configs.file = {{"num.partitions", "3"}, {"ssl.key.password", "x"}};
    EXPECT_EQ(out({"config", "diff"}),
              "KEY               BROKER    DEFAULT  FROM\n"
              "log.retention.ms  7         -        cluster\n"
              "num.partitions    3         1        file\n"
              "ssl.key.password  [hidden]  -        file\n");
    EXPECT_EQ(out({"config", "diff", "-o", "name"}),
              "log.retention.ms\nnum.partitions\nssl.key.password\n");
    cluster.broker.stop();
    failure(exit_unreachable, {"config", "diff"});
}

TEST_F(ConfigVerbs, DiffOfAFile) {
    EXPECT_EQ(out({"config", "diff", "s.properties", "--defaults"}),
              "KEY               FILE      DEFAULT  PLACE\n"
              "log.retention.ms  5000      -        /work folder/s.properties:3\n"
              "num.partitions    6         1        /work folder/s.properties:4\n"
              "ssl.key.password  [hidden]  -        /work folder/s.properties:5\n");
    configs.file = {{"log.retention.ms", "4000"}, {"ssl.key.password", "x"}};
    configs.running["num.partitions"] = "9";
    EXPECT_EQ(out({"config", "diff", "s.properties"}),
              "KEY               FILE  BROKER  FROM     STATUS\n"
              "log.retention.ms  5000  4000    file     changed in the file\n"
              "num.partitions    6     9       cluster  new in the file\n");
    program.config_file->given.clear();
    EXPECT_EQ(out({"config", "diff", "s.properties", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"name\": \"log.retention.ms\",\n"
              "    \"file_value\": null,\n"
              "    \"value\": \"4000\",\n"
              "    \"source\": \"file\",\n"
              "    \"status\": \"gone from the file\",\n"
              "    \"place\": null\n"
              "  },\n"
              "  {\n"
              "    \"name\": \"num.partitions\",\n"
              "    \"file_value\": null,\n"
              "    \"value\": \"9\",\n"
              "    \"source\": \"cluster\",\n"
              "    \"status\": \"set while running\",\n"
              "    \"place\": null\n"
              "  },\n"
              "  {\n"
              "    \"name\": \"ssl.key.password\",\n"
              "    \"file_value\": null,\n"
              "    \"value\": \"[hidden]\",\n"
              "    \"source\": \"file\",\n"
              "    \"status\": \"gone from the file\",\n"
              "    \"place\": null\n"
              "  }\n"
              "]\n");
    failure(exit_usage, {"config", "diff", "--defaults"});
}

}  // namespace
}  // namespace cauce::cli
