#include "controller/state/directories.h"

#include "controller/state/cluster_test.h"
#include "metadata/directory_ids.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/topic_record.h"

#include <gtest/gtest.h>

#include <vector>

namespace cauce::controller::state {
namespace {

using testing::Cluster;

constexpr TopicId kTopic{1, 1};
constexpr Uuid kFirst{8, 1};
constexpr Uuid kSecond{8, 2};

class DirectoriesTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto registration = Cluster::registration(1, 1);
        registration.log_dirs = {kFirst, kSecond};
        cluster_.try_register(registration);
        cluster_.beat(1, {});
        cluster_.add_broker(2);
        metadata::RecordList records;
        wire::TopicRecord topic;
        topic.name = "t";
        topic.topic_id = kTopic;
        records.add(topic);
        for (std::int32_t i = 0; i < 3; ++i) {
            wire::PartitionRecord partition;
            partition.partition_id = i;
            partition.topic_id = kTopic;
            partition.replicas = partition.isr =
                i < 2 ? std::vector<std::int32_t>{2, 1} : std::vector<std::int32_t>{2};
            partition.directories.assign(partition.replicas.size(), metadata::kUnassignedDirectory);
            partition.directories[0] = {1000, 2};
            partition.leader = 2;
            partition.leader_epoch = 3;
            partition.partition_epoch = 5;
            records.add(partition);
        }
        cluster_.apply(records);
        epoch_ = cluster_.image().broker(NodeId{1})->epoch;
    }

    Result<metadata::RecordList> assign(std::vector<DirectoryAssignment> assignments) {
        return assign_directories(cluster_.context(), NodeId{1}, epoch_, assignments);
    }
    std::vector<Uuid> directories(std::int32_t partition) const {
        return cluster_.image().topic(kTopic)->partition(partition).directories.to_vector();
    }

    Cluster cluster_;
    std::int64_t epoch_ = -1;
};

TEST_F(DirectoriesTest, AreNotedForTheBrokersOwnReplicas) {
    const auto records = assign({{kTopic, 0, kSecond}, {kTopic, 1, kFirst}});
    ASSERT_TRUE(records);
    EXPECT_EQ(records->size(), 2u);
    cluster_.apply(*records);
    EXPECT_EQ(directories(0), (std::vector<Uuid>{{1000, 2}, kSecond}));
    EXPECT_EQ(directories(1), (std::vector<Uuid>{{1000, 2}, kFirst}));
    const metadata::Partition& partition = cluster_.image().topic(kTopic)->partition(0);
    EXPECT_EQ(partition.leader, NodeId{2});
    EXPECT_EQ(partition.leader_epoch, LeaderEpoch{3});
    EXPECT_EQ(partition.partition_epoch, 6);
    // Said again it changes nothing.
    EXPECT_TRUE(assign({{kTopic, 0, kSecond}})->empty());
}

TEST_F(DirectoriesTest, WhatIsGoneOrNotTheirsIsLeftOut) {
    EXPECT_TRUE(assign({})->empty());
    EXPECT_TRUE(assign({{TopicId{9, 9}, 0, kFirst}})->empty());
    EXPECT_TRUE(assign({{kTopic, 3, kFirst}})->empty());
    EXPECT_TRUE(assign({{kTopic, -1, kFirst}})->empty());
    EXPECT_TRUE(assign({{kTopic, 2, kFirst}})->empty());  // no replica of broker 1
}

TEST_F(DirectoriesTest, AnotherProcessOfThatBrokerSaysNothing) {
    --epoch_;
    EXPECT_EQ(assign({{kTopic, 0, kFirst}}).error().code, ErrorCode::stale_broker_epoch);
}

}  // namespace
}  // namespace cauce::controller::state
