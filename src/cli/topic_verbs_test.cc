// The verbs that change topics, and those that look closely: table, JSON, and how they fail.
#include "cli/testing/fake_cluster.h"
#include "cli/testing/fake_configs.h"
#include "cli/testing/fake_program.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

class TopicVerbs : public ::testing::Test {
protected:
    using Words = std::vector<std::string>;

    void SetUp() override {
        cluster.metadata.add_topic("blog", {1, 1});
        cluster.metadata.add_topic("news", {1});
        cluster.log.add({"blog", 0}, {"a", "b", "c", "d"}, {}, 1'000);
        cluster.log.add({"blog", 1}, {"e", "f"}, {}, 2'000);
        configs.topics["blog"]["retention.ms"] = "1000";
    }
    // Standard output; the exit code must be 0.
    std::string out(Words words) {
        EXPECT_EQ(program.call(std::move(words)), exit_ok) << program.err.text;
        return program.out.text;
    }
    // Standard error; the exit code must be `code`, and nothing is printed as data.
    std::string failure(int code, Words words) {
        EXPECT_EQ(program.call(std::move(words)), code) << program.err.text;
        EXPECT_EQ(program.out.text, "");
        return program.err.text;
    }
    std::size_t partitions(const std::string& topic) {
        return cluster.metadata.topics[topic].leaders.size();
    }
    void TearDown() override { cluster.broker.hang_up(); }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeCluster cluster{net, loop};
    testing::FakeConfigs configs{cluster};
    testing::FakeProgram program{loop, net};
};

// --- alter

TEST_F(TopicVerbs, AlterChangesSettingsAndCounts) {
    EXPECT_EQ(out({"topic", "alter", "blog", "news", "--set", "retention.ms=5", "--append",
                   "cleanup.policy=compact", "-p", "3", "-y"}),
              "TOPIC  WHAT            BEFORE     AFTER           STATUS\n"
              "blog   partitions      2          3               changed\n"
              "blog   retention.ms    1000       5               changed\n"
              "blog   cleanup.policy  delete     delete,compact  changed\n"
              "news   partitions      1          3               changed\n"
              "news   retention.ms    604800000  5               changed\n"
              "news   cleanup.policy  delete     delete,compact  changed\n");
    EXPECT_EQ(configs.topics["news"],
              (std::map<std::string, std::string>{{"retention.ms", "5"},
                                                  {"cleanup.policy", "delete,compact"}}));
    EXPECT_EQ(partitions("blog"), 3u);
    EXPECT_EQ(partitions("news"), 3u);
    // Once more: there is nothing to do about the counts.
    EXPECT_EQ(out({"topic", "alter", "news", "-p", "3"}),
              "TOPIC  WHAT        BEFORE  AFTER  STATUS\n"
              "news   partitions       3      3  unchanged\n");
}

TEST_F(TopicVerbs, ADryRunOnlyAsks) {
    EXPECT_EQ(out({"topic", "alter", "blog", "--unset", "retention.ms", "-p", "4", "--dry-run",
                   "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"topic\": \"blog\",\n"
              "    \"name\": \"partitions\",\n"
              "    \"old_value\": 2,\n"
              "    \"new_value\": 4,\n"
              "    \"status\": \"would change\"\n"
              "  },\n"
              "  {\n"
              "    \"topic\": \"blog\",\n"
              "    \"name\": \"retention.ms\",\n"
              "    \"old_value\": \"1000\",\n"
              "    \"new_value\": \"604800000\",\n"
              "    \"status\": \"would change\"\n"
              "  }\n"
              "]\n");
    EXPECT_TRUE(program.err.text.contains("keys may go to other partitions")) << program.err.text;
    EXPECT_EQ(configs.changes, 0);
    EXPECT_EQ(configs.validations, 2);
    EXPECT_EQ(partitions("blog"), 2u);
    EXPECT_EQ(configs.topics["blog"]["retention.ms"], "1000");
}

TEST_F(TopicVerbs, NothingIsAlteredUnlessEverythingCanBe) {
    EXPECT_EQ(
        failure(exit_error, {"topic", "alter", "blog", "--set", "retention.ms=5", "-p", "1", "-y"}),
        "error: topic `blog` was not changed\n"
        "  why: would not be an increase. (INVALID_PARTITIONS)\n"
        " next: partitions can only be added; make another topic to have fewer\n");
    EXPECT_EQ(failure(exit_error, {"topic", "alter", "blog", "--set", "retenton.ms=5"}),
              "error: topic `blog` was not changed\n"
              "  why: Unknown topic config name: retenton.ms (INVALID_CONFIG)\n"
              " next: did you mean `retention.ms`?\n");
    EXPECT_TRUE(
        failure(exit_not_found, {"topic", "alter", "blog", "blgo", "--set", "retention.ms=5"})
            .contains("did you mean `blog`?"));
    EXPECT_TRUE(failure(exit_usage, {"topic", "alter", "blog", "-p", "3"}).contains("add  -y"));
    failure(exit_usage, {"topic", "alter", "blog"});
    failure(exit_usage, {"topic", "alter", "blog", "--set", "retention.ms"});
    EXPECT_EQ(configs.changes, 0);
    EXPECT_EQ(partitions("blog"), 2u);
}

// --- partitions

TEST_F(TopicVerbs, PartitionsAreShownAndAdded) {
    EXPECT_EQ(out({"topic", "partitions", "blog"}),
              "PARTITION  LEADER  REPLICAS  IN-SYNC  START  END\n"
              "        0       1  1         1            0    4\n"
              "        1       1  1         1            0    2\n");
    const std::string json = out({"topic", "partitions", "blog", "-o", "json"});
    EXPECT_TRUE(json.contains("\"high_watermark\": 4")) << json;
    EXPECT_EQ(out({"topic", "partitions", "blog", "5", "--dry-run"}),
              "TOPIC  WHAT        BEFORE  AFTER  STATUS\n"
              "blog   partitions       2      5  would change\n");
    EXPECT_EQ(partitions("blog"), 2u);
    EXPECT_EQ(out({"topic", "partitions", "blog", "5", "-y", "-o", "name"}), "blog\n");
    EXPECT_EQ(partitions("blog"), 5u);

    failure(exit_error, {"topic", "partitions", "blog", "2", "-y"});
    failure(exit_usage, {"topic", "partitions", "blog", "many"});
    failure(exit_not_found, {"topic", "partitions", "nothing"});
}

// --- config

TEST_F(TopicVerbs, ConfigIsShownAndChanged) {
    EXPECT_EQ(out({"topic", "config", "blog"}),
              "CONFIG          VALUE   FROM\n"
              "cleanup.policy  delete  default\n"
              "retention.ms    1000    topic\n");
    EXPECT_EQ(out({"topic", "config", "news", "retention.ms", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"name\": \"retention.ms\",\n"
              "    \"value\": \"604800000\",\n"
              "    \"source\": \"default\",\n"
              "    \"set_as\": \"log.retention.ms\",\n"
              "    \"is_read_only\": false\n"
              "  }\n"
              "]\n");
    EXPECT_EQ(out({"topic", "config", "blog", "--unset", "retention.ms"}),
              "TOPIC  WHAT          BEFORE  AFTER      STATUS\n"
              "blog   retention.ms  1000    604800000  changed\n");
    EXPECT_TRUE(configs.topics["blog"].empty());

    EXPECT_TRUE(failure(exit_not_found, {"topic", "config", "blog", "retenton.ms"})
                    .contains("did you mean `retention.ms`?"));
    failure(exit_usage, {"topic", "config", "blog", "retention.ms", "--unset", "retention.ms"});
    failure(exit_not_found, {"topic", "config", "nothing"});
}

// --- retention

// Partition 0 has segments, of which the first waits; partition 1 is told of by nobody.
void serve_outlook(testing::FakeCluster& cluster, bool tells) {
    using Request = wire::DescribeLogDirsRequest;
    using Response = wire::DescribeLogDirsResponse;
    cluster.broker.on<Request, Response>([&cluster, tells](const Request& request) {
        EXPECT_TRUE(request.include_retention);
        Response response;
        auto& directory = response.results.emplace_back();
        directory.log_dir = cluster.broker.keep("/data");
        auto& topic = directory.topics.emplace_back();
        topic.name = cluster.broker.keep("blog");
        EXPECT_EQ(request.topics->front().partitions, (std::vector<std::int32_t>{0, 1}));
        for (const std::int32_t number : {0, 1}) {
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = number;
            partition.partition_size = 4000 - number * 1000;
            if (!tells || number == 1) continue;
            auto& outlook = partition.retention.emplace();
            outlook.segment_count = 3;
            outlook.first_offset = 0;
            outlook.next_offset = 2;
            outlook.size = 1500;
            outlook.max_timestamp = 1'000;
            outlook.verdict = 3;
            outlook.due_ms = 2'001;
        }
        return response;
    });
}

TEST_F(TopicVerbs, RetentionSaysWhatGoesNextAndWhy) {
    serve_outlook(cluster, true);
    EXPECT_EQ(
        out({"topic", "retention", "blog"}),
        "topic               blog\n"
        "cleanup.policy      delete\n"
        "retention.ms        1000\n"
        "retention.bytes     -1\n"
        "checked every (ms)  -\n"
        "\n"
        "PARTITION  OLDEST  FROM                  BYTES  SEGMENTS  NEXT TO GO  TO  WHEN       "
        "        WHY\n"
        "        0       0  1970-01-01T00:00:01Z   4000         3           0   1  at the next "
        "check  retention.ms (1 s) have passed since its newest record, of "
        "1970-01-01T00:00:01Z\n"
        "        1       0  1970-01-01T00:00:02Z   3000         -           -   -  -          "
        "        this broker does not tell about its segments\n");
    const std::string json = out({"topic", "retention", "blog", "-o", "json"});
    for (const char* field :
         {"\"retention_ms\": 1000", "\"oldest_timestamp\": 1000", "\"segment_last_offset\": 1",
          "\"segment_size\": 1500", "\"verdict\": \"time\"", "\"next_deletion_timestamp\": 2001",
          "\"bytes_until_deletion\": null"})
        EXPECT_TRUE(json.contains(field)) << field << "\n" << json;
    failure(exit_not_found, {"topic", "retention", "nothing"});
    failure(exit_usage, {"topic", "retention"});
}

TEST_F(TopicVerbs, RetentionOfABrokerThatDoesNotTell) {
    serve_outlook(cluster, false);
    const std::string json = out({"topic", "retention", "blog", "-o", "json"});
    EXPECT_TRUE(json.contains("\"oldest_time\": \"1970-01-01T00:00:01Z\"")) << json;
    EXPECT_TRUE(json.contains("\"verdict\": null")) << json;
    EXPECT_TRUE(json.contains("this broker does not tell about its segments")) << json;
}

TEST_F(TopicVerbs, RetentionWithoutTheQuestion) {
    // No DescribeLogDirs at all.
    EXPECT_TRUE(out({"topic", "retention", "news", "-o", "json"})
                    .contains("\"reason\": \"the partition has no leader that tells\""));
}

// --- compaction

TEST_F(TopicVerbs, DescribeTellsHowDirtyACompactedTopicIs) {
    configs.topics["blog"]["cleanup.policy"] = "compact";
    using Request = wire::DescribeLogDirsRequest;
    using Response = wire::DescribeLogDirsResponse;
    cluster.broker.on<Request, Response>([this](const Request& request) {
        EXPECT_TRUE(request.include_retention);
        Response response;
        auto& topic = response.results.emplace_back().topics.emplace_back();
        topic.name = cluster.broker.keep("blog");
        auto& compaction = topic.partitions.emplace_back().compaction.emplace();
        compaction.seen_upto = 2;
        compaction.may_see_upto = 3;
        compaction.seen_bytes = 300;
        compaction.dirty_bytes = 100;
        compaction.next_deletion_ms = 32'503'680'000'000;
        return response;
    });
    const std::string json = out({"topic", "describe", "blog", "-o", "json"});
    for (const char* field : {"\"compaction\": [", "\"dirty_percent\": 25",
                              "\"compacted_offset\": 2", "\"next_round\": \"when more is dirty\"",
                              "\"next_deletion\": \"after 3000-01-01T00:00:00Z\""})
        EXPECT_TRUE(json.contains(field)) << field << "\n" << json;
    EXPECT_TRUE(out({"topic", "describe", "blog"}).contains("DELETED KEYS VANISH"));
    // One that is not compacted is not asked about.
    EXPECT_FALSE(out({"topic", "describe", "news", "-o", "json"}).contains("compaction"));
}

// --- trim

TEST_F(TopicVerbs, TrimDeletesWhatIsBeforeAPlace) {
    EXPECT_EQ(out({"topic", "trim", "blog", "--before", "3", "--dry-run"}),
              "PARTITION  START  NEW START  OFFSETS  STATUS\n"
              "        0      0          3        3  would be deleted\n"
              "        1      0          2        2  would be deleted\n");
    EXPECT_EQ(configs.changes, 0);
    EXPECT_EQ(out({"topic", "trim", "blog", "--before", "-1", "-p", "0", "-y", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"partition\": 0,\n"
              "    \"log_start_offset\": 0,\n"
              "    \"new_log_start_offset\": 3,\n"
              "    \"offset_count\": 3,\n"
              "    \"status\": \"deleted\"\n"
              "  }\n"
              "]\n");
    const TopicPartition first{"blog", 0};
    const TopicPartition second{"blog", 1};
    EXPECT_EQ(cluster.log.partitions[first].start, 3);
    EXPECT_EQ(cluster.log.partitions[second].start, 0);
    EXPECT_EQ(out({"topic", "trim", "blog", "--before", "1", "-p", "0", "-y"}),
              "PARTITION  START  NEW START  OFFSETS  STATUS\n"
              "        0      3          3        0  nothing to delete\n");

    EXPECT_TRUE(
        failure(exit_usage, {"topic", "trim", "blog", "--before", "end"}).contains("add  -y"));
    failure(exit_usage, {"topic", "trim", "blog"});
    failure(exit_usage, {"topic", "trim", "blog", "--before", "end", "-p", "x"});
    failure(exit_not_found, {"topic", "trim", "blog", "--before", "end", "-p", "7"});
    failure(exit_not_found, {"topic", "trim", "nothing", "--before", "end"});
    configs.topics["blog"]["cleanup.policy"] = "compact";
    EXPECT_TRUE(failure(exit_error, {"topic", "trim", "blog", "--before", "end", "-p", "1", "-y"})
                    .contains("`compact,delete` does both"));
}

// --- locate

TEST_F(TopicVerbs, LocateSaysWhereAKeyGoes) {
    EXPECT_EQ(out({"topic", "locate", "blog", "luis", "-p", "12", "-o", "tsv"}),
              "partitioner\tpartition\tleader\tclients\n"
              "murmur2\t3\t\tJava, Kafka Streams, Cauce, franz-go, KafkaJS, kafka-python\n"
              "crc32\t4\t\tlibrdkafka: Python, .NET and Go of Confluent, node-rdkafka, kcat, Rust\n"
              "fnv1a\t10\t\tSarama, kafka-go's Hash\n");
    EXPECT_TRUE(program.err.text.contains("in different partitions")) << program.err.text;
    const std::string table = out({"topic", "locate", "blog", "luis"});
    EXPECT_TRUE(table.contains("murmur2              1       1  Java")) << table;
    const std::string json = out({"topic", "locate", "news", "luis", "-o", "json"});
    EXPECT_TRUE(json.contains("\"partition\": 0,\n    \"leader\": 1")) << json;
    EXPECT_EQ(program.err.text, "") << "there is only one place";
    failure(exit_not_found, {"topic", "locate", "nothing", "luis"});
    failure(exit_usage, {"topic", "locate", "blog"});
}

// --- what others change can be tried, too

TEST_F(TopicVerbs, CreateAndDeleteCanBeTried) {
    EXPECT_EQ(out({"topic", "delete", "blog", "--dry-run"}),
              "TOPIC  STATUS\n"
              "blog   would be deleted\n");
    EXPECT_TRUE(cluster.metadata.topics.contains("blog"));
    failure(exit_not_found, {"topic", "delete", "nothing", "--dry-run"});
    EXPECT_EQ(out({"topic", "create", "fresh", "--dry-run"}),
              "TOPIC  STATUS            PARTITIONS  REPLICAS\n"
              "fresh  would be created           1         1\n");
    EXPECT_FALSE(cluster.metadata.topics.contains("fresh"));
    failure(exit_error, {"topic", "create", "blog", "--dry-run"});
}

}  // namespace
}  // namespace cauce::cli
