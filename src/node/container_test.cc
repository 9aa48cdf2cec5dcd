#include "node/container.h"

#include <gtest/gtest.h>

namespace cauce::node {
namespace {

using Variables = std::map<std::string, std::string>;

Config container(const Variables& variables, std::optional<std::string> mounted = {}) {
    const auto config =
        read_config(container_input(variables, "/mnt/server.properties", std::move(mounted)));
    EXPECT_TRUE(config) << config.error().message;
    return config ? *config : Config();
}

TEST(Container, NothingIsMandatory) {
    const Config config = container({});
    EXPECT_EQ(config.settings.node_id, NodeId{1});
    EXPECT_EQ(config.metadata_directory, kContainerData);
    ASSERT_EQ(config.settings.listeners.size(), 1u);
    EXPECT_EQ(config.settings.listeners[0].bind, (runtime::Address{"", 9092}));
    EXPECT_EQ(config.settings.listeners[0].advertised, (runtime::Address{"localhost", 9092}));
    EXPECT_TRUE(config.notes.empty());
}

// The single-node example of Kafka's own images.
TEST(Container, TheExampleOfKafkasImage) {
    const Config config = container(
        {{"CLUSTER_ID", "4L6g3nShT-eMCtK--X86sw"},
         {"KAFKA_NODE_ID", "1"},
         {"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
          "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT"},
         {"KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT_HOST://localhost:9092,PLAINTEXT://broker:19092"},
         {"KAFKA_PROCESS_ROLES", "broker,controller"},
         {"KAFKA_CONTROLLER_QUORUM_VOTERS", "1@broker:29093"},
         {"KAFKA_LISTENERS", "CONTROLLER://:29093,PLAINTEXT_HOST://:9092,PLAINTEXT://:19092"},
         {"KAFKA_INTER_BROKER_LISTENER_NAME", "PLAINTEXT"},
         {"KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER"},
         {"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1"},
         {"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0"},
         {"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1"},
         {"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1"},
         {"KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1"},
         {"KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1"},
         {"KAFKA_LOG_DIRS", "/tmp/kraft-combined-logs"}});
    EXPECT_EQ(config.metadata_directory, "/tmp/kraft-combined-logs");
    ASSERT_EQ(config.settings.listeners.size(), 2u);
    EXPECT_EQ(config.settings.listeners[1].advertised, (runtime::Address{"broker", 19092}));
    EXPECT_EQ(config.controller_endpoints.front().port, 29093);
    EXPECT_EQ(config.groups.initial_rebalance_delay, milliseconds(0));
    // Nothing is wrong with it; some keys are for what is not there yet.
    ASSERT_EQ(config.notes.size(), 1u);
    EXPECT_NE(config.notes[0].find("transaction.state.log.min.isr"), std::string::npos);
}

TEST(Container, VariablesStandAboveTheMountedFile) {
    const std::string file =
        "process.roles=broker,controller\nbroker.id=7\nnum.partitions=3\nlog.dir=/data\n";
    const Config config = container({{"KAFKA_NUM_PARTITIONS", "5"}}, file);
    EXPECT_EQ(config.settings.num_partitions, 5);
    // The older names count as given: no default stands over them.
    EXPECT_EQ(config.settings.node_id, NodeId{7});
    EXPECT_EQ(config.metadata_directory, "/data");
    EXPECT_EQ(container({}, "\n# nothing\n").metadata_directory, kContainerData);
}

TEST(Container, ListenersComeFromTheAdvertisedOnes) {
    struct Case {
        const char* advertised;
        const char* listeners;
    };
    for (const Case& c :
         {Case{"PLAINTEXT://kafka:9092", "PLAINTEXT://0.0.0.0:9092"},
          Case{"A://a:1, B://b.example.com:2", "A://0.0.0.0:1,B://0.0.0.0:2"},
          Case{"A://[fe80::1]:9092", "A://0.0.0.0:9092"}, Case{"A://:9092", "A://0.0.0.0:9092"},
          Case{"nonsense", "nonsense"}, Case{"A://host", "A://host"}, Case{"", ""}}) {
        EXPECT_EQ(listeners_from_advertised(c.advertised), c.listeners) << c.advertised;
    }
    Variables variables{{"KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://kafka:19092"}};
    EXPECT_EQ(container(variables).settings.listeners.at(0).bind,
              (runtime::Address{"0.0.0.0", 19092}));
    // Empty counts as not set; what is set stays.
    variables["KAFKA_LISTENERS"] = "";
    EXPECT_EQ(container(variables).settings.listeners.at(0).bind,
              (runtime::Address{"0.0.0.0", 19092}));
    variables["KAFKA_LISTENERS"] = "PLAINTEXT://127.0.0.1:5";
    EXPECT_EQ(container(variables).settings.listeners.at(0).bind,
              (runtime::Address{"127.0.0.1", 5}));
}

TEST(Container, ClusterIds) {
    EXPECT_EQ(container_cluster_id({}), "5L6g3nShT-eMCtK--X86sw");
    EXPECT_EQ(container_cluster_id({{"CLUSTER_ID", ""}}), "5L6g3nShT-eMCtK--X86sw");
    EXPECT_EQ(container_cluster_id({{"CLUSTER_ID", "abc"}}), "abc");
}

// Kubernetes and Docker's links set variables like these beside a service called kafka.
TEST(Container, WhatServicesCalledKafkaSetIsNoKey) {
    const Config config = container({{"KAFKA_PORT", "tcp://10.96.0.1:9092"},
                                     {"KAFKA_PORT_9092_TCP_ADDR", "10.96.0.1"},
                                     {"KAFKA_SERVICE_HOST", "10.96.0.1"},
                                     {"KAFKA_SERVICE_PORT", "9092"}});
    EXPECT_TRUE(config.notes.empty());
}

}  // namespace
}  // namespace cauce::node
