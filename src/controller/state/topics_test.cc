#include "controller/state/topics.h"

#include "controller/state/cluster_test.h"
#include "controller/state/topic_name.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace cauce::controller::state {
namespace {

using testing::Cluster;
using testing::ids;
using Topic = wire::CreateTopicsRequest::CreatableTopic;

Topic topic(std::string_view name, std::int32_t partitions = -1, std::int16_t factor = -1) {
    Topic t;
    t.name = name;
    t.num_partitions = partitions;
    t.replication_factor = factor;
    return t;
}

Topic assigned(std::string_view name,
               std::vector<std::pair<std::int32_t, std::vector<std::int32_t>>> assignments) {
    Topic t = topic(name);
    for (auto& [index, brokers] : assignments)
        t.assignments.push_back({index, brokers});
    return t;
}

Topic configured(std::string_view name, std::string_view key,
                 std::optional<std::string_view> value) {
    Topic t = topic(name);
    t.configs.push_back({key, value});
    return t;
}

class TopicsTest : public ::testing::Test {
protected:
    void SetUp() override {
        cluster_.file["num.partitions"] = "4";
        for (int id : {1, 2, 3})
            cluster_.add_broker(id);
    }

    // "" or "ERROR_NAME: text" of each topic.
    std::vector<std::string> create(std::vector<Topic> topics, bool validate_only = false) {
        wire::CreateTopicsRequest request;
        request.topics = std::move(topics);
        request.validate_only = validate_only;
        last_ = create_topics(cluster_.context(), cluster_.chance, request);
        cluster_.apply(last_.records);
        std::vector<std::string> out;
        for (const auto& result : last_.reply.response.topics) {
            std::string line;
            if (result.error_code != 0)
                line = std::string(error_name(error_code_from_wire(result.error_code))) + ": " +
                       std::string(result.error_message.value_or("null"));
            out.push_back(line);
        }
        return out;
    }
    std::string create_one(Topic t) { return create({std::move(t)}).at(0); }

    std::vector<std::string> remove(wire::DeleteTopicsRequest request) {
        auto outcome = delete_topics(cluster_.context(), request);
        std::vector<std::string> out;
        for (const auto& result : outcome.reply.response.responses)
            out.push_back(std::string(result.name.value_or("-")) + " " +
                          std::string(error_name(error_code_from_wire(result.error_code))) + " " +
                          std::string(result.error_message.value_or("")));
        cluster_.apply(outcome.records);
        return out;
    }

    Cluster cluster_;
    Outcome<wire::CreateTopicsResponse> last_;
};

TEST_F(TopicsTest, CreatesWithDefaultsAndTellsWhatItMade) {
    EXPECT_EQ(create_one(topic("blog")), "");
    const auto& result = last_.reply.response.topics[0];
    EXPECT_EQ(result.num_partitions, 4);
    EXPECT_EQ(result.replication_factor, 1);
    EXPECT_FALSE(result.topic_id.is_zero());
    std::map<std::string_view, const wire::CreateTopicsResponse::CreatableTopicConfigs*> configs;
    for (const auto& config : *result.configs)
        configs[config.name] = &config;
    EXPECT_EQ(configs.at("retention.ms")->value, "604800000");
    EXPECT_EQ(configs.at("retention.ms")->config_source, 5);
    EXPECT_EQ(configs.at("min.insync.replicas")->config_source, 3) << "set for the whole cluster";
    EXPECT_FALSE(configs.contains("internal.segment.bytes"));

    const metadata::Topic& made = *cluster_.image().topic("blog");
    EXPECT_EQ(made.id(), result.topic_id);
    EXPECT_EQ(made.partition_count(), 4);
    const metadata::Partition& partition = made.partition(0);
    EXPECT_EQ(partition.leader_epoch, LeaderEpoch{0});
    EXPECT_EQ(partition.partition_epoch, 0);
    EXPECT_EQ(partition.isr, partition.replicas);
    EXPECT_EQ(partition.leader, partition.replicas.front());
    const auto broker = static_cast<std::uint64_t>(partition.leader.value);
    EXPECT_EQ(partition.directories.front(), (Uuid{1000, broker})) << "the broker's only directory";
}

TEST_F(TopicsTest, KeepsItsOwnSettings) {
    Topic t = configured("a", "cleanup.policy", "compact");
    t.configs.push_back({"retention.ms", "1"});
    t.configs.push_back({"retention.ms", "2"});
    EXPECT_EQ(create_one(t), "");
    const auto* config = cluster_.image().config(metadata::ResourceType::topic, "a");
    ASSERT_NE(config, nullptr);
    EXPECT_EQ(config->entries.at("cleanup.policy"), "compact");
    EXPECT_EQ(config->entries.at("retention.ms"), "2") << "the last one counts";
    EXPECT_EQ(config->entries.size(), 2u);
}

struct Refusal {
    Topic topic;
    const char* text;
};

TEST_F(TopicsTest, RefusesWithKafkasCodesAndTexts) {
    const std::string long_name(250, 'a');
    const std::string long_text =
        "INVALID_TOPIC_EXCEPTION: Topic name is invalid: the length of '" + long_name +
        "' is longer than the max allowed length 249";
    ASSERT_EQ(create_one(topic("a.b")), "");
    const Refusal cases[] = {
        {topic(""),
         "INVALID_TOPIC_EXCEPTION: Topic name is invalid: the empty string is not allowed"},
        {topic("."), "INVALID_TOPIC_EXCEPTION: Topic name is invalid: '.' is not allowed"},
        {topic(".."), "INVALID_TOPIC_EXCEPTION: Topic name is invalid: '..' is not allowed"},
        {topic("a b"),
         "INVALID_TOPIC_EXCEPTION: Topic name is invalid: 'a b' contains one or more characters "
         "other than ASCII alphanumerics, '.', '_' and '-'"},
        {topic(long_name), long_text.c_str()},
        {topic("a_b"), "INVALID_TOPIC_EXCEPTION: Topic 'a_b' collides with existing topic: a.b"},
        {topic("a.b"), "TOPIC_ALREADY_EXISTS: Topic 'a.b' already exists."},
        {topic("__cluster_metadata"),
         "INVALID_REQUEST: Creation of internal topic __cluster_metadata is prohibited."},
        {topic("z", 0, 1),
         "INVALID_PARTITIONS: Number of partitions was set to an invalid non-positive value."},
        {topic("z", -2, 1),
         "INVALID_PARTITIONS: Number of partitions was set to an invalid non-positive value."},
        {topic("z", 1, 0),
         "INVALID_REPLICATION_FACTOR: Replication factor must be larger than 0, or -1 to use the "
         "default value."},
        {topic("z", 1, -2),
         "INVALID_REPLICATION_FACTOR: Replication factor must be larger than 0, or -1 to use the "
         "default value."},
        {topic("z", 1, 4),
         "INVALID_REPLICATION_FACTOR: Unable to replicate the partition 4 time(s): The target "
         "replication factor of 4 cannot be reached because only 3 broker(s) are registered or "
         "some brokers have all their log directories cordoned."},
        {configured("z", "retention.ms", "x"),
         "INVALID_CONFIG: Invalid value x for configuration retention.ms: Not a number of type "
         "LONG"},
        {configured("z", "nope", "x"), "INVALID_CONFIG: Unknown topic config name: nope"},
        {configured("z", "retention.ms", std::nullopt),
         "INVALID_CONFIG: Null value not supported for topic configs: retention.ms"},
        {assigned("z", {{1, {1}}}),
         "INVALID_REPLICA_ASSIGNMENT: partitions should be a consecutive 0-based integer sequence"},
        {assigned("z", {{0, {1}}, {0, {2}}}),
         "INVALID_REPLICA_ASSIGNMENT: Found multiple manual partition assignments for partition 0"},
        {assigned("z", {{0, {1, 1}}}),
         "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes the broker 1 more "
         "than once."},
        {assigned("z", {{0, {9}}}),
         "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes broker 9, but no "
         "such broker is registered."},
        {assigned("z", {{0, {}}}),
         "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes an empty replica "
         "list."},
        {assigned("z", {{0, {1}}, {1, {1, 2}}}),
         "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes a partition with 2 "
         "replica(s), but this is not consistent with previous partitions, which have 1 "
         "replica(s)."},
    };
    for (const Refusal& c : cases) {
        EXPECT_EQ(create_one(c.topic), c.text);
        EXPECT_TRUE(last_.records.empty()) << c.text;
    }
    Topic both = assigned("z", {{0, {1}}});
    both.num_partitions = 1;
    EXPECT_EQ(create_one(both),
              "INVALID_REQUEST: A manual partition assignment was specified, but numPartitions was "
              "not set to -1.");
    both.replication_factor = 1;
    EXPECT_EQ(create_one(both),
              "INVALID_REQUEST: A manual partition assignment was specified, but replication "
              "factor was not set to -1.");
}

TEST_F(TopicsTest, EachTopicOfARequestFailsOrSucceedsOnItsOwn) {
    const auto results = create({topic("good"), topic("twice"), topic("bad name"), topic("twice")});
    EXPECT_EQ(results,
              (std::vector<std::string>{"", "INVALID_REQUEST: Duplicate topic name.",
                                        "INVALID_TOPIC_EXCEPTION: Topic name is invalid: 'bad "
                                        "name' contains one or more characters other than ASCII "
                                        "alphanumerics, '.', '_' and '-'"}));
    EXPECT_NE(cluster_.image().topic("good"), nullptr);
    EXPECT_EQ(cluster_.image().topics().size(), 1u);
}

TEST_F(TopicsTest, ValidateOnlyMakesNothing) {
    EXPECT_EQ(create({topic("v")}, true), std::vector<std::string>{""});
    EXPECT_EQ(last_.reply.response.topics[0].num_partitions, 4);
    EXPECT_TRUE(last_.records.empty());
    EXPECT_EQ(create({topic("v", 0)}, true).at(0).substr(0, 18), "INVALID_PARTITIONS");
}

TEST_F(TopicsTest, TenThousandPartitionsARequestAndNoMore) {
    EXPECT_EQ(create({topic("a", 5000, 1), topic("b", 5000, 1)}),
              (std::vector<std::string>{"", ""}));
    EXPECT_EQ(cluster_.image().partition_count(), 10'000);
    EXPECT_EQ(create({topic("c", 5000, 1), topic("d", 5001, 1)}),
              (std::vector<std::string>(
                  2, "POLICY_VIOLATION: Excessively large number of partitions per request.")));
    EXPECT_EQ(create_one(topic("e", 2'147'483'647, 1)),
              "POLICY_VIOLATION: Excessively large number of partitions per request.");
}

TEST_F(TopicsTest, ManualAssignmentsAreTakenAsTheyAre) {
    cluster_.beat(2, {.want_fence = true});
    EXPECT_EQ(create_one(assigned("m", {{1, {3, 2}}, {0, {2, 1}}})), "");
    const metadata::Topic& made = *cluster_.image().topic("m");
    EXPECT_EQ(ids(made.partition(0).replicas), (std::vector<int>{2, 1}));
    EXPECT_EQ(ids(made.partition(0).isr), std::vector<int>{1}) << "2 is fenced";
    EXPECT_EQ(made.partition(0).leader, NodeId{1});
    EXPECT_EQ(made.partition(1).leader, NodeId{3});
    EXPECT_EQ(create_one(assigned("n", {{0, {2}}})),
              "INVALID_REPLICA_ASSIGNMENT: All brokers specified in the manual partition "
              "assignment for partition 0 are fenced or in controlled shutdown.");
}

TEST_F(TopicsTest, NothingCanBeMadeWithoutABrokerThatWorks) {
    for (int id : {1, 2, 3})
        cluster_.beat(id, {.want_fence = true});
    EXPECT_EQ(create_one(topic("a")),
              "INVALID_REPLICATION_FACTOR: Unable to replicate the partition 1 time(s): All "
              "brokers are currently fenced, or have all their log directories cordoned.");
}

TEST_F(TopicsTest, DeletesByNameAndById) {
    create({topic("a"), topic("b"), topic("c")});
    wire::DeleteTopicsRequest by_name;
    by_name.topic_names = {"a", "nothere", "twice", "twice"};
    EXPECT_EQ(remove(by_name),
              (std::vector<std::string>{
                  "a NONE ",
                  "nothere UNKNOWN_TOPIC_OR_PARTITION This server does not host this "
                  "topic-partition.",
                  "twice INVALID_REQUEST Duplicate topic name."}));
    EXPECT_EQ(cluster_.image().topic("a"), nullptr);

    const TopicId b = cluster_.image().topic("b")->id();
    wire::DeleteTopicsRequest by_id;
    by_id.topics = {
        {std::nullopt, b}, {"b", {}}, {"c", b}, {std::nullopt, {}}, {std::nullopt, {5, 5}}};
    EXPECT_EQ(remove(by_id),
              (std::vector<std::string>{
                  "b NONE ",
                  "b INVALID_REQUEST The provided topic name maps to an ID that was already "
                  "supplied.",
                  "c INVALID_REQUEST You may not specify both topic name and topic id.",
                  "- INVALID_REQUEST Neither topic name nor id were specified.",
                  "- UNKNOWN_TOPIC_ID This server does not host this topic ID."}));
    EXPECT_EQ(cluster_.image().topics().size(), 1u);

    cluster_.file["delete.topic.enable"] = "false";
    wire::DeleteTopicsRequest last;
    last.topic_names = {"c"};
    EXPECT_EQ(remove(last),
              std::vector<std::string>{"c TOPIC_DELETION_DISABLED Topic deletion is disabled."});
}

TEST_F(TopicsTest, NamesCollideInDotsAndUnderscoresOnly) {
    const auto collides = [&](std::string_view name) {
        return std::string(colliding_topic(cluster_.image(), name));
    };
    create({topic("a.b_c"), topic("a.b"), topic("x"), topic("metrics.of.everything")});
    EXPECT_EQ(collides("a_b.c"), "a.b_c");
    EXPECT_EQ(collides("a.b.c"), "a.b_c");
    EXPECT_EQ(collides("a.b_c"), "") << "not with itself";
    EXPECT_EQ(collides("a_b"), "a.b");
    EXPECT_EQ(collides("a-b"), "");
    EXPECT_EQ(collides("x_"), "");
    EXPECT_EQ(collides("metrics_of_everything"), "metrics.of.everything");
    // Of the 2^100 ways to read it none begins like a topic there is.
    EXPECT_EQ(collides(std::string(100, '.')), "");
}

}  // namespace
}  // namespace cauce::controller::state
