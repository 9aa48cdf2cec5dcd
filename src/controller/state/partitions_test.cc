#include "controller/state/partitions.h"

#include "controller/state/cluster_test.h"
#include "controller/state/topics.h"
#include "wire/messages/create_partitions_request.h"
#include "wire/messages/create_partitions_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::controller::state {
namespace {

using testing::Cluster;
using testing::ids;
using Wanted = wire::CreatePartitionsRequest::CreatePartitionsTopic;

Wanted more(std::string_view name, std::int32_t count) {
    Wanted wanted;
    wanted.name = name;
    wanted.count = count;
    wanted.assignments.reset();
    return wanted;
}

Wanted assigned(std::string_view name, std::int32_t count,
                std::vector<std::vector<std::int32_t>> brokers) {
    Wanted wanted = more(name, count);
    wanted.assignments.emplace();
    for (auto& ids : brokers)
        wanted.assignments->push_back({ids});
    return wanted;
}

class PartitionsTest : public ::testing::Test {
protected:
    void SetUp() override {
        for (int id : {1, 2, 3})
            cluster_.add_broker(id);
        make("one", 2, 1);
        make("two", 1, 2);
    }

    void make(std::string_view name, std::int32_t partitions, std::int16_t factor) {
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = factor;
        const auto outcome = create_topics(cluster_.context(), cluster_.chance, request);
        ASSERT_EQ(outcome.reply.response.topics.at(0).error_code, 0);
        cluster_.apply(outcome.records);
    }

    // "" or "ERROR_NAME: text" of each result.
    std::vector<std::string> create(std::vector<Wanted> topics, bool validate_only = false) {
        wire::CreatePartitionsRequest request;
        request.topics = std::move(topics);
        request.validate_only = validate_only;
        last_ = create_partitions(cluster_.context(), cluster_.chance, request);
        cluster_.apply(last_.records);
        std::vector<std::string> out;
        for (const auto& result : last_.reply.response.results) {
            std::string line;
            if (result.error_code != 0)
                line = std::string(error_name(error_code_from_wire(result.error_code))) + ": " +
                       std::string(result.error_message.value_or("null"));
            out.push_back(line);
        }
        return out;
    }

    std::int32_t count(std::string_view topic) const {
        return cluster_.image().topic(topic)->partition_count();
    }

    Cluster cluster_;
    Outcome<wire::CreatePartitionsResponse> last_;
};

TEST_F(PartitionsTest, NewOnesComeBehindTheOldOnesAndLookLikeThem) {
    EXPECT_EQ(create({more("two", 4)}), std::vector<std::string>{""});
    const metadata::Topic& topic = *cluster_.image().topic("two");
    ASSERT_EQ(topic.partition_count(), 4);
    for (std::int32_t index = 1; index < 4; ++index) {
        const metadata::Partition& partition = topic.partition(index);
        EXPECT_EQ(partition.replicas.size(), 2u);
        EXPECT_EQ(partition.isr, partition.replicas);
        EXPECT_EQ(partition.leader, partition.replicas.front());
        EXPECT_EQ(partition.leader_epoch, LeaderEpoch{0});
        EXPECT_EQ(partition.partition_epoch, 0);
        EXPECT_FALSE(partition.directories.front().is_zero());
    }
}

TEST_F(PartitionsTest, ManualAssignmentsAreTakenAsTheyAre) {
    cluster_.beat(2, {.want_fence = true});
    EXPECT_EQ(create({assigned("two", 3, {{2, 1}, {3, 1}})}), std::vector<std::string>{""});
    const metadata::Topic& topic = *cluster_.image().topic("two");
    EXPECT_EQ(ids(topic.partition(1).replicas), (std::vector<int>{2, 1}));
    EXPECT_EQ(ids(topic.partition(1).isr), std::vector<int>{1}) << "2 is fenced";
    EXPECT_EQ(topic.partition(1).leader, NodeId{1});
    EXPECT_EQ(topic.partition(2).leader, NodeId{3});
}

struct Refusal {
    Wanted wanted;
    const char* text;
};

TEST_F(PartitionsTest, RefusesWithKafkasCodesAndTexts) {
    const Refusal cases[] = {
        {more("nothere", 3), "UNKNOWN_TOPIC_OR_PARTITION: null"},
        {more("one", 2), "INVALID_PARTITIONS: Topic already has 2 partition(s)."},
        {more("one", 1),
         "INVALID_PARTITIONS: The topic one currently has 2 partition(s); 1 would not be an "
         "increase."},
        {more("one", -1),
         "INVALID_PARTITIONS: The topic one currently has 2 partition(s); -1 would not be an "
         "increase."},
        {more("one", 2'147'483'647),
         "POLICY_VIOLATION: Unable to perform excessively large batch operation."},
        {assigned("one", 4, {{1}}),
         "INVALID_REPLICA_ASSIGNMENT: Attempted to add 2 additional partition(s), but only 1 "
         "assignment(s) were specified."},
        {assigned("one", 3, {{1}, {2}}),
         "INVALID_REPLICA_ASSIGNMENT: Attempted to add 1 additional partition(s), but only 2 "
         "assignment(s) were specified."},
        {assigned("one", 3, {{9}}),
         "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes broker 9, but no "
         "such broker is registered."},
        {assigned("one", 3, {{}}),
         "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes an empty replica "
         "list."},
        {assigned("two", 2, {{1, 1}}),
         "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes the broker 1 more "
         "than once."},
        {assigned("two", 2, {{1}}),
         "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes a partition with 1 "
         "replica(s), but this is not consistent with previous partitions, which have 2 "
         "replica(s)."},
    };
    for (const Refusal& c : cases) {
        EXPECT_EQ(create({c.wanted}), std::vector<std::string>{c.text});
        EXPECT_TRUE(last_.records.empty()) << c.text;
    }
    for (int id : {1, 2, 3})
        cluster_.beat(id, {.want_fence = true});
    EXPECT_EQ(create({assigned("one", 3, {{2}})}),
              std::vector<std::string>{
                  "INVALID_REPLICA_ASSIGNMENT: All brokers specified in the manual partition "
                  "assignment for partition 2 are fenced or in controlled shutdown."});
    EXPECT_EQ(create({more("one", 3)}),
              std::vector<std::string>{"INVALID_REPLICATION_FACTOR: All brokers are currently "
                                       "fenced, or have all their log directories cordoned."});
}

TEST_F(PartitionsTest, EachTopicFailsOrSucceedsOnItsOwn) {
    EXPECT_EQ(create({more("one", 3), more("two", 1), more("twice", 2), more("twice", 3)}),
              (std::vector<std::string>{"", "INVALID_PARTITIONS: Topic already has 1 partition(s).",
                                        "INVALID_REQUEST: Duplicate topic name."}));
    EXPECT_EQ(count("one"), 3);
    EXPECT_EQ(count("two"), 1);
}

TEST_F(PartitionsTest, ValidateOnlyMakesNothing) {
    EXPECT_EQ(
        create({more("one", 3), more("two", 1)}, true),
        (std::vector<std::string>{"", "INVALID_PARTITIONS: Topic already has 1 partition(s)."}));
    EXPECT_EQ(count("one"), 2);
}

TEST_F(PartitionsTest, TenThousandARequestAndNoMore) {
    EXPECT_EQ(create({more("one", 10'002)}), std::vector<std::string>{""});
    EXPECT_EQ(count("one"), 10'002);
    EXPECT_EQ(create({more("one", 15'002), more("two", 5'002)}),
              std::vector<std::string>(
                  2, "POLICY_VIOLATION: Unable to perform excessively large batch operation."));
}

}  // namespace
}  // namespace cauce::controller::state
