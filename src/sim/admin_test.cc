// Administrators' requests to the real node, over the wire and in every version: what is answered
// is in force, for whoever asks next.
#include "sim/broker.h"
#include "sim/workloads/broker_client.h"
#include "wire/batch_builder.h"
#include "wire/messages/alter_configs_request.h"
#include "wire/messages/alter_configs_response.h"
#include "wire/messages/create_partitions_request.h"
#include "wire/messages/create_partitions_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/describe_configs_request.h"
#include "wire/messages/describe_configs_response.h"
#include "wire/messages/describe_quorum_request.h"
#include "wire/messages/describe_quorum_response.h"
#include "wire/messages/elect_leaders_request.h"
#include "wire/messages/elect_leaders_response.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"
#include "wire/messages/list_config_resources_request.h"
#include "wire/messages/list_config_resources_response.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/metadata_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"
#include "wire/messages/update_features_request.h"
#include "wire/messages/update_features_response.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {
namespace {

using metadata::ResourceType;
using runtime::Task;

// The administrator's connection. Answers are expected to come; what is in them is for the tests.
class Admin {
public:
    explicit Admin(std::unique_ptr<BrokerClient> client) : client_(std::move(client)) {}

    template <typename Response, typename Request>
    Task<Answer<Response>> ask(const Request& request, std::int16_t version) {
        auto answer = co_await client_->ask<Response>(request, version);
        EXPECT_TRUE(answer.has_value()) << Request::kName << " " << version;
        if (!answer) co_return Answer<Response>();
        co_return std::move(*answer);
    }

    Task<std::int16_t> create_topic(std::string_view name) {
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = 1;
        topic.replication_factor = 1;
        request.timeout_ms = 10'000;
        const auto answer = co_await ask<wire::CreateTopicsResponse>(request, 7);
        co_return answer.body.topics.empty() ? -1 : answer.body.topics[0].error_code;
    }

    Task<std::size_t> partitions(std::string_view name) {
        wire::MetadataRequest request;
        request.topics.emplace();
        request.topics->emplace_back().name = name;
        request.allow_auto_topic_creation = false;
        const auto answer = co_await ask<wire::MetadataResponse>(request, 9);
        co_return answer.body.topics.empty() ? 0 : answer.body.topics[0].partitions.size();
    }

    // "" for null, "ERROR n" when it cannot be told.
    Task<std::string> config(ResourceType type, std::string_view name, std::string_view key) {
        wire::DescribeConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = static_cast<std::int8_t>(type);
        resource.resource_name = name;
        resource.configuration_keys.emplace();
        resource.configuration_keys->push_back(key);
        const auto answer = co_await ask<wire::DescribeConfigsResponse>(request, 4);
        if (answer.body.results.empty()) co_return "no result";
        const auto& result = answer.body.results[0];
        if (result.error_code != 0) co_return "ERROR " + std::to_string(result.error_code);
        if (result.configs.empty()) co_return "no such key";
        co_return std::string(result.configs[0].value.value_or(""));
    }

    Task<std::int16_t> set(ResourceType type, std::string_view name, std::string_view key,
                           std::optional<std::string_view> value, std::int16_t version = 1) {
        wire::IncrementalAlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = static_cast<std::int8_t>(type);
        resource.resource_name = name;
        const std::int8_t operation = value ? 0 : 1;
        resource.configs.push_back({key, operation, value});
        const auto answer = co_await ask<wire::IncrementalAlterConfigsResponse>(request, version);
        co_return answer.body.responses.empty() ? -1 : answer.body.responses[0].error_code;
    }

    Task<std::int16_t> produce(std::string_view topic, std::size_t value_bytes) {
        wire::BatchBuilder builder{wire::BatchOptions{}};
        const Buffer value(value_bytes, 'x');
        builder.append(1'000, std::nullopt, wire::Bytes(BytesView(value)));
        const auto batch = builder.build();
        EXPECT_TRUE(batch);
        wire::ProduceRequest request;
        request.acks = 1;
        request.timeout_ms = 10'000;
        auto& data = request.topic_data.emplace_back();
        data.name = topic;
        auto& partition = data.partition_data.emplace_back();
        partition.records.emplace().bytes = wire::Bytes(BytesView(*batch));
        const auto answer = co_await ask<wire::ProduceResponse>(request, 9);
        if (answer.body.responses.empty()) co_return -1;
        co_return answer.body.responses[0].partition_responses.at(0).error_code;
    }

private:
    std::unique_ptr<BrokerClient> client_;
};

class AdminTest : public ::testing::Test {
protected:
    AdminTest()
        : machine_(world_.add_node("broker", 3)),
          clients_(world_.add_node("clients", 1)),
          broker_(world_, machine_, kAlone) {}

    // Runs the test's own coroutine on the clients' machine once the broker serves.
    void run(Task<void> (*script)(Admin& admin, NodeSeams& seams, Findings& findings)) {
        broker_.start();
        ASSERT_TRUE(world_.run_until([this] { return broker_.serving(); }, in(seconds(60))));
        world_.start(clients_, [this, script](NodeSeams& seams, unsigned) {
            return connected(seams, script, findings_);
        });
        ASSERT_TRUE(
            world_.run_until([this] { return !world_.running(clients_); }, in(seconds(300))));
        for (const std::string& finding : findings_.texts())
            ADD_FAILURE() << finding;
    }

    static Task<void> connected(NodeSeams& seams,
                                Task<void> (*script)(Admin&, NodeSeams&, Findings&),
                                Findings& findings) {
        runtime::Address address{"broker", kPort};
        auto client = co_await BrokerClient::connect(seams, address, findings);
        EXPECT_TRUE(client != nullptr);
        if (!client) co_return;
        Admin admin(std::move(client));
        co_await script(admin, seams, findings);
    }

    MonoTime in(Duration duration) const { return world_.now() + duration; }

    Findings findings_;
    World world_{WorldOptions{}};
    SimNode& machine_;
    SimNode& clients_;
    Broker broker_;
};

Task<void> grow_topics(Admin& admin, NodeSeams&, Findings&) {
    EXPECT_EQ(co_await admin.create_topic("t"), 0);
    for (std::int16_t version = 0; version <= 3; ++version) {
        wire::CreatePartitionsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        topic.count = version + 2;
        topic.assignments.reset();
        request.timeout_ms = 10'000;
        const auto answer = co_await admin.ask<wire::CreatePartitionsResponse>(request, version);
        EXPECT_EQ(answer.body.results.at(0).error_code, 0) << version;
        EXPECT_EQ(co_await admin.partitions("t"), static_cast<std::size_t>(topic.count));
        const auto again = co_await admin.ask<wire::CreatePartitionsResponse>(request, version);
        EXPECT_EQ(again.body.results.at(0).error_code, to_wire(ErrorCode::invalid_partitions));
        EXPECT_EQ(again.body.results.at(0).error_message,
                  "Topic already has " + std::to_string(topic.count) + " partition(s).");
    }
}

TEST_F(AdminTest, TopicsGrow) {
    run(grow_topics);
}

Task<void> alter_configs(Admin& admin, NodeSeams&, Findings&) {
    EXPECT_EQ(co_await admin.create_topic("t"), 0);
    for (std::int16_t version = 0; version <= 2; ++version) {
        const std::string value = std::to_string(1000 + version);
        wire::AlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = static_cast<std::int8_t>(ResourceType::topic);
        resource.resource_name = "t";
        resource.configs.push_back({"retention.ms", value});
        const auto answer = co_await admin.ask<wire::AlterConfigsResponse>(request, version);
        EXPECT_EQ(answer.body.responses.at(0).error_code, 0) << version;
        EXPECT_EQ(co_await admin.config(ResourceType::topic, "t", "retention.ms"), value);
    }
    for (std::int16_t version = 0; version <= 1; ++version) {
        const std::string value = std::to_string(2000 + version);
        EXPECT_EQ(co_await admin.set(ResourceType::topic, "t", "segment.ms", value, version), 0);
        EXPECT_EQ(co_await admin.config(ResourceType::topic, "t", "segment.ms"), value);
    }
    EXPECT_EQ(co_await admin.config(ResourceType::topic, "t", "retention.ms"), "1002");
    EXPECT_EQ(co_await admin.set(ResourceType::client_metrics, "s", "interval.ms", "1000"), 0);
    EXPECT_EQ(co_await admin.config(ResourceType::client_metrics, "s", "interval.ms"), "1000");
    EXPECT_EQ(co_await admin.set(ResourceType::group, "g", "consumer.session.timeout.ms", "50000"),
              0);
    EXPECT_EQ(co_await admin.config(ResourceType::group, "g", "consumer.session.timeout.ms"),
              "50000");
    for (std::int16_t version = 0; version <= 1; ++version) {
        const wire::ListConfigResourcesRequest request;
        const auto answer = co_await admin.ask<wire::ListConfigResourcesResponse>(request, version);
        EXPECT_EQ(answer.body.error_code, 0);
        std::string listed;
        for (const auto& resource : answer.body.config_resources)
            listed += std::to_string(resource.resource_type) + ":" +
                      std::string(resource.resource_name) + " ";
        EXPECT_EQ(listed, version == 0 ? "16:s " : "32:g 16:s 8:1 4:1 2:t ");
    }
    wire::ListConfigResourcesRequest unknown;
    unknown.resource_types = {3};
    const auto refused = co_await admin.ask<wire::ListConfigResourcesResponse>(unknown, 1);
    EXPECT_EQ(refused.body.error_code, to_wire(ErrorCode::unsupported_version));
}

TEST_F(AdminTest, SettingsChangeAndAreShown) {
    run(alter_configs);
}

Task<void> change_brokers(Admin& admin, NodeSeams& seams, Findings&) {
    EXPECT_EQ(co_await admin.create_topic("t"), 0);
    EXPECT_EQ(co_await admin.produce("t", 500), 0);
    EXPECT_EQ(co_await admin.set(ResourceType::broker, "", "message.max.bytes", "300"), 0);
    EXPECT_EQ(co_await admin.config(ResourceType::topic, "t", "max.message.bytes"), "300");
    EXPECT_EQ(co_await admin.produce("t", 500), to_wire(ErrorCode::message_too_large))
        << "a topic that was there already follows the brokers' default";
    EXPECT_EQ(co_await admin.set(ResourceType::broker, "1", "message.max.bytes", "900"), 0);
    EXPECT_EQ(co_await admin.produce("t", 500), 0) << "this broker's own goes first";
    EXPECT_EQ(co_await admin.set(ResourceType::broker, "1", "message.max.bytes", std::nullopt), 0);
    EXPECT_EQ(co_await admin.produce("t", 500), to_wire(ErrorCode::message_too_large));
    EXPECT_EQ(co_await admin.set(ResourceType::broker, "1", "node.id", "2"),
              to_wire(ErrorCode::invalid_request));

    // One connection from here is there: its own.
    EXPECT_EQ(co_await admin.set(ResourceType::broker, "", "max.connections.per.ip", "1"), 0);
    Findings expected;  // a connection that is turned away
    const runtime::Address address{"broker", kPort};
    const auto another = co_await BrokerClient::connect(seams, address, expected);
    EXPECT_EQ(another, nullptr);
    EXPECT_EQ(co_await admin.set(ResourceType::broker, "", "max.connections.per.ip", std::nullopt),
              0);
    const auto welcome = co_await BrokerClient::connect(seams, address, expected);
    EXPECT_NE(welcome, nullptr);
}

TEST_F(AdminTest, BrokersSettingsAreFollowedWhileTheyRun) {
    run(change_brokers);
}

Task<void> look_at_the_cluster(Admin& admin, NodeSeams&, Findings&) {
    EXPECT_EQ(co_await admin.create_topic("t"), 0);
    for (std::int16_t version = 0; version <= 2; ++version) {
        wire::ElectLeadersRequest election;
        election.topic_partitions->push_back({"t", {0, 5}});
        const auto elected = co_await admin.ask<wire::ElectLeadersResponse>(election, version);
        EXPECT_EQ(elected.body.error_code, 0);
        const auto& results = elected.body.replica_election_results.at(0).partition_result;
        EXPECT_EQ(results.at(0).error_code, to_wire(ErrorCode::election_not_needed));
        EXPECT_EQ(results.at(1).error_code, to_wire(ErrorCode::unknown_topic_or_partition));

        wire::UpdateFeaturesRequest update;
        auto& feature = update.feature_updates.emplace_back();
        feature.feature = "metadata.version";
        feature.max_version_level = 33;
        const auto updated = co_await admin.ask<wire::UpdateFeaturesResponse>(update, version);
        EXPECT_EQ(updated.body.error_code, 0);
        EXPECT_EQ(updated.body.results.size(), version < 2 ? 1u : 0u);
        feature.max_version_level = 99;
        const auto refused = co_await admin.ask<wire::UpdateFeaturesResponse>(update, version);
        EXPECT_EQ(refused.body.error_code, to_wire(ErrorCode::invalid_update_version));

        wire::DescribeQuorumRequest quorum;
        quorum.topics.push_back({"__cluster_metadata", {{0}}});
        const auto described = co_await admin.ask<wire::DescribeQuorumResponse>(quorum, version);
        const auto& partition = described.body.topics.at(0).partitions.at(0);
        EXPECT_EQ(partition.error_code, 0);
        EXPECT_EQ(partition.leader_id, 1);
        EXPECT_EQ(partition.current_voters.size(), 1u);
        EXPECT_GE(partition.current_voters.at(0).log_end_offset, partition.high_watermark);
        EXPECT_EQ(described.body.nodes.size(), version < 2 ? 0u : 1u);
    }
    // Version 0 has no place for an error of the whole request.
    wire::ElectLeadersRequest strange;
    strange.election_type = 7;
    const auto refused = co_await admin.ask<wire::ElectLeadersResponse>(strange, 1);
    EXPECT_EQ(refused.body.error_code, to_wire(ErrorCode::invalid_request));
}

TEST_F(AdminTest, TheClusterIsDescribed) {
    run(look_at_the_cluster);
}

}  // namespace
}  // namespace cauce::sim
