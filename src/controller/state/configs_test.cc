#include "controller/state/configs.h"

#include "controller/state/cluster_test.h"
#include "controller/state/topics.h"
#include "wire/messages/alter_configs_request.h"
#include "wire/messages/alter_configs_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"
#include "wire/messages/partition_change_record.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace cauce::controller::state {
namespace {

using metadata::ResourceType;
using testing::Cluster;
using testing::ids;
using Incremental = wire::IncrementalAlterConfigsRequest;
using Whole = wire::AlterConfigsRequest;

constexpr std::int8_t kSet = 0;
constexpr std::int8_t kDelete = 1;
constexpr std::int8_t kAppend = 2;
constexpr std::int8_t kSubtract = 3;

struct Key {
    std::string_view name;
    std::optional<std::string_view> value;
    std::int8_t operation = kSet;
};
struct Resource {
    ResourceType type;
    std::string_view name;
    std::vector<Key> keys;
};

Resource topic(std::string_view name, std::vector<Key> keys) {
    return {ResourceType::topic, name, std::move(keys)};
}
Resource broker(std::string_view name, std::vector<Key> keys) {
    return {ResourceType::broker, name, std::move(keys)};
}

template <typename Response>
std::vector<std::string> lines(const Response& response) {
    std::vector<std::string> out;
    for (const auto& result : response.responses) {
        std::string line;
        if (result.error_code != 0)
            line = std::string(error_name(error_code_from_wire(result.error_code))) + ": " +
                   std::string(result.error_message.value_or("null"));
        out.push_back(line);
    }
    return out;
}

class ConfigsTest : public ::testing::Test {
protected:
    void SetUp() override {
        cluster_.add_broker(1);
        wire::CreateTopicsRequest request;
        auto& made = request.topics.emplace_back();
        made.name = "t";
        made.num_partitions = 1;
        made.replication_factor = 1;
        const auto outcome = create_topics(cluster_.context(), cluster_.chance, request);
        ASSERT_EQ(outcome.reply.response.topics.at(0).error_code, 0);
        cluster_.apply(outcome.records);
    }

    // "" or "ERROR_NAME: text" of each resource.
    std::vector<std::string> change(std::vector<Resource> resources, bool validate_only = false) {
        Incremental request;
        request.validate_only = validate_only;
        for (const Resource& resource : resources) {
            auto& out = request.resources.emplace_back();
            out.resource_type = static_cast<std::int8_t>(resource.type);
            out.resource_name = resource.name;
            for (const Key& key : resource.keys)
                out.configs.push_back({key.name, key.operation, key.value});
        }
        const auto outcome = incremental_alter_configs(cluster_.context(), request);
        records_ = outcome.records.size();
        cluster_.apply(outcome.records);
        return lines(outcome.reply.response);
    }
    std::string change_one(Resource resource) { return change({std::move(resource)}).at(0); }

    std::vector<std::string> replace(std::vector<Resource> resources, bool validate_only = false) {
        Whole request;
        request.validate_only = validate_only;
        for (const Resource& resource : resources) {
            auto& out = request.resources.emplace_back();
            out.resource_type = static_cast<std::int8_t>(resource.type);
            out.resource_name = resource.name;
            for (const Key& key : resource.keys)
                out.configs.push_back({key.name, key.value});
        }
        const auto outcome = alter_configs(cluster_.context(), request);
        records_ = outcome.records.size();
        cluster_.apply(outcome.records);
        return lines(outcome.reply.response);
    }

    // "a=1 b=2 "
    std::string entries(ResourceType type, std::string_view name) const {
        std::string out;
        if (const auto* config = cluster_.image().config(type, name)) {
            for (const auto& [key, value] : config->entries)
                out += key + "=" + value + " ";
        }
        return out;
    }

    Cluster cluster_;
    std::size_t records_ = 0;
};

TEST_F(ConfigsTest, SingleKeysChangeAndTheOthersStay) {
    EXPECT_EQ(change_one(topic("t", {{"retention.ms", "1"}, {"segment.ms", "2"}})), "");
    EXPECT_EQ(change_one(topic("t", {{"retention.ms", "3"}})), "");
    EXPECT_EQ(records_, 1u);
    EXPECT_EQ(entries(ResourceType::topic, "t"), "retention.ms=3 segment.ms=2 ");
    EXPECT_EQ(change_one(topic("t", {{"retention.ms", "3"}})), "");
    EXPECT_EQ(records_, 0u) << "nothing changes";
    EXPECT_EQ(change_one(topic("t", {{"segment.ms", std::nullopt, kDelete},
                                     {"flush.ms", std::nullopt, kDelete}})),
              "");
    EXPECT_EQ(entries(ResourceType::topic, "t"), "retention.ms=3 ");
}

TEST_F(ConfigsTest, ListsGrowAndShrinkFromWhatIsSetOrTheDefault) {
    EXPECT_EQ(change_one(topic("t", {{"cleanup.policy", "compact", kAppend}})), "");
    EXPECT_EQ(entries(ResourceType::topic, "t"), "cleanup.policy=delete,compact ");
    EXPECT_EQ(change_one(topic("t", {{"cleanup.policy", "compact", kAppend}})), "");
    EXPECT_EQ(records_, 0u);
    EXPECT_EQ(change_one(topic("t", {{"cleanup.policy", "delete,nothere", kSubtract}})), "");
    EXPECT_EQ(entries(ResourceType::topic, "t"), "cleanup.policy=compact ");
    EXPECT_EQ(change_one(broker("", {{"log.cleanup.policy", "compact", kAppend}})), "");
    EXPECT_NE(entries(ResourceType::broker, "").find("log.cleanup.policy=delete,compact "),
              std::string::npos);
}

TEST_F(ConfigsTest, TheOldRequestReplacesEverything) {
    EXPECT_EQ(change_one(topic("t", {{"retention.ms", "1"}, {"segment.ms", "2"}})), "");
    EXPECT_EQ(replace({topic("t", {{"segment.ms", "2"}, {"flush.ms", "3"}})}),
              std::vector<std::string>{""});
    EXPECT_EQ(entries(ResourceType::topic, "t"), "flush.ms=3 segment.ms=2 ");
    EXPECT_EQ(records_, 2u) << "one comes, one goes, one stays";
    EXPECT_EQ(replace({topic("t", {})}), std::vector<std::string>{""});
    EXPECT_EQ(entries(ResourceType::topic, "t"), "");
}

TEST_F(ConfigsTest, BrokersHaveSettingsOfTheirOwnAndForAll) {
    EXPECT_EQ(
        change({broker("", {{"log.retention.ms", "1"}}), broker("1", {{"log.retention.ms", "2"}})}),
        (std::vector<std::string>{"", ""}));
    EXPECT_EQ(cluster_.context().config().topic_value("t", "retention.ms"), "2");
    EXPECT_EQ(change_one(broker("1", {{"log.retention.ms", std::nullopt, kDelete}})), "");
    EXPECT_EQ(cluster_.context().config().topic_value("t", "retention.ms"), "1");
}

TEST_F(ConfigsTest, GroupsAndSubscriptionsNeedNotExist) {
    EXPECT_EQ(change_one({ResourceType::group, "g", {{"consumer.session.timeout.ms", "50000"}}}),
              "");
    EXPECT_EQ(entries(ResourceType::group, "g"), "consumer.session.timeout.ms=50000 ");
    EXPECT_EQ(change_one({ResourceType::client_metrics, "s", {{"metrics", "org.apache"}}}), "");
    EXPECT_EQ(change_one({ResourceType::client_metrics, "s", {{"metrics", std::nullopt, kDelete}}}),
              "");
    EXPECT_EQ(cluster_.image().config(ResourceType::client_metrics, "s"), nullptr);
}

struct Refusal {
    Resource resource;
    const char* text;
};

TEST_F(ConfigsTest, RefusesWithKafkasCodesAndTexts) {
    const std::string long_value(32'768, '1');
    const Refusal cases[] = {
        {topic("", {{"retention.ms", "1"}}),
         "INVALID_REQUEST: Default topic resources are not allowed."},
        {topic("a b", {{"retention.ms", "1"}}),
         "INVALID_TOPIC_EXCEPTION: Topic name is invalid: 'a b' contains one or more characters "
         "other than ASCII alphanumerics, '.', '_' and '-'"},
        {topic("nothere", {{"retention.ms", "1"}}),
         "UNKNOWN_TOPIC_OR_PARTITION: The topic 'nothere' does not exist."},
        {topic("t", {{"nope", "1"}}), "INVALID_CONFIG: Unknown topic config name: nope"},
        {topic("t", {{"retention.ms", "x"}}),
         "INVALID_CONFIG: Invalid value x for configuration retention.ms: Not a number of type "
         "LONG"},
        {topic("t", {{"retention.ms", "1"}, {"retention.ms", "2"}}),
         "INVALID_REQUEST: Error due to duplicate config keys"},
        {topic("t", {{"retention.ms", std::nullopt}, {"segment.ms", std::nullopt}}),
         "INVALID_REQUEST: Null value not supported for : retention.ms, segment.ms"},
        {topic("t", {{"retention.ms", "1", kAppend}}),
         "INVALID_CONFIG: Can't APPEND to key retention.ms because its type is not LIST."},
        {topic("t", {{"nope", "1", kSubtract}}),
         "INVALID_CONFIG: Can't SUBTRACT to key nope because its type is not LIST."},
        {topic("t", {{"retention.ms", "1", 4}}), "INVALID_REQUEST: Unknown operations type 4"},
        {topic("t", {{"compression.type", long_value}}),
         "INVALID_CONFIG: The configuration value cannot be added because it exceeds the maximum "
         "value size of 32767 bytes."},
        {topic("t", {{"min.compaction.lag.ms", "5"}, {"max.compaction.lag.ms", "4"}}),
         "INVALID_CONFIG: conflict topic config setting min.compaction.lag.ms (5) > "
         "max.compaction.lag.ms (4)"},
        {broker("x", {{"log.retention.ms", "1"}}),
         "INVALID_REQUEST: Node id must be an integer, but it is: x"},
        {broker("2", {{"log.retention.ms", "1"}}),
         "INVALID_REQUEST: Unexpected broker id, expected 1, but received 2"},
        {broker("1", {{"node.id", "7"}, {"log.retention.ms", "1"}}),
         "INVALID_REQUEST: Cannot update these configs dynamically: [node.id]"},
        {broker("1", {{"log.retention.ms", "x"}}),
         "INVALID_REQUEST: Invalid value x for configuration log.retention.ms: Not a number of "
         "type LONG"},
        {broker("", {{"listeners", "PLAINTEXT://:1"}}),
         "INVALID_REQUEST: Cannot update these configs at default cluster level, broker id must be "
         "specified: [listeners]"},
        {broker("1", {{"log.retention.ms", "1", kAppend}}),
         "INVALID_CONFIG: Config value append is not allowed for config key: log.retention.ms"},
        {broker("1", {{"nope", "1", kSubtract}}), "INVALID_CONFIG: Unknown config name: nope"},
        {broker("1", {{"sasl.enabled.mechanisms", "PLAIN"}}),
         "INVALID_REQUEST: sasl.enabled.mechanisms: Cauce has no SASL yet, so nobody would be "
         "asked for a password"},
        {{ResourceType::group, "", {{"consumer.session.timeout.ms", "50000"}}},
         "INVALID_REQUEST: Default group resources are not allowed."},
        {{ResourceType::group, "g", {{"nope", "1"}}},
         "INVALID_CONFIG: Unknown group config name: nope"},
        {{ResourceType::client_metrics, "", {{"metrics", "a"}}},
         "INVALID_REQUEST: Subscription name can't be empty"},
        {{ResourceType::client_metrics, "s", {{"nope", "a"}}},
         "INVALID_REQUEST: Unknown client metrics configuration: nope"},
        {{ResourceType::broker_logger, "1", {{"kafka.server", "DEBUG"}}},
         "INVALID_CONFIG: Logger kafka.server does not exist!"},
        {{ResourceType::broker_logger, "1", {{"kafka.server", "DEBUG", kAppend}}},
         "INVALID_REQUEST: APPEND operation is not allowed for the BROKER_LOGGER resource"},
        {{ResourceType::broker_logger, "2", {{"kafka.server", "DEBUG"}}},
         "INVALID_REQUEST: Unexpected node id. Expected 1, but received 2"},
        {{static_cast<ResourceType>(3), "x", {{"a", "b"}}},
         "INVALID_REQUEST: Unknown resource type 3"},
    };
    for (const Refusal& c : cases) {
        EXPECT_EQ(change_one(c.resource), c.text);
        EXPECT_EQ(records_, 0u) << c.text;
    }
    EXPECT_EQ(replace({{ResourceType::broker_logger, "1", {{"kafka.server", "DEBUG"}}}}),
              std::vector<std::string>{"INVALID_REQUEST: Unknown resource type 8"});
}

TEST_F(ConfigsTest, EachResourceFailsOrSucceedsOnItsOwn) {
    const std::vector<Resource> resources = {
        topic("t", {{"retention.ms", "1"}}), broker("", {{"log.retention.ms", "7"}}),
        topic("nothere", {{"retention.ms", "1"}}), broker("", {{"log.retention.ms", "8"}})};
    const std::vector<std::string> expected = {
        "", "INVALID_REQUEST: Each resource must appear at most once.",
        "UNKNOWN_TOPIC_OR_PARTITION: The topic 'nothere' does not exist.",
        "INVALID_REQUEST: Each resource must appear at most once."};
    EXPECT_EQ(change(resources), expected);
    EXPECT_EQ(entries(ResourceType::topic, "t"), "retention.ms=1 ");
    EXPECT_EQ(replace(resources), expected);
}

TEST_F(ConfigsTest, ValidateOnlyChangesNothing) {
    EXPECT_EQ(
        change({topic("t", {{"retention.ms", "1"}}), topic("t2", {{"retention.ms", "1"}})}, true),
        (std::vector<std::string>{"",
                                  "UNKNOWN_TOPIC_OR_PARTITION: The topic 't2' does not exist."}));
    EXPECT_EQ(replace({topic("t", {{"retention.ms", "1"}})}, true), std::vector<std::string>{""});
    EXPECT_EQ(records_, 0u);
    EXPECT_EQ(entries(ResourceType::topic, "t"), "");
}

TEST_F(ConfigsTest, WithEligibleLeadersMinIsrBelongsToTheCluster) {
    ASSERT_TRUE(cluster_.context().elr_enabled());
    const std::string of_broker =
        "INVALID_CONFIG: Broker-level min.insync.replicas cannot be altered while ELR is enabled.";
    const std::string of_cluster =
        "INVALID_CONFIG: Cluster-level min.insync.replicas cannot be removed while ELR is enabled.";
    EXPECT_EQ(change_one(broker("1", {{"min.insync.replicas", "2"}})), of_broker);
    EXPECT_EQ(change_one(broker("1", {{"min.insync.replicas", std::nullopt, kDelete}})), of_broker);
    EXPECT_EQ(change_one(broker("", {{"min.insync.replicas", std::nullopt, kDelete}})), of_cluster);
    EXPECT_EQ(replace({broker("", {{"log.retention.ms", "1"}})}),
              std::vector<std::string>{of_cluster});
    EXPECT_EQ(change_one(broker("", {{"min.insync.replicas", "2"}})), "");
    EXPECT_EQ(records_, 2u) << "the setting, and that nobody is eligible by the old one";
    EXPECT_EQ(change_one(topic("t", {{"min.insync.replicas", "1"}})), "");
    EXPECT_EQ(records_, 2u);

    wire::FeatureLevelRecord off;
    off.name = metadata::kElrVersion;
    metadata::RecordList records;
    records.add(off);
    cluster_.apply(records);
    EXPECT_EQ(change_one(broker("1", {{"min.insync.replicas", "2"}})), "");
    EXPECT_EQ(records_, 1u);
    EXPECT_EQ(change_one(broker("", {{"min.insync.replicas", std::nullopt, kDelete}})), "");
}

TEST_F(ConfigsTest, AnotherMinIsrForgetsTheEligibleLeaders) {
    wire::PartitionChangeRecord change_record;
    change_record.topic_id = cluster_.image().topic("t")->id();
    change_record.partition_id = 0;
    change_record.eligible_leader_replicas = std::vector<std::int32_t>{1};
    metadata::RecordList records;
    records.add(change_record, cluster_.context().versions().partition());
    cluster_.apply(records);
    ASSERT_EQ(ids(cluster_.image().topic("t")->partition(0).elr), std::vector<int>{1});
    EXPECT_EQ(change_one(topic("t", {{"min.insync.replicas", "2"}})), "");
    EXPECT_TRUE(cluster_.image().topic("t")->partition(0).elr.empty());
}

TEST_F(ConfigsTest, TenThousandChangesARequestAndNoMore) {
    std::vector<std::string> names;
    for (int i = 0; i < 10'001; ++i)
        names.push_back("plugin." + std::to_string(i));
    Resource large = broker("", {});
    for (const std::string& name : names)
        large.keys.push_back({name, "x"});
    EXPECT_EQ(change_one(large),
              "POLICY_VIOLATION: Unable to perform excessively large batch operation.");
    large.keys.pop_back();
    EXPECT_EQ(change({large}, true), std::vector<std::string>{""});
}

}  // namespace
}  // namespace cauce::controller::state
