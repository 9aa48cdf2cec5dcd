#include "controller/quorum_description.h"

#include "wire/messages/describe_quorum_request.h"
#include "wire/messages/describe_quorum_response.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::controller {
namespace {

quorum::QuorumStatus status() {
    quorum::QuorumStatus status;
    status.leader = {NodeId{1}, LeaderEpoch{4}};
    status.is_leader = true;
    status.high_watermark = Offset{40};
    status.log_end = Offset{42};
    status.voters = {{NodeId{1}, {5, 6}, {{"CONTROLLER", "a.example", 9093}}, 0, 1},
                     {NodeId{2}, {7, 8}, {}, 0, 1}};
    return status;
}

wire::DescribeQuorumRequest request(std::string_view topic, std::vector<std::int32_t> partitions) {
    wire::DescribeQuorumRequest request;
    auto& asked = request.topics.emplace_back();
    asked.topic_name = topic;
    for (std::int32_t index : partitions)
        asked.partitions.push_back({index});
    return request;
}

TEST(QuorumDescription, TellsHowFarEachVoterHasCome) {
    const auto reply =
        describe_quorum(status(), WallTime{1000}, request("__cluster_metadata", {0}));
    const auto& response = reply.response;
    EXPECT_EQ(response.error_code, 0);
    ASSERT_EQ(response.topics.size(), 1u);
    const auto& partition = response.topics[0].partitions.at(0);
    EXPECT_EQ(partition.error_code, 0);
    EXPECT_EQ(partition.error_message, std::nullopt);
    EXPECT_EQ(partition.leader_id, 1);
    EXPECT_EQ(partition.leader_epoch, 4);
    EXPECT_EQ(partition.high_watermark, 40);
    ASSERT_EQ(partition.current_voters.size(), 2u);
    const auto& leader = partition.current_voters[0];
    EXPECT_EQ(leader.replica_directory_id, (Uuid{5, 6}));
    EXPECT_EQ(leader.log_end_offset, 42);
    EXPECT_EQ(leader.last_fetch_timestamp, 1000);
    EXPECT_EQ(leader.last_caught_up_timestamp, 1000);
    const auto& other = partition.current_voters[1];
    EXPECT_EQ(other.log_end_offset, -1);
    EXPECT_EQ(other.last_fetch_timestamp, -1);
    ASSERT_EQ(response.nodes.size(), 2u);
    EXPECT_EQ(response.nodes[0].node_id, 1);
    ASSERT_EQ(response.nodes[0].listeners.size(), 1u);
    EXPECT_EQ(response.nodes[0].listeners[0].host, "a.example");
    EXPECT_EQ(response.nodes[0].listeners[0].port, 9093);
}

struct Refusal {
    wire::DescribeQuorumRequest request;
    std::vector<std::int16_t> codes;
};

TEST(QuorumDescription, ThereIsOnePartitionToDescribe) {
    const Refusal cases[] = {
        {request("blog", {0, 1}), {3, 3}},
        {request("__cluster_metadata", {1}), {3}},
        {request("__cluster_metadata", {0, 1}), {3, 3}},
        {{}, {}},
    };
    for (const Refusal& c : cases) {
        const auto reply = describe_quorum(status(), WallTime{}, c.request);
        std::vector<std::int16_t> codes;
        for (const auto& topic : reply.response.topics) {
            for (const auto& partition : topic.partitions)
                codes.push_back(partition.error_code);
        }
        EXPECT_EQ(codes, c.codes);
        EXPECT_TRUE(reply.response.nodes.empty());
    }
}

TEST(QuorumDescription, OnlyTheLeaderKnows) {
    quorum::QuorumStatus follower = status();
    follower.is_leader = false;
    const auto reply = describe_quorum(follower, WallTime{}, request("__cluster_metadata", {0}));
    EXPECT_EQ(reply.response.topics.at(0).partitions.at(0).error_code,
              to_wire(ErrorCode::not_leader_or_follower));
    EXPECT_TRUE(reply.response.nodes.empty());
}

}  // namespace
}  // namespace cauce::controller
