#include "controller/state/elections.h"

#include "controller/state/cluster_test.h"
#include "controller/state/topics.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/elect_leaders_request.h"
#include "wire/messages/elect_leaders_response.h"
#include "wire/messages/partition_change_record.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace cauce::controller::state {
namespace {

using testing::Cluster;
using testing::ids;

class ElectionsTest : public ::testing::Test {
protected:
    void SetUp() override {
        for (int id : {1, 2, 3})
            cluster_.add_broker(id);
        make("t", {{1, 2}, {2, 1}});
        make("alone", {{3}});
    }

    void make(std::string_view name, std::vector<std::vector<std::int32_t>> replicas) {
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = -1;
        topic.replication_factor = -1;
        for (std::size_t i = 0; i < replicas.size(); ++i)
            topic.assignments.push_back({static_cast<std::int32_t>(i), replicas[i]});
        const auto outcome = create_topics(cluster_.context(), cluster_.chance, request);
        ASSERT_EQ(outcome.reply.response.topics.at(0).error_code, 0);
        cluster_.apply(outcome.records);
    }

    struct Asked {
        std::string_view topic;
        std::vector<std::int32_t> partitions;
    };
    // "topic-0 ERROR_NAME text" of each result.
    std::vector<std::string> elect(std::int8_t type, std::optional<std::vector<Asked>> asked) {
        wire::ElectLeadersRequest request;
        request.election_type = type;
        request.topic_partitions.reset();
        if (asked) {
            request.topic_partitions.emplace();
            for (const Asked& one : *asked)
                request.topic_partitions->push_back({one.topic, one.partitions});
        }
        last_ = elect_leaders(cluster_.context(), request);
        cluster_.apply(last_.records);
        std::vector<std::string> out;
        for (const auto& topic : last_.reply.response.replica_election_results) {
            for (const auto& result : topic.partition_result)
                out.push_back(std::string(topic.topic) + "-" + std::to_string(result.partition_id) +
                              " " +
                              std::string(error_name(error_code_from_wire(result.error_code))) +
                              " " + std::string(result.error_message.value_or("")));
        }
        return out;
    }

    const metadata::Partition& partition(std::string_view topic, std::int32_t index) const {
        return cluster_.image().topic(topic)->partition(index);
    }

    Cluster cluster_;
    Outcome<wire::ElectLeadersResponse> last_;
};

TEST_F(ElectionsTest, ThePreferredReplicaTakesOverOnceItIsInSyncAgain) {
    cluster_.beat(1, {.want_fence = true});
    ASSERT_EQ(partition("t", 0).leader, NodeId{2});
    EXPECT_EQ(elect(0, {{{"t", {0}}}}),
              std::vector<std::string>{"t-0 PREFERRED_LEADER_NOT_AVAILABLE The preferred leader "
                                       "was not available."});
    cluster_.beat(1, {});
    // Back, but it left the ISR; only the leader can take it in again.
    EXPECT_EQ(elect(0, {{{"t", {0}}}}).at(0).substr(0, 34), "t-0 PREFERRED_LEADER_NOT_AVAILABLE");
    EXPECT_EQ(partition("t", 0).leader, NodeId{2});
}

TEST_F(ElectionsTest, AHealthyLeaderGivesWayToThePreferredOne) {
    cluster_.beat(1, {.want_fence = true});
    cluster_.beat(1, {});
    // The leader has taken it in again.
    wire::PartitionChangeRecord rejoin;
    rejoin.topic_id = cluster_.image().topic("t")->id();
    rejoin.partition_id = 0;
    rejoin.isr = std::vector<std::int32_t>{2, 1};
    metadata::RecordList records;
    records.add(rejoin, cluster_.context().versions().partition());
    cluster_.apply(records);
    const LeaderEpoch before = partition("t", 0).leader_epoch;
    EXPECT_EQ(elect(0, {{{"t", {0}}}}), std::vector<std::string>{"t-0 NONE "});
    EXPECT_EQ(partition("t", 0).leader, NodeId{1});
    EXPECT_EQ(partition("t", 0).leader_epoch.value, before.value + 1);
    EXPECT_EQ(ids(partition("t", 0).isr), (std::vector<int>{2, 1})) << "nobody left";
    EXPECT_EQ(elect(0, {{{"t", {0}}}}),
              std::vector<std::string>{"t-0 ELECTION_NOT_NEEDED Leader election not needed for "
                                       "topic partition."});
}

TEST_F(ElectionsTest, UncleanElectionsAreForPartitionsWithoutALeader) {
    EXPECT_EQ(elect(1, {{{"alone", {0}}}}),
              std::vector<std::string>{"alone-0 ELECTION_NOT_NEEDED Leader election not needed for "
                                       "topic partition."});
    cluster_.beat(3, {.want_fence = true});
    ASSERT_EQ(partition("alone", 0).leader, metadata::kNoLeader);
    EXPECT_EQ(elect(1, {{{"alone", {0}}}}),
              std::vector<std::string>{"alone-0 ELIGIBLE_LEADERS_NOT_AVAILABLE Eligible topic "
                                       "partition leaders are not available."});
    EXPECT_TRUE(last_.records.empty());
}

TEST_F(ElectionsTest, WithoutAListOnlyWhatNeededOneIsAnswered) {
    EXPECT_EQ(elect(0, std::nullopt), std::vector<std::string>{});
    EXPECT_EQ(last_.reply.response.replica_election_results.size(), 2u) << "every topic, empty";
    cluster_.beat(3, {.want_fence = true});
    EXPECT_EQ(elect(0, std::nullopt),
              std::vector<std::string>{"alone-0 PREFERRED_LEADER_NOT_AVAILABLE The preferred "
                                       "leader was not available."});
}

TEST_F(ElectionsTest, RefusesWithKafkasCodesAndTexts) {
    EXPECT_EQ(
        elect(0, {{{"nothere", {0}}, {"t", {7, -1}}}}),
        (std::vector<std::string>{"nothere-0 UNKNOWN_TOPIC_OR_PARTITION No such topic as nothere",
                                  "t-7 UNKNOWN_TOPIC_OR_PARTITION No such partition as t-7",
                                  "t--1 UNKNOWN_TOPIC_OR_PARTITION No such partition as t--1"}));
    EXPECT_EQ(last_.reply.response.error_code, 0);
    EXPECT_EQ(elect(2, {{{"t", {0}}}}),
              std::vector<std::string>{"t-0 INVALID_REQUEST Unknown election type 2"});
    EXPECT_EQ(last_.reply.response.error_code, to_wire(ErrorCode::invalid_request));
}

}  // namespace
}  // namespace cauce::controller::state
