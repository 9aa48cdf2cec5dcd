// Kafka's tools by their names, against a fake cluster: what they print, where, and how they end.
// That it is what the Java tools print is tests/compat/tools' to prove.
#include "cli/arguments.h"
#include "cli/kafka/tool.h"
#include "cli/testing/fake_cluster.h"
#include "cli/testing/fake_configs.h"
#include "cli/testing/fake_program.h"
#include "storage/small_file.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

namespace cauce::cli::kafka {
namespace {

class KafkaTools : public ::testing::Test {
protected:
    using Words = std::vector<std::string>;

    // With --bootstrap-server; the exit code must be `code`.
    void call(Words words, int code = 0) {
        words.insert(words.begin() + 1, {"--bootstrap-server", "127.0.0.1:9092"});
        EXPECT_EQ(program.call(std::move(words)), code) << program.err.text;
    }
    std::string out(Words words, int code = 0) {
        call(std::move(words), code);
        return program.out.text;
    }
    std::string err(Words words, int code = 1) {
        call(std::move(words), code);
        return program.err.text;
    }
    // Above the usage.
    std::string misuse(Words words) {
        const std::string text = err(std::move(words));
        const std::size_t usage = text.find("\nOption ");
        EXPECT_NE(usage, std::string::npos) << text;
        return text.substr(0, usage);
    }
    std::vector<std::string> values(const TopicPartition& tp) {
        std::vector<std::string> list;
        for (const auto& record : cluster.log.partitions[tp].records)
            list.push_back(record.value);
        return list;
    }
    static runtime::Task<void> store(storage::testing::MemoryDisk& disk, std::string text) {
        const auto stored =
            co_await storage::replace_file(disk, "/work folder", "deletions.json", text);
        EXPECT_TRUE(stored.has_value());
    }
    void TearDown() override { cluster.broker.hang_up(); }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    cli::testing::FakeCluster cluster{net, loop};
    cli::testing::FakeProgram program{loop, net};
};

TEST_F(KafkaTools, Names) {
    EXPECT_EQ(find_tool("topic"), nullptr);
    EXPECT_EQ(find_tool("cauce"), nullptr);
    for (const Tool& tool : tools()) {
        const std::string name(tool.name);
        EXPECT_EQ(find_tool(name), &tool);
        EXPECT_EQ(find_tool("/opt/kafka/bin/" + name + ".sh"), &tool);
    }
    // As the program's own name.
    program.invocation.arguments = {"/usr/bin/kafka-topics.sh", "--version"};
    EXPECT_EQ(cli::main(program.invocation, program), 0);
    EXPECT_TRUE(program.out.text.starts_with("4.")) << program.out.text;
}

TEST_F(KafkaTools, EveryToolSaysHowItIsUsed) {
    for (const Tool& tool : tools()) {
        if (tool.run == nullptr) continue;
        EXPECT_EQ(program.call({std::string(tool.name), "--help"}), 1);
        EXPECT_TRUE(program.err.text.starts_with(std::string(tool.purpose) + "\nOption "));
        for (const Flag& flag : tool.flags)
            EXPECT_TRUE(program.err.text.contains("--" + std::string(flag.name))) << flag.name;
        EXPECT_EQ(program.out.text, "");
        const int runs = program.runs;
        EXPECT_EQ(program.call({std::string(tool.name), "--nonsense"}), 1);
        EXPECT_EQ(program.runs, runs + 1);
        EXPECT_TRUE(program.err.text.contains("nonsense is not a recognized option"));
    }
}

// --- kafka-topics

TEST_F(KafkaTools, TopicsListAndDescribe) {
    EXPECT_EQ(out({"kafka-topics", "--list"}), "\n");
    cluster.metadata.add_topic("blog", {1, -1});
    cluster.metadata.add_topic("__consumer_offsets", {1});
    cluster.metadata.topics["__consumer_offsets"].is_internal = true;
    EXPECT_EQ(out({"kafka-topics", "--list"}), "__consumer_offsets\nblog\n");
    EXPECT_EQ(out({"kafka-topics", "--list", "--exclude-internal"}), "blog\n");
    EXPECT_EQ(out({"kafka-topics", "--list", "--topic", "x|b.*"}), "blog\n");
    const std::string id = cluster.metadata.topics["blog"].id.to_string();
    EXPECT_EQ(out({"kafka-topics", "--describe", "--topic", "blog"}),
              "Topic: blog\tTopicId: " + id +
                  "\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: retention.ms=1000\n"
                  "\tTopic: blog\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: "
                  "N/A\tLastKnownElr: N/A\n"
                  "\tTopic: blog\tPartition: 1\tLeader: none\tReplicas: 1\tIsr: 1\tElr: "
                  "N/A\tLastKnownElr: N/A\n");
    EXPECT_EQ(out({"kafka-topics", "--describe", "--topic", "blog", "--unavailable-partitions"}),
              "\tTopic: blog\tPartition: 1\tLeader: none\tReplicas: 1\tIsr: 1\tElr: "
              "N/A\tLastKnownElr: N/A\n");
    EXPECT_TRUE(out({"kafka-topics", "--describe", "--topic-id", id}).contains("Topic: blog\t"));
    EXPECT_EQ(out({"kafka-topics", "--describe", "--topic", "none"}, 1),
              "Error while executing topic command : Topic 'none' does not exist as expected\n");
    EXPECT_EQ(out({"kafka-topics", "--describe", "--topic", "none", "--if-exists"}), "");
    EXPECT_EQ(out({"kafka-topics", "--describe", "--topic-id", "abc"}, 1),
              "Error while executing topic command : Input string `abc` decoded as 2 bytes, which "
              "is not equal to the expected 16 bytes of a base64-encoded UUID\n");
}

TEST_F(KafkaTools, TopicsCreateAndDelete) {
    EXPECT_EQ(out({"kafka-topics", "--create", "--topic", "blog", "--partitions", "3", "--config",
                   "retention.ms=5"}),
              "Created topic blog.\n");
    EXPECT_EQ(cluster.configs, (std::vector<KeyValue>{{"retention.ms", "5"}}));
    EXPECT_EQ(cluster.metadata.topics["blog"].leaders.size(), 3u);
    EXPECT_EQ(out({"kafka-topics", "--create", "--topic", "blog"}, 1),
              "Error while executing topic command : Topic 'blog' already exists.\n");
    EXPECT_EQ(out({"kafka-topics", "--create", "--topic", "blog", "--if-not-exists"}), "");
    struct Case {
        Words more;
        const char* said;
    };
    for (const Case& c :
         {Case{{"--partitions", "0"}, "The partitions must be greater than 0"},
          Case{{"--partitions", "x"}, "Cannot parse argument 'x' of option partitions"},
          Case{{"--replication-factor", "40000"},
               "The replication factor must be between 1 and 32767 inclusive"},
          Case{{"--config", "a"},
               "requirement failed: Invalid topic config: all configs to be added must be in the "
               "format \"key=val\"."},
          Case{{"--config", "retention.ms=soon"},
               "Invalid value soon for configuration retention.ms: Not a number of type LONG"},
          Case{{"--replica-assignment", "1:1"},
               "Partition replica lists may not contain duplicate entries: 1"},
          Case{{"--replica-assignment", "1,1:2"},
               "Partition 1 has different replication factor: [1, 2]"}}) {
        Words words{"kafka-topics", "--create", "--topic", "new"};
        words.insert(words.end(), c.more.begin(), c.more.end());
        EXPECT_EQ(out(words, 1),
                  "Error while executing topic command : " + std::string(c.said) + "\n");
    }
    EXPECT_EQ(out({"kafka-topics", "--delete", "--topic", "bl.g"}), "");
    EXPECT_FALSE(cluster.metadata.topics.contains("blog"));
    EXPECT_EQ(out({"kafka-topics", "--delete", "--topic", "blog"}, 1),
              "Error while executing topic command : Topic 'blog' does not exist as expected\n");
}

TEST_F(KafkaTools, TopicsGetMorePartitions) {
    const cli::testing::FakeConfigs changes(cluster);
    cluster.metadata.add_topic("blog", {1});
    EXPECT_EQ(out({"kafka-topics", "--alter", "--topic", "blog", "--partitions", "3"}), "");
    EXPECT_EQ(cluster.metadata.topics["blog"].leaders.size(), 3u);
    EXPECT_EQ(out({"kafka-topics", "--alter", "--topic", "blog", "--partitions", "2"}, 1),
              "Error while executing topic command : would not be an increase.\n");
    EXPECT_EQ(out({"kafka-topics", "--alter", "--topic", "none", "--partitions", "2"}, 1),
              "Error while executing topic command : Topic 'none' does not exist as expected\n");
    EXPECT_EQ(
        out({"kafka-topics", "--alter", "--topic", "none", "--partitions", "2", "--if-exists"}),
        "");
}

TEST_F(KafkaTools, TopicsWithReplicasThatMayLead) {
    cluster.metadata.add_topic("blog", {1, 1});
    cluster.metadata.add_topic("news", {1});
    cluster.serve_replicas();
    const std::string text =
        out({"kafka-topics", "--describe", "--partition-size-limit-per-response", "1"});
    EXPECT_TRUE(
        text.contains("\tTopic: blog\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: "
                      "2\tLastKnownElr: \n"))
        << text;
    EXPECT_TRUE(
        text.contains("\tTopic: blog\tPartition: 1\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: "
                      "\tLastKnownElr: \n"))
        << text;
    EXPECT_TRUE(
        text.contains("\tTopic: news\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: "
                      "2\tLastKnownElr: \n"))
        << text;
}

TEST_F(KafkaTools, TopicsMisused) {
    EXPECT_EQ(misuse({"kafka-topics", "--list", "--describe"}),
              "Command must include exactly one action: --list, --describe, --create, --alter or "
              "--delete");
    EXPECT_EQ(misuse({"kafka-topics", "--create"}), "Missing required argument \"[topic]\"");
    EXPECT_EQ(misuse({"kafka-topics", "--alter", "--topic", "t"}),
              "Missing required argument \"[partitions]\"");
    EXPECT_EQ(misuse({"kafka-topics", "--list", "--partitions", "3"}),
              "Option \"[partitions]\" can't be used with option \"[list]\"");
    EXPECT_EQ(program.call({"kafka-topics", "--list"}), 1);
    EXPECT_EQ(program.err.text, "--bootstrap-server must be specified\n");
}

TEST_F(KafkaTools, NobodyAnswers) {
    cluster.broker.stop();
    EXPECT_EQ(out({"kafka-topics", "--list"}, 1),
              "Error while executing topic command : Timed out waiting for a node assignment. "
              "Call: listTopics\n");
    EXPECT_EQ(program.call({"kafka-topics", "--list", "--bootstrap-server", "localhost"}), 1);
    EXPECT_EQ(program.out.text,
              "Error while executing topic command : Invalid url in bootstrap.servers: "
              "localhost\n");
}

// --- kafka-delete-records

TEST_F(KafkaTools, DeleteRecords) {
    cli::testing::FakeConfigs changes(cluster);
    changes.topics["tables"]["cleanup.policy"] = "compact";
    cluster.metadata.add_topic("tables", {1});
    cluster.metadata.add_topic("blog", {1, 1});
    cluster.log.add({"blog", 0}, {"a", "b", "c"});
    storage::testing::MemoryDisk disk{"/work folder"};
    program.disk = &disk;
    const auto delete_by = [&](std::string_view json) {
        loop.run(store(disk, std::string(json)));
        call({"kafka-delete-records", "--offset-json-file", "deletions.json"},
             json.contains("\"offset\"") && !json.contains("twice") ? 0 : 1);
        return program.out.text + program.err.text;
    };
    EXPECT_EQ(
        delete_by(R"({"partitions": [{"topic": "blog", "partition": 0, "offset": 2},
                                           {"topic": "tables", "partition": 0, "offset": 5}],
                            "version": 1})"),
        "Executing records delete operation\n"
        "Records delete operation completed:\n"
        "partition: blog-0\tlow_watermark: 2\n"
        "partition: tables-0\terror: org.apache.kafka.common.errors.PolicyViolationException: "
        "Request parameters do not satisfy the configured policy.\n");
    const TopicPartition blog{"blog", 0};
    EXPECT_EQ(cluster.log.partitions[blog].start, 2);
    EXPECT_EQ(delete_by(R"({"partitions": [{"topic": "twice", "partition": 0, "offset": 2},
                                           {"topic": "twice", "partition": 0, "offset": 3}]})"),
              "Offset json file contains duplicate topic partitions: twice-0\n");
    EXPECT_EQ(delete_by(R"({"partitions": [{"topic": "blog", "partition": 0}]})"),
              "No such field exists: `offset`\n");
    EXPECT_EQ(delete_by("{"), "The input string is not a valid JSON\n");
    EXPECT_EQ(delete_by("{}"), "Missing partitions field\n");
    EXPECT_EQ(delete_by(R"({"version": 2})"), "Not supported version field value 2\n");
    EXPECT_EQ(err({"kafka-delete-records", "--offset-json-file", "nowhere.json"}),
              "Unable to read file nowhere.json\n");
}

// --- kafka-get-offsets, kafka-broker-api-versions

TEST_F(KafkaTools, GetOffsets) {
    cluster.metadata.add_topic("blog", {1, 1, 1});
    cluster.log.add({"blog", 1}, {"a", "b"});
    EXPECT_EQ(out({"kafka-get-offsets"}), "blog:0:0\nblog:1:2\nblog:2:0\n");
    EXPECT_EQ(out({"kafka-get-offsets", "--topic", "b.*", "--partitions", "1", "--time", "-2"}),
              "blog:1:0\n");
    EXPECT_EQ(out({"kafka-get-offsets", "--topic-partitions", "blog:1-,other:0"}),
              "blog:1:2\nblog:2:0\n");
    EXPECT_EQ(err({"kafka-get-offsets", "--topic", "none"}),
              "Error occurred: Could not match any topic-partitions with the specified filters\n");
    EXPECT_EQ(err({"kafka-get-offsets", "--partitions", "0,x"}),
              "Error occurred: --partitions expects a comma separated list of numeric partition "
              "ids, but received: 0,x\n");
    EXPECT_EQ(err({"kafka-get-offsets", "--topic", "t", "--topic-partitions", "t"}),
              "Error occurred: --topic-partitions cannot be used with --topic or --partitions\n");
    EXPECT_TRUE(
        err({"kafka-get-offsets", "--time", "soon"})
            .starts_with("Error occurred: Malformed time argument soon. Please use -1 or "));
}

TEST_F(KafkaTools, BrokerApiVersions) {
    const std::string text = out({"kafka-broker-api-versions"});
    EXPECT_TRUE(text.starts_with("127.0.0.1:9092 (id: 1 rack: r1 isFenced: false) -> (\n"));
    EXPECT_TRUE(text.contains("\tCreateTopics(19): ")) << text;
    EXPECT_TRUE(text.contains("\tEndTxn(26): UNSUPPORTED,\n")) << text;
    EXPECT_TRUE(text.ends_with("\n)\n"));
    EXPECT_EQ(program.call({"kafka-broker-api-versions", "--command-config", "x"}), 1);
    EXPECT_TRUE(program.err.text.starts_with("Missing required argument \"[bootstrap-server]\"\n"));
}

// --- kafka-consumer-groups

TEST_F(KafkaTools, GroupsListed) {
    EXPECT_EQ(out({"kafka-consumer-groups", "--list"}), "");
    cluster.groups["billing"].state = "Empty";
    cluster.groups["mail"].state = "Stable";
    EXPECT_EQ(out({"kafka-consumer-groups", "--list"}), "billing\nmail\n");
    EXPECT_EQ(out({"kafka-consumer-groups", "--list", "--state", "stable"}),
              "GROUP                     STATE               \n"
              "mail                      Stable              \n");
    EXPECT_TRUE(out({"kafka-consumer-groups", "--list", "--type", "--state"})
                    .contains("mail                      Classic              Stable"));
    EXPECT_EQ(misuse({"kafka-consumer-groups", "--list", "--state", "asleep"}),
              "Invalid state list 'asleep'. Valid states are: Empty, Reconciling, "
              "PreparingRebalance, CompletingRebalance, Assigning, Dead, Stable");
    EXPECT_EQ(misuse({"kafka-consumer-groups", "--list", "--group", "g"}),
              "Option \"[group]\" can't be used with option \"[list]\"");
}

TEST_F(KafkaTools, GroupsDescribed) {
    cluster.metadata.add_topic("blog", {1, 1});
    cluster.log.add({"blog", 0}, {"a", "b", "c"});
    cluster.groups["mail"].assigned = {{"blog", 0}};
    cluster.groups["mail"].committed[{"blog", 0}] = 1;
    cluster.groups["mail"].committed[{"blog", 1}] = 0;
    EXPECT_EQ(
        out({"kafka-consumer-groups", "--describe", "--group", "mail"}),
        "\nGROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG          "
        "   CONSUMER-ID     HOST            CLIENT-ID\n"
        "mail            blog            0          1               3               2             "
        "  m-1             /127.0.0.1      reader\n"
        "mail            blog            1          0               0               0             "
        "  -               -               -\n");
    EXPECT_EQ(out({"kafka-consumer-groups", "--describe", "--group", "mail", "--members"}),
              "\nGROUP           CONSUMER-ID     HOST            CLIENT-ID       #PARTITIONS     \n"
              "mail            m-1             /127.0.0.1      reader          1               \n");
    EXPECT_EQ(
        out({"kafka-consumer-groups", "--describe", "--group", "mail", "--state"}),
        "\nGROUP           COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE               "
        " #MEMBERS\n"
        "mail            127.0.0.1:9092  (1)       range                Stable               "
        "1\n");
    cluster.groups["mail"].state = "Empty";
    call({"kafka-consumer-groups", "--describe", "--group", "mail"});
    EXPECT_EQ(program.err.text, "\nConsumer group 'mail' has no active members.\n");
    EXPECT_EQ(out({"kafka-consumer-groups", "--describe", "--group", "none"}),
              "\nError: Executing consumer group command failed due to "
              "org.apache.kafka.common.errors.GroupIdNotFoundException: The group id does not "
              "exist.\n");
    EXPECT_EQ(misuse({"kafka-consumer-groups", "--describe"}),
              "Option [describe] takes one of these options: [all-groups], [group]");
}

TEST_F(KafkaTools, GroupsReset) {
    cluster.metadata.add_topic("blog", {1, 1});
    cluster.log.add({"blog", 0}, {"a", "b", "c"});
    cluster.groups["mail"].state = "Empty";
    cluster.groups["mail"].committed[{"blog", 0}] = 2;
    const Words reset{"kafka-consumer-groups", "--reset-offsets", "--group", "mail"};
    const auto to = [&](Words more) {
        Words words = reset;
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    EXPECT_EQ(out(to({"--topic", "blog", "--to-latest", "--dry-run"})),
              "\nGROUP           TOPIC           PARTITION  NEW-OFFSET\n"
              "mail            blog            0          3\n"
              "mail            blog            1          0\n");
    EXPECT_EQ(cluster.groups["mail"].committed.size(), 1u);
    EXPECT_EQ(out(to({"--all-topics", "--shift-by", "-1", "--dry-run", "--export"})),
              "blog,0,1\n\n");
    EXPECT_EQ(out(to({"--topic", "blog:0", "--to-offset", "9", "--execute"})),
              "\nGROUP           TOPIC           PARTITION  NEW-OFFSET\n"
              "mail            blog            0          3\n");
    EXPECT_EQ(program.err.text,
              "WARN New offset (9) is higher than latest offset for topic partition blog-0. Value "
              "will be set to 3\n");
    const TopicPartition blog{"blog", 0};
    EXPECT_EQ(cluster.groups["mail"].committed[blog], 3);
    EXPECT_TRUE(err(to({"--topic", "blog", "--to-earliest"}), 0)
                    .starts_with("WARN: No action will be performed as the --execute option is "
                                 "missing."));
    EXPECT_EQ(cluster.groups["mail"].committed[blog], 3);
    EXPECT_EQ(misuse(to({"--topic", "blog:x", "--to-latest", "--execute"})),
              "Invalid partition 'x' specified in topic arg 'blog:x''");
    EXPECT_EQ(misuse(to({"--to-latest", "--execute"})),
              "One of the reset scopes should be defined: --all-topics, --topic.");
    EXPECT_TRUE(misuse(to({"--topic", "blog", "--to-latest", "--to-earliest"}))
                    .starts_with("WARN: No action will be performed"));
    EXPECT_EQ(misuse(to({"--topic", "blog", "--to-latest", "--to-earliest", "--dry-run"})),
              "Option \"[to-earliest]\" can't be used with option \"[to-latest]\"");
    EXPECT_EQ(out(to({"--topic", "blog", "--by-duration", "1h", "--dry-run"})),
              "\nError: Executing consumer group command failed due to Text cannot be parsed to a "
              "Duration\n");
    cluster.groups["mail"].state = "Stable";
    EXPECT_TRUE(out(to({"--topic", "blog", "--to-earliest", "--execute"}))
                    .starts_with("\nError: Assignments can only be reset if the group 'mail' is "
                                 "inactive, but the current state is Stable.\n"));
}

TEST_F(KafkaTools, GroupsDeleted) {
    cluster.metadata.add_topic("blog", {1});
    const TopicPartition blog{"blog", 0};
    cluster.groups["mail"].state = "Empty";
    cluster.groups["mail"].committed[blog] = 2;
    cluster.groups["busy"].state = "Stable";
    EXPECT_EQ(
        out({"kafka-consumer-groups", "--delete-offsets", "--group", "mail", "--topic", "blog"}),
        "Request succeeded for deleting offsets from group mail.\n"
        "\nTOPIC           PARTITION  STATUS         \n"
        "blog            0          Successful     \n");
    EXPECT_TRUE(cluster.groups["mail"].committed.empty());
    EXPECT_EQ(out({"kafka-consumer-groups", "--delete", "--group", "mail"}),
              "Deletion of requested consumer groups ('mail') was successful.\n");
    EXPECT_EQ(out({"kafka-consumer-groups", "--delete", "--group", "busy"}),
              "\nError: Deletion of some consumer groups failed:\n"
              "* Group 'busy' could not be deleted due to: "
              "org.apache.kafka.common.errors.GroupNotEmptyException: The group is not empty.\n");
}

// --- kafka-console-producer, kafka-console-consumer

TEST_F(KafkaTools, LinesInAndOut) {
    cluster.metadata.add_topic("blog", {1});
    program.in.add("k1\tone\nk2\ttwo\n");
    call({"kafka-console-producer", "--topic", "blog", "--reader-property", "parse.key=true",
          "--compression-codec", "zstd"});
    EXPECT_EQ(program.out.text + program.err.text, "");
    EXPECT_EQ(values({"blog", 0}), (std::vector<std::string>{"one", "two"}));
    const TopicPartition blog{"blog", 0};
    EXPECT_EQ(cluster.log.partitions[blog].codec, wire::Codec::zstd);

    EXPECT_EQ(out({"kafka-console-consumer", "--topic", "blog", "--partition", "0", "--offset",
                   "earliest", "--max-messages", "2", "--formatter-property", "print.key=true"}),
              "k1\tone\nk2\ttwo\n");
    EXPECT_EQ(program.err.text, "Processed a total of 2 messages\n");
    call({"kafka-console-consumer", "--topic", "blog", "--partition", "0", "--offset", "1",
          "--timeout-ms", "200"});
    EXPECT_EQ(program.out.text, "two\n");
    EXPECT_EQ(program.err.text,
              "ERROR Error processing message, terminating consumer process: "
              "org.apache.kafka.common.errors.TimeoutException\n"
              "Processed a total of 1 messages\n");
}

TEST_F(KafkaTools, ConsoleMisused) {
    EXPECT_EQ(misuse({"kafka-console-consumer"}),
              "Exactly one of the following arguments is required: [topic], [include]");
    EXPECT_EQ(misuse({"kafka-console-consumer", "--topic", "t", "--offset", "3"}),
              "The partition is required when offset is specified.");
    EXPECT_EQ(
        misuse({"kafka-console-consumer", "--topic", "t", "--partition", "0", "--offset", "x"}),
        "The provided offset value 'x' is incorrect. Valid values are 'earliest', 'latest', "
        "or a non-negative long.");
    EXPECT_EQ(misuse({"kafka-console-consumer", "--topic", "t", "--group", "a",
                      "--command-property", "group.id=b"}),
              "The group ids provided in different places (directly using '--group', via "
              "'--consumer-property', or via '--consumer.config') do not match. Detected group "
              "ids: 'a', 'b'");
    EXPECT_EQ(misuse({"kafka-console-producer"}), "Missing required argument \"[topic]\"");
    EXPECT_EQ(program.call({"kafka-console-producer", "--topic", "t"}), 1);
    EXPECT_TRUE(
        program.err.text.starts_with("Error while validating the bootstrap address\n\nOption"));
    cluster.metadata.add_topic("blog", {1});
    program.in.add("no key\n");
    EXPECT_EQ(
        err({"kafka-console-producer", "--topic", "blog", "--reader-property", "parse.key=true"}),
        "org.apache.kafka.common.KafkaException: No key separator found on line number 1: "
        "'no key'\n");
}

// --- kafka-configs

TEST_F(KafkaTools, ConfigsDescribed) {
    EXPECT_EQ(out({"kafka-configs", "--describe", "--topic", "blog"}),
              "Dynamic configs for topic blog are:\n"
              "  retention.ms=1000 sensitive=false synonyms={}\n");
    EXPECT_EQ(out({"kafka-configs", "--describe", "--entity-type", "topics", "--entity-name",
                   "blog", "--all"}),
              "All configs for topic blog are:\n"
              "  cleanup.policy=delete sensitive=false synonyms={}\n"
              "  retention.ms=1000 sensitive=false synonyms={}\n");
    EXPECT_EQ(err({"kafka-configs", "--describe"}), "At least one entity type must be specified\n");
    EXPECT_EQ(err({"kafka-configs", "--describe", "--entity-type", "things"}),
              "Invalid entity type things, the entity type must be one of topics, clients, users, "
              "brokers, ips, client-metrics, groups, broker-loggers with a --bootstrap-server or "
              "--bootstrap-controller argument\n");
    EXPECT_EQ(err({"kafka-configs", "--alter", "--topic", "blog"}),
              "At least one of --add-config, --add-config-file, or --delete-config must be "
              "specified with --alter\n");
    EXPECT_EQ(err({"kafka-configs", "--alter", "--broker", "x", "--add-config", "a=b"}),
              "The entity name for brokers must be a valid integer broker id, but it is: x\n");
    EXPECT_EQ(err({"kafka-configs", "--alter", "--topic", "blog", "--add-config", "a"}),
              "requirement failed: Invalid entity config: all configs to be added must be in the "
              "format \"key=val\" or  \"key=[val1,val2]\" to group values which contain commas.\n");
}

TEST_F(KafkaTools, ConfigsAltered) {
    cli::testing::FakeConfigs settings(cluster);
    settings.topics["blog"]["retention.ms"] = "5";
    EXPECT_EQ(out({"kafka-configs", "--alter", "--topic", "blog", "--add-config",
                   "cleanup.policy=[compact,delete]", "--delete-config", "retention.ms"}),
              "Completed updating config for topic blog.\n");
    const std::map<std::string, std::string> set{{"cleanup.policy", "compact,delete"}};
    EXPECT_EQ(settings.topics["blog"], set);
    EXPECT_EQ(out({"kafka-configs", "--describe", "--topic", "blog"}),
              "Dynamic configs for topic blog are:\n"
              "  cleanup.policy=compact,delete sensitive=false "
              "synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, "
              "DEFAULT_CONFIG:log.cleanup.policy=delete}\n");
    settings.running["log.retention.ms"] = "7";
    EXPECT_EQ(out({"kafka-configs", "--describe", "--broker-defaults"}),
              "Default configs for brokers in the cluster are:\n"
              "  log.retention.ms=7 sensitive=false "
              "synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=7}\n");
    EXPECT_EQ(
        out({"kafka-configs", "--alter", "--broker-defaults", "--add-config", "retention.ms=5"}),
        "Completed updating default config for brokers in the cluster.\n");
    EXPECT_EQ(err({"kafka-configs", "--alter", "--topic", "blog", "--add-config", "segment.ms=1"}),
              "Error while executing config command with args '--bootstrap-server 127.0.0.1:9092 "
              "--alter --topic blog --add-config segment.ms=1'\n"
              "java.util.concurrent.ExecutionException: "
              "org.apache.kafka.common.errors.InvalidConfigurationException: Unknown topic config "
              "name: segment.ms\n");
}

// --- kafka-storage, kafka-server-start

TEST_F(KafkaTools, ServersAndStorage) {
    storage::testing::MemoryDisk disk{"/work folder"};
    program.disk = &disk;
    program.setup.node = NodeId{1};
    program.setup.log_directories = {"/work folder/a"};
    const Words format = {"kafka-storage", "format", "-t", "id", "--config", "s.properties"};
    const auto with = [&format](const Words& flags) {
        Words words = format;
        words.insert(words.end(), flags.begin(), flags.end());
        return words;
    };
    EXPECT_EQ(program.call(with({"--standalone"})), 0);
    EXPECT_EQ(program.setup_options->config_file, "/work folder/s.properties");
    EXPECT_EQ(program.out.text,
              "Formatting dynamic metadata voter directory /work folder/a with metadata.version "
              "4.4-IV2.\n");
    EXPECT_EQ(program.call(with({"--standalone"})), 1);
    EXPECT_EQ(program.out.text, "");
    EXPECT_EQ(program.err.text,
              "Log directory /work folder/a is already formatted. Use --ignore-formatted to ignore "
              "this directory and format the others.\n");
    EXPECT_EQ(program.call(with({"-s", "-g"})), 0);
    EXPECT_EQ(program.out.text, "All of the log directories are already formatted.\n");
    EXPECT_EQ(program.call(format), 1);
    EXPECT_TRUE(program.err.text.starts_with("You must specify one of")) << program.err.text;
    program.setup.faults = {"s:1: wrong", "s:2: worse"};
    EXPECT_EQ(program.call(with({"-s"})), 1);
    EXPECT_EQ(program.err.text, "s:1: wrong\ns:2: worse\n");
    EXPECT_EQ(program.call({"kafka-storage", "format", "-c", "x"}), 1);
    EXPECT_TRUE(
        program.err.text.ends_with("kafka-storage: error: argument --cluster-id/-t is required\n"));
    EXPECT_EQ(program.call({"kafka-storage", "random-uuid"}), 0);
    EXPECT_EQ(program.out.text.size(), 23u);

    EXPECT_EQ(program.call({"kafka-server-start", "s.properties", "--override", "a=b=c"}), 0);
    ASSERT_TRUE(program.start_options.has_value());
    EXPECT_EQ(program.start_options->config_file, "/work folder/s.properties");
    EXPECT_EQ(program.start_options->overrides, (std::vector<KeyValue>{{"a", "b=c"}}));
    program.served = std::unexpected(ServerFailure{ServerFailure::Step::file, "open s: none"});
    EXPECT_EQ(program.call({"kafka-server-start", "s.properties"}), 1) << "as Kafka's script";
    EXPECT_EQ(program.err.text, "open s: none\n");
    EXPECT_EQ(program.call({"kafka-server-start"}), 1);
    EXPECT_TRUE(program.err.text.starts_with("USAGE: kafka-server-start server.properties"));

    program.others = {{"cauce", "topic", "list"}, {"kafka-server-stop"}};
    EXPECT_EQ(program.call({"kafka-server-stop"}), 1);
    EXPECT_EQ(program.out.text, "No kafka server to stop\n");
    for (const Words& server :
         {Words{"/usr/bin/cauce", "broker", "start", "-c", "x"}, Words{"cauce", "-v", "dev"},
          Words{"kafka-server-start.sh", "x"}, Words{"cauce", "kafka-server-start", "x"}}) {
        program.others = {{"cauce", "topic", "list"}, server};
        EXPECT_EQ(program.call({"kafka-server-stop"}), 0) << server[0];
        EXPECT_EQ(program.out.text, "");
    }
    EXPECT_EQ(program.call({"kafka-server-stop", "--node-id=1"}), 1);
}

}  // namespace
}  // namespace cauce::cli::kafka
