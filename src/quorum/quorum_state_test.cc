#include "quorum/quorum_state.h"

#include <gtest/gtest.h>

namespace cauce::quorum {
namespace {

TEST(QuorumState, TextIsKafkas) {
    QuorumState state;
    state.leader_id = NodeId{1};
    state.leader_epoch = LeaderEpoch{2};
    EXPECT_EQ(
        state.to_text(),
        R"({"leaderId":1,"leaderEpoch":2,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1})");
    EXPECT_EQ(QuorumState::parse(state.to_text()), state);
}

TEST(QuorumState, ReadsVersionZero) {
    const auto state = QuorumState::parse(
        R"({"clusterId":"","leaderId":7,"leaderEpoch":12,"votedId":3,"appliedOffset":0,"currentVoters":[{"voterId":7},{"voterId":12}],"data_version":0})");
    ASSERT_TRUE(state);
    EXPECT_EQ(state->leader_id, NodeId{7});
    EXPECT_EQ(state->leader_epoch, LeaderEpoch{12});
    EXPECT_EQ(state->voted_id, NodeId{3});
    EXPECT_EQ(state->current_voters, (std::vector{NodeId{7}, NodeId{12}}));
}

TEST(QuorumState, RefusesWhatIsDamaged) {
    EXPECT_FALSE(QuorumState::parse(""));
    EXPECT_FALSE(
        QuorumState::parse(R"({"leaderId":1,"leaderEpoch":2,"votedId":-1,"data_version":2})"));
    EXPECT_FALSE(
        QuorumState::parse(R"({"leaderId":1,"leaderEpoch":"x","votedId":-1,"data_version":1})"));
    EXPECT_FALSE(QuorumState::parse(
        R"({"leaderId":1,"leaderEpoch":2,"votedId":-1,"currentVoters":[{"voter":1}],"data_version":0})"));
}

}  // namespace
}  // namespace cauce::quorum
