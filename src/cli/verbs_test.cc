// Every verb that asks a cluster: its table, its JSON, and how it fails.
#include "cli/arguments.h"
#include "cli/testing/fake_cluster.h"
#include "cli/testing/fake_program.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

class Verbs : public ::testing::Test {
protected:
    using Words = std::vector<std::string>;

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
    std::vector<std::string> values(const TopicPartition& tp) {
        std::vector<std::string> list;
        for (const auto& record : cluster.log.partitions[tp].records)
            list.push_back(record.value);
        return list;
    }
    void TearDown() override { cluster.broker.hang_up(); }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeCluster cluster{net, loop};
    testing::FakeProgram program{loop, net};
};

// --- broker and cluster

TEST_F(Verbs, BrokerReady) {
    EXPECT_TRUE(failure(exit_usage, {"broker", "ready"}).contains("needs the broker's"));
    program.setup.node = NodeId{1};
    program.setup.listeners = {{"PLAINTEXT", {"0.0.0.0", 9092}, {"far.example.com", 9092}}};
    EXPECT_EQ(out({"broker", "ready", "--container"}),
              "LISTENER   ADDRESS         STATUS\n"
              "PLAINTEXT  127.0.0.1:9092  ready\n");
    EXPECT_TRUE(program.setup_options->container);
    EXPECT_TRUE(
        out({"broker", "ready", "-c", "s", "-o", "json"}).contains("\"status\": \"ready\""));
    EXPECT_EQ(program.setup_options->config_file, "/work folder/s");

    program.setup.node = NodeId{2};
    EXPECT_TRUE(failure(exit_unhealthy, {"broker", "ready", "-c", "s"})
                    .starts_with("error: node 2 is not ready\n"));
    program.setup.listeners.push_back({"OTHER", {"", 9093}, {"localhost", 9093}});
    program.setup.node = NodeId{1};
    EXPECT_TRUE(failure(exit_unreachable, {"broker", "ready", "-c", "s"})
                    .starts_with("error: listener OTHER does not answer\n"));
    program.setup.faults = {"s:3: there is no key x"};
    EXPECT_TRUE(failure(exit_error, {"broker", "ready", "-c", "s"}).contains("s:3: there is no"));
    program.setup.unreadable = "open s: No such file or directory";
    EXPECT_TRUE(failure(exit_not_found, {"broker", "ready", "-c", "s"})
                    .starts_with("error: the broker's configuration was not read\n"
                                 "  why: open s: No such file or directory\n"));
}

TEST_F(Verbs, ClusterHealth) {
    cluster.metadata.add_topic("blog", {1, 1});
    EXPECT_EQ(out({"cluster", "health"}),
              "cluster                fake-cluster\n"
              "healthy                yes\n"
              "controller             1\n"
              "brokers                1\n"
              "fenced                 -\n"
              "partitions             2\n"
              "without leader         -\n"
              "under-replicated       -\n"
              "with offline replicas  -\n"
              "full disks             -\n"
              "disks running full     -\n");
    EXPECT_EQ(out({"cluster", "health", "--exit-when-healthy", "-o", "name"}), "fake-cluster\n");
    // Of 1 GiB, by the broker's own limits: slow below 50 MiB, refused below 20.
    cluster.serve_disk("/data", 1 << 30, 60 << 20);
    EXPECT_TRUE(out({"cluster", "health"}).contains("disks running full     -\n"));
    cluster.serve_disk("/data", 1 << 30, 30 << 20);
    EXPECT_TRUE(out({"cluster", "health"}).contains("disks running full     /data of broker 1\n"));
    cluster.serve_disk("/data", 1 << 30, 10 << 20);
    EXPECT_EQ(program.call({"cluster", "health", "-o", "json"}), exit_unhealthy);
    EXPECT_TRUE(program.out.text.contains("\"full_log_directories\": [\"/data of broker 1\"]"))
        << program.out.text;
    EXPECT_TRUE(program.err.text.contains(
        "  why: records are refused, the disk is full: /data of broker 1, 10 MiB of 1 GiB free\n"
        " next: delete topics or records, or lower retention"))
        << program.err.text;
    // A broker of another kind has no such limits, and is judged by nobody.
    cluster.disk_limits = false;
    EXPECT_TRUE(out({"cluster", "health"}).contains("full disks             -\n"));

    cluster.metadata.add_topic("news", {1, -1});
    EXPECT_EQ(program.call({"cluster", "health", "-o", "json"}), exit_unhealthy);
    EXPECT_TRUE(program.out.text.contains("\"is_healthy\": false")) << program.out.text;
    EXPECT_TRUE(program.out.text.contains("\"leaderless_partitions\": [\"news-1\"]"));
    EXPECT_TRUE(program.err.text.starts_with(
        "error: the cluster is not healthy\n  why: without leader: news-1"))
        << program.err.text;
    EXPECT_EQ(program.call({"cluster", "health", "--exit-when-healthy", "--timeout", "1s"}),
              exit_unhealthy);
    cluster.broker.stop();
    EXPECT_TRUE(failure(exit_unreachable, {"cluster", "health"})
                    .starts_with("error: the cluster's health is not known\n"));
}

// --- topic

TEST_F(Verbs, TopicList) {
    EXPECT_EQ(out({"topic", "list"}), "TOPIC  PARTITIONS  REPLICAS\n");
    EXPECT_EQ(program.err.text, "There is no topic yet:  cauce topic create NAME  makes one.\n");
    cluster.metadata.add_topic("blog", {1, -1});
    cluster.metadata.add_topic("__consumer_offsets", {1});
    cluster.metadata.topics["__consumer_offsets"].is_internal = true;
    EXPECT_EQ(out({"topic", "list"}), "TOPIC  PARTITIONS  REPLICAS\nblog            2         1\n");
    EXPECT_EQ(out({"topic", "list", "-o", "name", "--internal"}), "__consumer_offsets\nblog\n");
    EXPECT_EQ(out({"topic", "list", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"topic\": \"blog\",\n"
              "    \"partition_count\": 2,\n"
              "    \"replication_factor\": 1,\n"
              "    \"topic_id\": \"" +
                  cluster.metadata.topics["blog"].id.to_string() +
                  "\",\n"
                  "    \"is_internal\": false,\n"
                  "    \"leaderless_partitions\": 1,\n"
                  "    \"under_replicated_partitions\": 0\n"
                  "  }\n"
                  "]\n");
    cluster.broker.stop();
    EXPECT_TRUE(failure(exit_unreachable, {"topic", "list"})
                    .starts_with("error: the topics were not listed\n"));
}

TEST_F(Verbs, TopicCreate) {
    EXPECT_EQ(out({"topic", "create", "blog", "--partitions", "3", "-c", "retention.ms=5",
                   "--config", "x=a=b"}),
              "TOPIC  STATUS   PARTITIONS  REPLICAS\n"
              "blog   created           3         1\n");
    EXPECT_EQ(cluster.configs, (std::vector<KeyValue>{{"retention.ms", "5"}, {"x", "a=b"}}));
    EXPECT_EQ(cluster.metadata.topics["blog"].leaders.size(), 3u);
    const std::string json = out({"topic", "create", "two", "-o", "json"});
    EXPECT_TRUE(json.contains("\"status\": \"created\"")) << json;
    EXPECT_TRUE(json.contains("\"topic_id\": \"" + cluster.metadata.topics["two"].id.to_string()));

    EXPECT_EQ(failure(exit_error, {"topic", "create", "blog"}),
              "error: topic `blog` was not created\n"
              "  why: Topic 'blog' already exists. (TOPIC_ALREADY_EXISTS)\n"
              " next: pick another name, or add  --if-not-exists\n");
    EXPECT_EQ(out({"topic", "create", "blog", "--if-not-exists"}),
              "TOPIC  STATUS  PARTITIONS  REPLICAS\n"
              "blog   exists           -         -\n");
    // What worked is told before what did not.
    EXPECT_EQ(program.call({"topic", "create", "new", "blog", "-o", "name"}), exit_error);
    EXPECT_EQ(program.out.text, "new\n");
    EXPECT_TRUE(failure(exit_error, {"topic", "create", "r", "-r", "3"})
                    .contains("There is one broker. (INVALID_REPLICATION_FACTOR)"));
    failure(exit_usage, {"topic", "create"});
    failure(exit_usage, {"topic", "create", "x", "--partitions", "0"});
}

TEST_F(Verbs, TopicDescribe) {
    cluster.metadata.add_topic("blog", {1, -1});
    cluster.log.add({"blog", 0}, {"a", "b", "c"});
    cluster.log.partitions[{"blog", 0}].start = 1;
    const std::string id = cluster.metadata.topics["blog"].id.to_string();
    EXPECT_EQ(out({"topic", "describe", "blog"}),
              "topic       blog\n"
              "id          " +
                  id +
                  "\n"
                  "partitions  2\n"
                  "replicas    1\n"
                  "\n"
                  "PARTITION  LEADER  REPLICAS  IN-SYNC  START  END\n"
                  "        0       1  1         1            1    3\n"
                  "        1       -  1         1            -    -\n"
                  "\n"
                  "CONFIG        VALUE  FROM\n"
                  "retention.ms  1000   topic\n");
    EXPECT_EQ(out({"topic", "describe", "blog", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"topic\": \"blog\",\n"
              "    \"topic_id\": \"" +
                  id +
                  "\",\n"
                  "    \"is_internal\": false,\n"
                  "    \"partition_count\": 2,\n"
                  "    \"replication_factor\": 1,\n"
                  "    \"partitions\": [\n"
                  "      {\n"
                  "        \"partition\": 0,\n"
                  "        \"leader\": 1,\n"
                  "        \"leader_epoch\": 0,\n"
                  "        \"replicas\": [1],\n"
                  "        \"isr\": [1],\n"
                  "        \"offline_replicas\": [],\n"
                  "        \"log_start_offset\": 1,\n"
                  "        \"high_watermark\": 3\n"
                  "      },\n"
                  "      {\n"
                  "        \"partition\": 1,\n"
                  "        \"leader\": null,\n"
                  "        \"leader_epoch\": 0,\n"
                  "        \"replicas\": [1],\n"
                  "        \"isr\": [1],\n"
                  "        \"offline_replicas\": [],\n"
                  "        \"log_start_offset\": null,\n"
                  "        \"high_watermark\": null\n"
                  "      }\n"
                  "    ],\n"
                  "    \"configs\": [\n"
                  "      {\n"
                  "        \"name\": \"retention.ms\",\n"
                  "        \"value\": \"1000\",\n"
                  "        \"source\": \"topic\"\n"
                  "      }\n"
                  "    ]\n"
                  "  }\n"
                  "]\n");
    EXPECT_EQ(failure(exit_not_found, {"topic", "describe", "blgo"}),
              "error: topic `blgo` does not exist\n"
              "  why: the cluster at 127.0.0.1:9092 knows no topic of that name\n"
              " next: did you mean `blog`?  cauce topic list  shows all of them\n");
    EXPECT_FALSE(cluster.metadata.topics.contains("blgo"));
}

TEST_F(Verbs, TopicDelete) {
    cluster.metadata.add_topic("blog", {1});
    cluster.metadata.add_topic("two", {1});
    EXPECT_TRUE(
        failure(exit_usage, {"topic", "delete", "blog"}).contains("add  -y  if you are sure"));
    EXPECT_TRUE(cluster.metadata.topics.contains("blog"));
    EXPECT_EQ(out({"topic", "delete", "blog", "-y"}), "TOPIC  STATUS\nblog   deleted\n");
    EXPECT_FALSE(cluster.metadata.topics.contains("blog"));
    EXPECT_TRUE(failure(exit_not_found, {"topic", "delete", "blog", "-y"})
                    .starts_with("error: topic `blog` does not exist\n"));

    program.invocation.in_is_terminal = true;
    program.in.add("n\n");
    EXPECT_EQ(failure(exit_error, {"topic", "delete", "two"}),
              "Delete `two` with all records? [y/N] error: nothing was changed\n"
              "  why: the answer was not yes\n");
    program.in.add("y\n");
    EXPECT_EQ(out({"topic", "delete", "two", "-o", "json"}),
              "[\n  {\n    \"topic\": \"two\",\n    \"status\": \"deleted\"\n  }\n]\n");
}

// --- group and cluster

TEST_F(Verbs, GroupList) {
    EXPECT_EQ(out({"group", "list"}), "GROUP  STATE  TYPE\n");
    cluster.groups["billing"].state = "Empty";
    EXPECT_EQ(out({"group", "list"}), "GROUP    STATE  TYPE\nbilling  Empty  classic\n");
    EXPECT_EQ(out({"group", "list", "-o", "json"}),
              "[\n"
              "  {\n"
              "    \"group\": \"billing\",\n"
              "    \"state\": \"Empty\",\n"
              "    \"type\": \"classic\",\n"
              "    \"protocol_type\": \"consumer\",\n"
              "    \"coordinator\": 1\n"
              "  }\n"
              "]\n");
    cluster.broker.stop();
    failure(exit_unreachable, {"group", "list"});
}

TEST_F(Verbs, GroupDescribe) {
    cluster.metadata.add_topic("blog", {1, 1});
    cluster.log.add({"blog", 0}, {"a", "b", "c"});
    auto& group = cluster.groups["billing"];
    group.committed = {{{"blog", 0}, 1}};
    group.assigned = {{"blog", 0}, {"blog", 1}};
    EXPECT_EQ(
        out({"group", "describe", "billing"}),
        "group        billing\n"
        "state        Stable\n"
        "assignor     range\n"
        "coordinator  1\n"
        "members      1\n"
        "lag          2\n"
        "\n"
        "TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST        "
        "CLIENT-ID\n"
        "blog           0               1               3    2  m-1          /127.0.0.1  reader\n"
        "blog           1               -               0    -  m-1          /127.0.0.1  reader\n");
    const std::string json = out({"group", "describe", "billing", "-o", "json"});
    EXPECT_TRUE(json.contains("\"total_lag\": 2")) << json;
    EXPECT_TRUE(json.contains("\"current_offset\": null")) << json;
    EXPECT_TRUE(json.contains("\"members\": [\n")) << json;
    cluster.log.add({"blog", 1}, {"x"});
    // Nothing was committed for these records: how many are left to read is not known.
    EXPECT_TRUE(
        out({"group", "describe", "billing", "-o", "json"}).contains("\"total_lag\": null"));
    EXPECT_EQ(failure(exit_not_found, {"group", "describe", "biling"}),
              "error: group `biling` does not exist\n"
              "  why: the cluster at 127.0.0.1:9092 knows no group of that name\n"
              " next: cauce group list  shows the groups there are\n");
}

TEST_F(Verbs, ClusterInfo) {
    cluster.metadata.add_topic("blog", {1, -1});
    EXPECT_EQ(out({"cluster", "info"}),
              "cluster           fake-cluster\n"
              "controller        1\n"
              "brokers           1\n"
              "topics            1\n"
              "partitions        2\n"
              "without leader    1\n"
              "under-replicated  0\n"
              "\n"
              "NODE  HOST       PORT  RACK  FENCED\n"
              "   1  127.0.0.1  9092  r1    no\n");
    EXPECT_EQ(out({"cluster", "info", "-o", "yaml"}),
              "cluster_id: fake-cluster\n"
              "controller_id: 1\n"
              "broker_count: 1\n"
              "topic_count: 1\n"
              "partition_count: 2\n"
              "leaderless_partitions: 1\n"
              "under_replicated_partitions: 0\n"
              "brokers:\n"
              "  - node_id: 1\n"
              "    host: \"127.0.0.1\"\n"
              "    port: 9092\n"
              "    rack: r1\n"
              "    is_fenced: false\n");
    EXPECT_TRUE(out({"cluster", "info", "-o", "json"}).starts_with("{\n  \"cluster_id\""));
    cluster.broker.stop();
    failure(exit_unreachable, {"cluster", "info"});
}

// --- produce

TEST_F(Verbs, ProduceSendsLines) {
    cluster.metadata.add_topic("blog", {1, 1});
    program.in.add("one\ntwo\nthree");
    EXPECT_EQ(out({"produce", "blog", "-p", "1", "-k", "key", "-H", "a=1", "-z", "zstd"}), "");
    EXPECT_EQ(program.err.text, "Sent 3 records to `blog`.\n");
    const auto& records = cluster.log.partitions[{"blog", 1}].records;
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[2].value, "three");
    EXPECT_EQ(records[2].key, "key");
    EXPECT_EQ(records[2].headers, (std::vector<KeyValue>{{"a", "1"}}));
    EXPECT_EQ((cluster.log.partitions[{"blog", 1}].codec), wire::Codec::zstd);
}

TEST_F(Verbs, ProduceTellsWhereRecordsWent) {
    cluster.metadata.add_topic("blog", {1});
    program.in.add("a\nb\n");
    const std::string at = std::to_string(loop.wall().ms);
    EXPECT_EQ(out({"produce", "blog", "-o", "json", "-q"}),
              "{\"topic\":\"blog\",\"partition\":0,\"offset\":0,\"timestamp\":" + at +
                  "}\n"
                  "{\"topic\":\"blog\",\"partition\":0,\"offset\":1,\"timestamp\":" +
                  at + "}\n");
    EXPECT_EQ(program.err.text, "");
    program.in.add("c\n");
    EXPECT_EQ(out({"produce", "blog", "-o", "wide"}), "blog-0@2\n");
    program.in.add("d\n");
    EXPECT_TRUE(out({"produce", "blog", "-o", "tsv"})
                    .starts_with("topic\tpartition\toffset\ttimestamp\nblog\t0\t3\t"));
}

TEST_F(Verbs, ProduceTakesKeysFromLines) {
    cluster.metadata.add_topic("blog", {1});
    program.in.add("ana::10\nluis::\n");
    out({"produce", "blog", "--key-sep", "::"});
    const auto& records = cluster.log.partitions[{"blog", 0}].records;
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].key, "ana");
    EXPECT_EQ(records[0].value, "10");
    EXPECT_EQ(records[1].value, "");
    program.in.add("no separator\n");
    EXPECT_EQ(failure(exit_usage, {"produce", "blog", "--key-sep", "::"}),
              "error: line 1 is no record\n"
              "  why: there is no `::` in it\n"
              " next: cauce help produce  shows what lines look like\n");
}

TEST_F(Verbs, ProduceTakesJson) {
    cluster.metadata.add_topic("blog", {1});
    program.in.add(R"({"key":"a","value":{"n":1.10},"timestamp":5})"
                   "\n"
                   R"({"key":"a","value":null})");
    out({"produce", "blog", "-J"});
    const auto& records = cluster.log.partitions[{"blog", 0}].records;
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].value, R"({"n":1.10})");
    EXPECT_EQ(records[0].timestamp, 5);
    EXPECT_EQ(records[1].value, "<null>");
    program.in.add("{\n");
    EXPECT_TRUE(failure(exit_usage, {"produce", "blog", "-J"}).contains("line 1 is no record"));
}

TEST_F(Verbs, ProduceMakesTopicsUnlessToldNotTo) {
    cluster.metadata.auto_create = true;
    program.in.add("x\n");
    out({"produce", "fresh"});
    EXPECT_EQ(values({"fresh", 0}), std::vector<std::string>{"x"});
    program.in.add("x\n");
    const std::string text =
        failure(exit_not_found, {"produce", "frsh", "-X", "allow.auto.create.topics=false"});
    EXPECT_TRUE(text.contains("error: topic `frsh` does not exist")) << text;
    EXPECT_TRUE(text.contains("did you mean `fresh`?")) << text;
    EXPECT_FALSE(cluster.metadata.topics.contains("frsh"));
}

TEST_F(Verbs, ProduceFails) {
    cluster.metadata.add_topic("blog", {1});
    cluster.log.refuse = [](const TopicPartition&, const wire::BatchHeader&) {
        return ErrorCode::topic_authorization_failed;
    };
    program.in.add("a\nb\n");
    EXPECT_EQ(failure(exit_denied, {"produce", "blog"}),
              "error: 2 records were not delivered\n"
              "  why: TOPIC_AUTHORIZATION_FAILED\n"
              " next: ask whoever administers the cluster for the right\n");
    program.in.add("a\n");
    EXPECT_TRUE(failure(exit_not_found, {"produce", "blog", "-p", "9"})
                    .contains("there is no partition 9"));
    failure(exit_usage, {"produce", "blog", "-k", "a", "--key-sep", ":"});
    failure(exit_usage, {"produce", "blog", "-J", "-k", "a"});
    failure(exit_usage, {"produce", "blog", "-z", "rar"});
    failure(exit_usage, {"produce", "blog", "--acks", "2"});
    cluster.broker.stop();
    failure(exit_unreachable, {"produce", "blog"});
}

TEST_F(Verbs, ProduceEndsByCtrlCWithWhatItHas) {
    cluster.metadata.add_topic("blog", {1});
    program.in.endless = true;
    program.in.add("typed\n");
    runtime::TaskGroup user(loop.ready());
    user.spawn([](client::testing::Loop& l, runtime::Stop& stop) -> runtime::Task<void> {
        const MonoTime then = l.now() + seconds(2);
        co_await l.sleep_until(then);
        stop.request();
    }(loop, program.stop));
    out({"produce", "blog"});
    EXPECT_EQ(values({"blog", 0}), std::vector<std::string>{"typed"});
}

// --- consume

class Consuming : public Verbs {
protected:
    Consuming() {
        cluster.metadata.add_topic("blog", {1, 1});
        cluster.log.add({"blog", 0}, {"a", "b", "c"}, {}, 1000);
        cluster.log.add({"blog", 0}, {"d"}, {}, 2000);
        cluster.log.add({"blog", 1}, {"x"}, {}, 1500);
    }
};

TEST_F(Consuming, ToTheEnd) {
    EXPECT_EQ(out({"consume", "blog", "--exit", "-p", "0"}), "a\nb\nc\nd\n");
    EXPECT_EQ(out({"consume", "blog", "--exit", "-f", "%t-%p@%o=%v;", "-p", "1"}), "blog-1@0=x;");
    EXPECT_EQ(program.err.text, "");
}

TEST_F(Consuming, PlacesAndCounts) {
    const auto read = [&](std::vector<std::string> more) {
        std::vector<std::string> words{"consume", "blog", "-p", "0", "-f", "%v"};
        words.insert(words.end(), more.begin(), more.end());
        return out(std::move(words));
    };
    EXPECT_EQ(read({"--from", "-2", "--exit"}), "cd");
    EXPECT_EQ(read({"--from", "+1", "--to", "3"}), "bc");
    EXPECT_EQ(read({"--from", "2", "--exit"}), "cd");
    EXPECT_EQ(read({"--from", "start", "-n", "2"}), "ab");
    EXPECT_EQ(read({"--from", "@2", "--exit"}), "d");
    EXPECT_EQ(read({"--to", "@2"}), "abc");
    EXPECT_EQ(read({"--from", "-100", "--to", "-1"}), "abc");
    EXPECT_EQ(read({"--from", "99", "--exit"}), "");
    EXPECT_EQ(read({"--from", "-1h", "--exit"}), "");
}

TEST_F(Consuming, SeveralPartitionsAndTopics) {
    cluster.metadata.add_topic("two", {1});
    cluster.log.add({"two", 0}, {"y"});
    const std::string text = out({"consume", "blog", "two", "--exit", "-o", "name"});
    for (const char* line : {"blog-0@0\n", "blog-0@3\n", "blog-1@0\n", "two-0@0\n"})
        EXPECT_TRUE(text.contains(line)) << text;
    EXPECT_EQ(text.size(), 6u * 9 - 1);
}

TEST_F(Consuming, JsonYamlTsv) {
    EXPECT_EQ(out({"consume", "blog", "--exit", "-p", "1", "-J"}),
              R"({"topic":"blog","partition":1,"offset":0,"timestamp":1500,)"
              R"("timestamp_type":"create_time","leader_epoch":-1,"headers":[],"key":null,)"
              R"("value_b64":"eA=="})"
              "\n");
    EXPECT_EQ(out({"consume", "blog", "--exit", "-p", "1", "-o", "yaml"}),
              "---\n"
              "topic: blog\n"
              "partition: 1\n"
              "offset: 0\n"
              "timestamp: 1500\n"
              "timestamp_type: create_time\n"
              "leader_epoch: -1\n"
              "headers: []\n"
              "key: null\n"
              "value_b64: eA==\n");
    EXPECT_EQ(out({"consume", "blog", "--exit", "-p", "1", "-o", "tsv"}),
              "topic\tpartition\toffset\ttimestamp\tkey\tvalue\nblog\t1\t0\t1500\t\tx\n");
    EXPECT_EQ(out({"consume", "blog", "--exit", "-p", "1", "-o", "wide"}),
              "blog-1@0  1970-01-01T00:00:01.500Z  -  x\n");
}

TEST_F(Consuming, NewRecordsUntilNoneCome) {
    runtime::TaskGroup writer(loop.ready());
    writer.spawn(
        [](client::testing::Loop& l, client::testing::FakeLog& log) -> runtime::Task<void> {
            const MonoTime then = l.now() + seconds(2);
            co_await l.sleep_until(then);
            const TopicPartition tp{"blog", 1};
            log.add(tp, {"new"});
        }(loop, cluster.log));
    program.invocation.err_is_terminal = true;
    EXPECT_EQ(out({"consume", "blog", "--timeout", "5s"}), "new\n");
    EXPECT_TRUE(program.err.text.starts_with("Waiting for new records; --from start"));
}

TEST_F(Consuming, TooFewRecordsInTime) {
    EXPECT_EQ(program.call(
                  {"consume", "blog", "-p", "1", "--from", "start", "-n", "3", "--timeout", "2s"}),
              exit_unreachable);
    EXPECT_EQ(program.out.text, "x\n");
    EXPECT_TRUE(program.err.text.starts_with("error: 1 of 3 records came\n"));
}

TEST_F(Consuming, CtrlCIsANormalEnd) {
    runtime::TaskGroup user(loop.ready());
    user.spawn([](client::testing::Loop& l, runtime::Stop& stop) -> runtime::Task<void> {
        const MonoTime then = l.now() + seconds(2);
        co_await l.sleep_until(then);
        stop.request();
    }(loop, program.stop));
    EXPECT_EQ(out({"consume", "blog", "--from", "start", "-p", "1"}), "x\n");
    EXPECT_EQ(program.err.text, "");
}

TEST_F(Consuming, AClosedOutputEndsItQuietly) {
    program.out.closes_after = 1;
    EXPECT_EQ(program.call({"consume", "blog", "--from", "start"}), exit_ok);
    EXPECT_EQ(program.err.text, "");
}

TEST_F(Consuming, Fails) {
    EXPECT_TRUE(
        failure(exit_not_found, {"consume", "blg", "--exit"}).contains("did you mean `blog`?"));
    EXPECT_EQ(failure(exit_not_found, {"consume", "blog", "-p", "5", "--exit"}),
              "error: topic `blog` has no partition 5\n"
              "  why: it has 2, numbered from 0\n"
              " next: cauce topic describe blog  shows them\n");
    EXPECT_TRUE(failure(exit_usage, {"consume", "blog", "-f", "%x"}).contains("there is no %x"));
    failure(exit_usage, {"consume", "blog", "--from", "yesterday"});
    failure(exit_usage, {"consume", "blog", "--exit", "--to", "5"});
    failure(exit_usage, {"consume", "blog", "-g", "g", "-p", "1"});
    failure(exit_usage, {"consume", "blog", "-g", "g", "--from", "17"});
    failure(exit_usage, {"consume", "blog", "-p", "3-1"});
    cluster.log.refuse_read = [](const TopicPartition&) {
        return ErrorCode::topic_authorization_failed;
    };
    EXPECT_TRUE(
        failure(exit_denied, {"consume", "blog", "--exit"}).contains("TOPIC_AUTHORIZATION"));
    cluster.broker.stop();
    failure(exit_unreachable, {"consume", "blog"});
}

}  // namespace
}  // namespace cauce::cli
