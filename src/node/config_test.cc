#include "node/config.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cauce::node {
namespace {

constexpr std::string_view kQuickStart =
    "process.roles=broker,controller\n"
    "node.id=1\n"
    "controller.quorum.bootstrap.servers=localhost:9093\n"
    "listeners=PLAINTEXT://:9092,CONTROLLER://:9093\n"
    "inter.broker.listener.name=PLAINTEXT\n"
    "advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\n"
    "controller.listener.names=CONTROLLER\n"
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL\n"
    "num.network.threads=3\n"
    "log.dirs=/tmp/kraft-combined-logs\n"
    "offsets.topic.replication.factor=1\n"
    "log.retention.hours=168\n";

ConfigInput quick_start(std::string more = {}) {
    ConfigInput input;
    input.file_name = "server.properties";
    input.file_text = std::string(kQuickStart) + more;
    return input;
}

// The text of the refusal; empty when it was read.
std::string refusal(const ConfigInput& input) {
    const auto config = read_config(input);
    return config ? "" : config.error().message;
}

TEST(Config, ReadsKafkasOwnQuickStartFile) {
    const auto config = read_config(quick_start());
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->settings.node_id, NodeId{1});
    ASSERT_EQ(config->settings.listeners.size(), 1u);
    EXPECT_EQ(config->settings.listeners[0].bind, (runtime::Address{"", 9092}));
    EXPECT_EQ(config->settings.listeners[0].advertised, (runtime::Address{"localhost", 9092}));
    ASSERT_EQ(config->controller_endpoints.size(), 1u);
    EXPECT_EQ(config->controller_endpoints[0].port, 9093);
    EXPECT_EQ(config->log_directories, std::vector<std::string>{"/tmp/kraft-combined-logs"});
    EXPECT_EQ(config->groups.initial_rebalance_delay, milliseconds(3000));
    EXPECT_EQ(config->notes,
              std::vector<std::string>{"without effect yet, and kept: "
                                       "controller.quorum.bootstrap.servers "
                                       "(server.properties:3), inter.broker.listener.name "
                                       "(server.properties:5)"})
        << "num.network.threads has its default";
}

TEST(Config, LimitsAndRetentionOfGroups) {
    const auto defaults = read_config(quick_start());
    ASSERT_TRUE(defaults) << defaults.error().message;
    EXPECT_EQ(defaults->groups.session_timeout_min, milliseconds(6'000));
    EXPECT_EQ(defaults->groups.session_timeout_max, milliseconds(1'800'000));
    EXPECT_EQ(defaults->groups.size_max, 2'147'483'647);
    EXPECT_EQ(defaults->groups.offset_metadata_size_max, 4'096);
    EXPECT_EQ(defaults->groups.offsets_retention, milliseconds(7LL * 24 * 3'600'000));
    EXPECT_EQ(defaults->groups.offsets_retention_check_interval, milliseconds(600'000));
    EXPECT_EQ(defaults->groups.commit_timeout, milliseconds(5'000));
    EXPECT_EQ(defaults->groups.batch_bytes_max, 1'048'588u);
    const auto given =
        read_config(quick_start("group.min.session.timeout.ms=1\n"
                                "group.max.session.timeout.ms=2\n"
                                "group.max.size=3\n"
                                "offset.metadata.max.bytes=4\n"
                                "offsets.retention.minutes=5\n"
                                "offsets.retention.check.interval.ms=6\n"
                                "offsets.commit.timeout.ms=7\n"
                                "message.max.bytes=8000\n"));
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_EQ(given->groups.session_timeout_min, milliseconds(1));
    EXPECT_EQ(given->groups.session_timeout_max, milliseconds(2));
    EXPECT_EQ(given->groups.size_max, 3);
    EXPECT_EQ(given->groups.offset_metadata_size_max, 4);
    EXPECT_EQ(given->groups.offsets_retention, milliseconds(5 * 60'000));
    EXPECT_EQ(given->groups.offsets_retention_check_interval, milliseconds(6));
    EXPECT_EQ(given->groups.commit_timeout, milliseconds(7));
    EXPECT_EQ(given->groups.batch_bytes_max, 8'000u);
    EXPECT_EQ(given->notes.size(), 1u) << "keys without effect";
    for (const char* line : {"group.max.size=0\n", "offsets.retention.minutes=0\n",
                             "offsets.retention.check.interval.ms=0\n"})
        EXPECT_NE(refusal(quick_start(line)), "") << line;
    const auto crossed =
        read_config(quick_start("group.min.session.timeout.ms=9000\n"
                                "group.max.session.timeout.ms=8000\n"));
    ASSERT_TRUE(crossed) << crossed.error().message;
    ASSERT_EQ(crossed->notes.size(), 2u);
    EXPECT_TRUE(crossed->notes[0].contains("nobody can join")) << crossed->notes[0];
}

TEST(Config, ATypoNamesTheLineAndTheNearestKey) {
    const std::string text = refusal(quick_start("log.retention.huors=1\n"));
    EXPECT_NE(text.find("server.properties:13"), std::string::npos) << text;
    EXPECT_NE(text.find("did you mean log.retention.hours?"), std::string::npos) << text;
}

TEST(Config, WhatResemblesNothingIsNamedOnceAndRefusedWhenStrict) {
    ConfigInput input = quick_start("my.companys.favourite.colour=blue\n");
    const auto config = read_config(input);
    ASSERT_TRUE(config) << config.error().message;
    ASSERT_EQ(config->notes.size(), 2u);
    EXPECT_NE(config->notes[0].find("my.companys.favourite.colour"), std::string::npos);
    input.strict = true;
    EXPECT_NE(refusal(input).find("my.companys.favourite.colour"), std::string::npos);
}

TEST(Config, KeysOfOtherWorldsAreIgnored) {
    const auto config = read_config(quick_start("zookeeper.connect=localhost:2181\n"));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->notes.size(), 2u);
}

TEST(Config, ExaminedSaysEverythingInTheOrderOfTheFile) {
    ConfigInput input = quick_start(
        "num.io.threads=4\nlog.retention.huors=1\nnode.id=2\n"
        "num.partitions=many\n");
    input.variables = {{"KAFKA_SSL_KEYSTORE_LOCATION", "/etc/keys"}};
    const ConfigReport report = examine_config(input);
    std::vector<std::string> said;
    for (const ConfigFinding& finding : report.findings)
        said.push_back((finding.refuses ? "refused " : "note ") + finding.to_string());
    EXPECT_EQ(said,
              (std::vector<std::string>{
                  "note server.properties:2: node.id stands again at server.properties:15, which "
                  "counts",
                  "note server.properties:3: controller.quorum.bootstrap.servers is kept and has "
                  "no effect yet",
                  "note server.properties:5: inter.broker.listener.name is kept and has no effect "
                  "yet",
                  "note server.properties:13: num.io.threads is kept and has no effect yet",
                  "refused server.properties:14: there is no key log.retention.huors; did you mean "
                  "log.retention.hours?",
                  "refused server.properties:16: Invalid value many for configuration "
                  "num.partitions: Not a number of type INT",
                  "refused KAFKA_SSL_KEYSTORE_LOCATION: ssl.keystore.location=/etc/keys: Cauce has "
                  "no TLS yet, so nothing would be encrypted. Remove the line to start without "
                  "it"}));
    const auto node = std::ranges::find(report.given, "node.id", &ConfigReport::Given::key);
    ASSERT_NE(node, report.given.end());
    EXPECT_EQ(node->value, "2");
    EXPECT_EQ(node->place, "server.properties:15");
}

TEST(Config, AnOpenDoorIsRefused) {
    for (const char* line :
         {"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n",
          "sasl.enabled.mechanisms=PLAIN\n", "ssl.keystore.location=/etc/keys\n",
          "client.quota.callback.class=com.example.Quotas\n",
          "remote.log.storage.system.enable=true\n",
          "listener.name.plaintext.sasl.enabled.mechanisms=PLAIN\n",
          "message.max.bytes=${file:/etc/secrets:max}\n"}) {
        EXPECT_NE(refusal(quick_start(line)), "") << line;
    }
    EXPECT_NE(refusal(quick_start("listeners=SSL://:9092\n")).find("SSL"), std::string::npos);
}

TEST(Config, OneNodeForNow) {
    EXPECT_NE(refusal(quick_start("process.roles=broker\n")), "");
    EXPECT_NE(refusal(quick_start("controller.quorum.voters=1@a:9093,2@b:9093\n")), "");
    EXPECT_EQ(refusal(quick_start("controller.quorum.voters=1@localhost:9093\n")), "");
}

TEST(Config, DirectoriesOfDataAndOfTheMetadataLog) {
    using Paths = std::vector<std::string>;
    const auto one = read_config(quick_start("log.dirs=/a\n"));
    ASSERT_TRUE(one) << one.error().message;
    EXPECT_EQ(one->metadata_directory, "/a");
    EXPECT_EQ(one->all_directories(), Paths{"/a"});
    const auto more = read_config(quick_start("log.dirs=/a, /b\nmetadata.log.dir=/b\n"));
    ASSERT_TRUE(more) << more.error().message;
    EXPECT_EQ(more->log_directories, (Paths{"/a", "/b"}));
    EXPECT_EQ(more->metadata_directory, "/b");
    EXPECT_EQ(more->all_directories(), (Paths{"/a", "/b"}));
    const auto apart = read_config(quick_start("log.dirs=/a,/b\nmetadata.log.dir=/m\n"));
    ASSERT_TRUE(apart) << apart.error().message;
    EXPECT_EQ(apart->all_directories(), (Paths{"/a", "/b", "/m"}));
    EXPECT_NE(refusal(quick_start("log.dirs=/a,/b,/a\n")).find("log.dirs names /a twice"),
              std::string::npos);
}

TEST(Config, VariablesAndOverridesStandAboveTheFile) {
    ConfigInput input = quick_start();
    input.variables = {{"KAFKA_NUM_PARTITIONS", "5"},
                       {"KAFKA_LOG_DIRS", "/data"},
                       {"KAFKA_HEAP_OPTS", "-Xmx1g"},
                       {"PATH", "x"}};
    input.overrides = {{"num.partitions", "7"}};
    const auto config = read_config(input);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->settings.num_partitions, 7);
    EXPECT_EQ(config->log_directories, std::vector<std::string>{"/data"});
}

TEST(Config, LimitsOfConnectionsAndRequests) {
    const auto usual = read_config(quick_start());
    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->settings.request_bytes, 0);  // nobody chose
    EXPECT_EQ(usual->settings.connection_limits.total, INT32_MAX);
    EXPECT_EQ(usual->settings.connections_max_idle, milliseconds(600'000));
    const auto chosen =
        read_config(quick_start("max.connections=500\nmax.connections.per.ip=7\n"
                                "max.connections.per.ip.overrides=127.0.0.1:200,fe80::1:3\n"
                                "queued.max.request.bytes=104857600\n"));
    ASSERT_TRUE(chosen) << chosen.error().message;
    EXPECT_EQ(chosen->settings.connection_limits.total, 500);
    EXPECT_EQ(chosen->settings.connection_limits.per_address, 7);
    EXPECT_EQ(chosen->settings.connection_limits.per_address_overrides,
              (std::map<std::string, std::int32_t>{{"127.0.0.1", 200}, {"fe80::1", 3}}));
    EXPECT_EQ(chosen->settings.request_bytes, 104'857'600);

    using Buffers = runtime::SocketBuffers;
    EXPECT_EQ(usual->settings.socket_buffers, (Buffers{.send = 102'400}));
    const auto buffers = read_config(
        quick_start("socket.send.buffer.bytes=-1\nsocket.receive.buffer.bytes=300000\n"));
    ASSERT_TRUE(buffers) << buffers.error().message;
    EXPECT_EQ(buffers->settings.socket_buffers, (Buffers{.receive = 300'000}));

    EXPECT_NE(refusal(quick_start("queued.max.request.bytes=1000\n"))
                  .find("write at least socket.request.max.bytes (104857600)"),
              std::string::npos);
    for (const char* wrong : {"localhost:5", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:-1", ":5"}) {
        const std::string text =
            refusal(quick_start("max.connections.per.ip.overrides=" + std::string(wrong) + "\n"));
        EXPECT_NE(text.find("is no ADDRESS:NUMBER"), std::string::npos) << wrong << ": " << text;
    }
}

TEST(Config, NamesOfVariables) {
    struct Case {
        const char* variable;
        std::optional<std::string> key;
    };
    for (const Case& c : {
             Case{"KAFKA_LOG_DIRS", "log.dirs"},
             {"KAFKA_ADVERTISED_LISTENERS", "advertised.listeners"},
             {"KAFKA_A_B", "a.b"},
             {"KAFKA_A__B", "a_b"},
             {"KAFKA_A___B", "a-b"},
             {"KAFKA_A____B", "a-.b"},
             {"KAFKA_A_____B", "a-_b"},
             {"KAFKA_A______B", "a--b"},
             {"KAFKA_A_B__C___D", "a.b_c-d"},
             {"KAFKA__A_", ".a."},
             {"KAFKA_log_Dirs", "log.dirs"},
             {"KAFKA_CAUCE_DURABILITY", "cauce.durability"},
             // Kafka's start scripts read these.
             {"KAFKA_HEAP_OPTS", std::nullopt},
             {"KAFKA_OPTS", std::nullopt},
             {"KAFKA_JMX_OPTS", std::nullopt},
             {"KAFKA_JMX_PORT", std::nullopt},
             {"KAFKA_JMX_HOSTNAME", std::nullopt},
             {"KAFKA_JVM_PERFORMANCE_OPTS", std::nullopt},
             {"KAFKA_GC_LOG_OPTS", std::nullopt},
             {"KAFKA_LOG4J_OPTS", std::nullopt},
             {"KAFKA_LOG4J_LOGGERS", std::nullopt},
             {"KAFKA_LOG4J_ROOT_LOGLEVEL", std::nullopt},
             {"KAFKA_TOOLS_LOG4J_LOGLEVEL", std::nullopt},
             {"KAFKA_VERSION", std::nullopt},
             {"CLUSTER_ID", std::nullopt},
             {"HOME", std::nullopt},
             {"kafka_log_dirs", std::nullopt},
         }) {
        EXPECT_EQ(key_of_variable(c.variable), c.key) << c.variable;
    }
}

TEST(Config, EveryGivenKeyHasItsPlace) {
    ConfigInput input;
    input.file_name = "s.properties";
    input.file_text = "# a comment\nnode.id=1\nnum.partitions=2\nnum.partitions=3\n";
    input.variables = {{"KAFKA_NODE_ID", "4"}};
    input.overrides = {{"log.dirs", "/a"}};
    input.defaults = {{"log.dirs", "/b"}, {"broker.rack", "r"}};
    const ConfigReport report = examine_config(input);
    const auto shown = [&](std::string_view key) {
        const auto found = std::ranges::find(report.given, key, &ConfigReport::Given::key);
        return found == report.given.end() ? "" : found->value + " of " + found->place;
    };
    EXPECT_EQ(shown("num.partitions"), "3 of s.properties:4");
    EXPECT_EQ(shown("node.id"), "4 of KAFKA_NODE_ID");
    EXPECT_EQ(shown("log.dirs"), "/a of --set log.dirs");
    EXPECT_EQ(shown("broker.rack"), "r of the default of broker.rack");
}

TEST(Config, BadValuesAndListenersSayWhatToWrite) {
    EXPECT_NE(refusal(quick_start("num.partitions=many\n")).find("num.partitions"),
              std::string::npos);
    EXPECT_NE(refusal(quick_start("listeners=PLAINTEXT:9092\n")).find("NAME://host:port"),
              std::string::npos);
    EXPECT_NE(
        refusal(quick_start("advertised.listeners=PLAINTEXT://0.0.0.0:9092\n")).find("0.0.0.0"),
        std::string::npos);
    ConfigInput empty;
    empty.file_name = "none";
    EXPECT_NE(refusal(empty), "");
}

TEST(Config, HttpIsServedOnLoopbackUnlessSaidOtherwise) {
    const auto usual = read_config(quick_start());
    ASSERT_TRUE(usual && usual->http);
    EXPECT_EQ(usual->http->address, (runtime::Address{"127.0.0.1", 8080}));
    EXPECT_FALSE(usual->http->chosen);
    const auto none = read_config(quick_start("cauce.http.listener=\n"));
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->http);
    const auto everywhere = read_config(quick_start("cauce.http.listener=:9404\n"));
    ASSERT_TRUE(everywhere && everywhere->http);
    EXPECT_EQ(everywhere->http->address, (runtime::Address{"", 9404}));
    EXPECT_TRUE(everywhere->http->chosen);
    const auto ipv6 = read_config(quick_start("cauce.http.listener=[::1]:8080\n"));
    ASSERT_TRUE(ipv6 && ipv6->http);
    EXPECT_EQ(ipv6->http->address.host, "::1");
}

TEST(Config, AnHttpAddressThatIsNoneNamesTheLine) {
    for (const std::string value : {"8080", "http://127.0.0.1:8080", "127.0.0.1:", "a:70000"}) {
        const std::string text = refusal(quick_start("cauce.http.listener=" + value + "\n"));
        EXPECT_NE(text.find("server.properties:13: cauce.http.listener=" + value),
                  std::string::npos)
            << text;
        EXPECT_NE(text.find("for example 127.0.0.1:8080"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace cauce::node
