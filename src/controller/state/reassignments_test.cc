#include "controller/state/reassignments.h"

#include "controller/state/cluster_test.h"
#include "controller/state/isr.h"
#include "controller/state/topics.h"
#include "wire/messages/alter_partition_reassignments_request.h"
#include "wire/messages/alter_partition_reassignments_response.h"
#include "wire/messages/alter_partition_request.h"
#include "wire/messages/alter_partition_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace cauce::controller::state {
namespace {

using testing::Cluster;
using testing::ids;
using Ids = std::vector<std::int32_t>;

class ReassignmentsTest : public ::testing::Test {
protected:
    void SetUp() override {
        for (int id : {1, 2, 3, 4})
            cluster_.add_broker(id);
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        topic.num_partitions = -1;
        topic.replication_factor = -1;
        topic.assignments.push_back({0, {1, 2}});
        const auto outcome = create_topics(cluster_.context(), cluster_.chance, request);
        ASSERT_EQ(outcome.reply.response.topics.at(0).error_code, 0);
        cluster_.apply(outcome.records);
    }

    // "ERROR_NAME text", or "" when it was granted. No replicas: what runs is taken back.
    std::string move(const std::optional<Ids>& replicas, std::string_view topic = "t",
                     std::int32_t index = 0, bool other_factor_allowed = true) {
        wire::AlterPartitionReassignmentsRequest request;
        request.allow_replication_factor_change = other_factor_allowed;
        auto& named = request.topics.emplace_back();
        named.name = topic;
        auto& partition = named.partitions.emplace_back();
        partition.partition_index = index;
        partition.replicas = replicas;
        auto outcome = alter_partition_reassignments(cluster_.context(), request);
        records_ = outcome.records.size();
        cluster_.apply(outcome.records);
        const auto& response = outcome.reply.response;
        EXPECT_EQ(response.error_code, 0);
        EXPECT_EQ(response.allow_replication_factor_change, other_factor_allowed);
        EXPECT_EQ(response.responses.at(0).name, topic);
        const auto& answer = response.responses.at(0).partitions.at(0);
        EXPECT_EQ(answer.partition_index, index);
        if (answer.error_code == 0) return "";
        return std::string(error_name(error_code_from_wire(answer.error_code))) + " " +
               std::string(answer.error_message.value_or("(none)"));
    }

    // As the leader says it when followers come and go.
    void set_isr(const Ids& isr) {
        const metadata::Partition& now = partition();
        wire::AlterPartitionRequest request;
        request.broker_id = now.leader.value;
        request.broker_epoch = cluster_.image().broker(now.leader)->epoch;
        auto& topic = request.topics.emplace_back();
        topic.topic_id = cluster_.image().topic("t")->id();
        auto& change = topic.partitions.emplace_back();
        change.leader_epoch = now.leader_epoch.value;
        change.partition_epoch = now.partition_epoch;
        change.new_isr = isr;
        const auto outcome = alter_partition(cluster_.context(), request);
        ASSERT_EQ(outcome.reply.response.topics.at(0).partitions.at(0).error_code, 0);
        cluster_.apply(outcome.records);
    }

    const metadata::Partition& partition() const {
        return cluster_.image().topic("t")->partition(0);
    }

    // "replicas 1 2 isr 1 2 adding removing leader 1"
    std::string stands() const {
        const metadata::Partition& now = partition();
        std::string out;
        const auto add = [&](std::string_view name, const metadata::ReplicaList& list) {
            out += std::string(out.empty() ? "" : " ") + std::string(name);
            for (int id : ids(list))
                out += " " + std::to_string(id);
        };
        add("replicas", now.replicas);
        add("isr", now.isr);
        add("adding", now.adding);
        add("removing", now.removing);
        return out + " leader " + std::to_string(now.leader.value);
    }

    Cluster cluster_;
    std::size_t records_ = 0;
};

TEST_F(ReassignmentsTest, WhereItStandsAlreadyNothingChanges) {
    EXPECT_EQ(move(Ids{1, 2}), "");
    EXPECT_EQ(records_, 0u);
    EXPECT_EQ(stands(), "replicas 1 2 isr 1 2 adding removing leader 1");
}

TEST_F(ReassignmentsTest, AnotherOrderTakesEffectAtOnceAndTheLeaderStays) {
    const LeaderEpoch before = partition().leader_epoch;
    EXPECT_EQ(move(Ids{2, 1}), "");
    EXPECT_EQ(stands(), "replicas 2 1 isr 1 2 adding removing leader 1");
    EXPECT_EQ(partition().leader_epoch, before);
}

TEST_F(ReassignmentsTest, WhatOnlyGoesIsGoneAtOnceUnderANewEpoch) {
    const LeaderEpoch before = partition().leader_epoch;
    EXPECT_EQ(move(Ids{1}), "");
    EXPECT_EQ(stands(), "replicas 1 isr 1 adding removing leader 1");
    EXPECT_EQ(partition().leader_epoch.value, before.value + 1);
    EXPECT_EQ(partition().directories.size(), 1u);
}

TEST_F(ReassignmentsTest, TheLeaderMayGoToo) {
    EXPECT_EQ(move(Ids{2}), "");
    EXPECT_EQ(stands(), "replicas 2 isr 2 adding removing leader 2");
}

TEST_F(ReassignmentsTest, WhoComesIsAwaitedBeforeAnybodyGoes) {
    EXPECT_EQ(move(Ids{3, 4}), "");
    EXPECT_EQ(stands(), "replicas 3 4 1 2 isr 1 2 adding 3 4 removing 1 2 leader 1");
    ASSERT_EQ(partition().directories.size(), 4u);
    EXPECT_EQ(partition().directories[0], (Uuid{1000, 3}));
    EXPECT_EQ(partition().directories[2], (Uuid{1000, 1}));
    set_isr({1, 2, 3});
    EXPECT_EQ(stands(), "replicas 3 4 1 2 isr 1 2 3 adding 3 4 removing 1 2 leader 1");
    set_isr({1, 2, 3, 4});
    EXPECT_EQ(stands(), "replicas 3 4 isr 3 4 adding removing leader 3");
    ASSERT_EQ(partition().directories.size(), 2u);
    EXPECT_EQ(partition().directories[1], (Uuid{1000, 4}));
}

TEST_F(ReassignmentsTest, WhatIsTakenBackStandsAsBefore) {
    EXPECT_EQ(move(Ids{3, 4}), "");
    set_isr({1, 2, 3});
    EXPECT_EQ(move(std::nullopt), "");
    EXPECT_EQ(stands(), "replicas 1 2 isr 1 2 adding removing leader 1");
}

TEST_F(ReassignmentsTest, ANewGoalTakesTheOldOnesPlace) {
    EXPECT_EQ(move(Ids{1, 3}), "");
    EXPECT_EQ(stands(), "replicas 1 3 2 isr 1 2 adding 3 removing 2 leader 1");
    // 3 was to come and has not: it is still awaited.
    EXPECT_EQ(move(Ids{3, 4}), "");
    EXPECT_EQ(stands(), "replicas 3 4 1 2 isr 1 2 adding 3 4 removing 1 2 leader 1");
    EXPECT_EQ(move(Ids{1, 2}), "");
    EXPECT_EQ(stands(), "replicas 1 2 isr 1 2 adding removing leader 1");
}

TEST_F(ReassignmentsTest, WhoHasEverythingIsNotGivenUpByTakingBack) {
    EXPECT_EQ(move(Ids{3, 4}), "");
    set_isr({1, 2, 3});
    cluster_.beat(1, {.want_fence = true});
    cluster_.beat(2, {.want_fence = true});
    const std::string before = "replicas 3 4 1 2 isr 3 adding 3 4 removing 1 2 leader 3";
    ASSERT_EQ(stands(), before);
    EXPECT_EQ(move(std::nullopt),
              "INVALID_REPLICA_ASSIGNMENT Unable to revert partition assignment for t:0 because "
              "it would require an unclean leader election.");
    EXPECT_EQ(stands(), before);
    cluster_.file["unclean.leader.election.enable"] = "true";
    EXPECT_EQ(move(std::nullopt), "");
    EXPECT_EQ(ids(partition().replicas), (std::vector<int>{1, 2}));
    EXPECT_EQ(ids(partition().isr), (std::vector<int>{1}));
}

TEST_F(ReassignmentsTest, AnotherNumberOfReplicasMayBeForbidden) {
    EXPECT_EQ(move(Ids{1}, "t", 0, false),
              "INVALID_REPLICATION_FACTOR The replication factor is changed from 2 to 1");
    EXPECT_EQ(move(Ids{3, 4}, "t", 0, false), "");
    // What comes does not count.
    EXPECT_EQ(move(Ids{1, 3, 4}, "t", 0, false),
              "INVALID_REPLICATION_FACTOR The replication factor is changed from 2 to 3");
    EXPECT_EQ(move(Ids{1, 3}, "t", 0, false), "");
}

TEST_F(ReassignmentsTest, RefusesWithKafkasCodesAndTexts) {
    EXPECT_EQ(move(Ids{1}, "none"),
              "UNKNOWN_TOPIC_OR_PARTITION Unable to find a topic named none.");
    EXPECT_EQ(move(Ids{1}, "t", 1), "UNKNOWN_TOPIC_OR_PARTITION Unable to find partition t:1.");
    EXPECT_EQ(move(std::nullopt),
              "NO_REASSIGNMENT_IN_PROGRESS No partition reassignment is in progress.");
    EXPECT_EQ(move(Ids{}),
              "INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes an empty "
              "replica list.");
    EXPECT_EQ(move(Ids{1, 5}),
              "INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes broker 5, but "
              "no such broker is registered.");
    EXPECT_EQ(move(Ids{1, 1}),
              "INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes the broker 1 "
              "more than once.");
    EXPECT_EQ(stands(), "replicas 1 2 isr 1 2 adding removing leader 1");
}

}  // namespace
}  // namespace cauce::controller::state
