#include "controller/state/brokers.h"

#include "controller/state/cluster_test.h"
#include "controller/state/isr.h"
#include "controller/state/producer_ids.h"
#include "controller/state/topics.h"
#include "metadata/record_list.h"
#include "wire/messages/allocate_producer_ids_request.h"
#include "wire/messages/allocate_producer_ids_response.h"
#include "wire/messages/alter_partition_request.h"
#include "wire/messages/alter_partition_response.h"
#include "wire/messages/config_record.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/partition_change_record.h"

#include <gtest/gtest.h>

#include <string>

namespace cauce::controller::state {
namespace {

using metadata::kNoLeader;
using testing::Cluster;
using testing::ids;

class BrokersTest : public ::testing::Test {
protected:
    void make_topic(std::string_view name, std::vector<std::int32_t> replicas,
                    std::string_view min_isr = "1") {
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = -1;
        topic.replication_factor = -1;
        topic.assignments.push_back({0, std::move(replicas)});
        topic.configs.push_back({"min.insync.replicas", min_isr});
        const auto outcome = create_topics(cluster_.context(), cluster_.chance, request);
        ASSERT_EQ(outcome.reply.response.topics[0].error_code, 0);
        cluster_.apply(outcome.records);
    }
    const metadata::Partition& partition(std::string_view topic) {
        return cluster_.image().topic(topic)->partition(0);
    }
    std::string state(std::string_view topic) {
        const metadata::Partition& p = partition(topic);
        std::string text = "leader " + std::to_string(p.leader.value) + " isr";
        for (int id : ids(p.isr))
            text += " " + std::to_string(id);
        text += " elr";
        for (int id : ids(p.elr))
            text += " " + std::to_string(id);
        text += " last";
        for (int id : ids(p.last_known_elr))
            text += " " + std::to_string(id);
        if (p.recovering) text += " recovering";
        return text;
    }
    void fence(std::int32_t id) { cluster_.apply(fence_broker(cluster_.context(), NodeId{id})); }
    // Registers a new process under the id and lets it in.
    void restart(std::int32_t id, std::uint64_t incarnation, std::int64_t previous_epoch) {
        auto request = Cluster::registration(id, incarnation);
        request.previous_broker_epoch = previous_epoch;
        const auto outcome = cluster_.try_register(request);
        ASSERT_EQ(outcome.reply.response.error_code, 0) << outcome.reply.refused;
    }
    void disable_elr() {
        metadata::RecordList list;
        wire::FeatureLevelRecord record;
        record.name = metadata::kElrVersion;
        list.add(record);
        cluster_.apply(list);
    }
    void set_topic_config(std::string_view topic, std::string_view name, std::string_view value) {
        metadata::RecordList list;
        wire::ConfigRecord record;
        record.resource_type = 2;
        record.resource_name = topic;
        record.name = name;
        record.value = value;
        list.add(record);
        cluster_.apply(list);
    }

    Cluster cluster_;
};

TEST_F(BrokersTest, ARegistrationGetsTheOffsetOfItsRecordAndStartsFenced) {
    const Offset next = cluster_.next_offset;
    const auto outcome = cluster_.try_register(Cluster::registration(1, 11));
    EXPECT_EQ(outcome.reply.response.broker_epoch, next.value);
    const metadata::Broker& broker = *cluster_.image().broker(NodeId{1});
    EXPECT_EQ(broker.epoch, next.value);
    EXPECT_TRUE(broker.fenced);
    EXPECT_EQ(broker.incarnation, (Uuid{7, 11}));

    // Not let in before it has seen that record itself.
    EXPECT_TRUE(cluster_.beat(1, {.offset = next.value - 1}).is_fenced);
    EXPECT_TRUE(cluster_.beat(1, {.want_fence = true}).is_fenced);
    const auto reply = cluster_.beat(1, {.offset = next.value});
    EXPECT_FALSE(reply.is_fenced);
    EXPECT_TRUE(reply.is_caught_up);
    EXPECT_FALSE(cluster_.image().broker(NodeId{1})->fenced);
}

TEST_F(BrokersTest, TheSameProcessMayRegisterAgainAndStaysWhatItIs) {
    cluster_.add_broker(1);
    const std::int64_t epoch = cluster_.image().broker(NodeId{1})->epoch;
    const auto outcome = cluster_.try_register(Cluster::registration(1, 1));
    EXPECT_EQ(outcome.reply.response.broker_epoch, epoch);
    EXPECT_FALSE(cluster_.image().broker(NodeId{1})->fenced);
}

TEST_F(BrokersTest, RegistrationsThatAreRefused) {
    cluster_.add_broker(1);
    cluster_.add_broker(2);
    struct Case {
        wire::BrokerRegistrationRequest request;
        ErrorCode code;
        const char* text;
    };
    std::vector<Case> cases;
    const auto add = [&](ErrorCode code, const char* text) -> wire::BrokerRegistrationRequest& {
        cases.push_back({Cluster::registration(3, 33), code, text});
        return cases.back().request;
    };
    add(ErrorCode::inconsistent_cluster_id, "Expected cluster ID cluster, but got cluster ID other")
        .cluster_id = "other";
    add(ErrorCode::invalid_registration, "No directories specified in request").log_dirs = {};
    add(ErrorCode::invalid_registration, "Reserved directory ID in request").log_dirs = {{0, 3}};
    add(ErrorCode::invalid_registration, "Duplicate directory ID in request").log_dirs = {{9, 9},
                                                                                          {9, 9}};
    add(ErrorCode::invalid_registration,
        "Broker 2 is already registered with directory AAAAAAAAA-gAAAAAAAAAAg")
        .log_dirs = {{1000, 2}};
    add(ErrorCode::broker_id_not_registered, "Controller does not support registering ZK brokers.")
        .is_migrating_zk_broker = true;
    add(ErrorCode::unsupported_version,
        "Unable to register because the broker does not support finalized version 1 of "
        "eligible.leader.replicas.version. The broker wants a version between 0 and 0, inclusive.")
        .features.erase(cases.back().request.features.begin());
    cases.push_back({Cluster::registration(1, 99), ErrorCode::duplicate_broker_registration,
                     "Another broker is registered with that broker id. If the broker was recently "
                     "restarted this should self-resolve once the heartbeat manager expires the "
                     "broker's session."});
    for (const Case& c : cases) {
        const auto outcome = cluster_.try_register(c.request);
        EXPECT_EQ(error_code_from_wire(outcome.reply.response.error_code), c.code) << c.text;
        EXPECT_EQ(outcome.reply.refused, c.text);
        EXPECT_TRUE(outcome.records.empty());
    }
}

TEST_F(BrokersTest, AnIdIsFreeWhenItsSessionIsOverOrItsOwnerIsLeaving) {
    cluster_.add_broker(1);
    cluster_.now = cluster_.now + seconds(9);
    EXPECT_NE(cluster_.try_register(Cluster::registration(1, 2)).reply.response.error_code, 0);
    cluster_.now = cluster_.now + milliseconds(1);
    EXPECT_EQ(cluster_.try_register(Cluster::registration(1, 2)).reply.response.error_code, 0);

    cluster_.add_broker(2);
    make_topic("t", {2});
    cluster_.beat(2, {.want_shut_down = true});
    ASSERT_TRUE(cluster_.image().broker(NodeId{2})->in_controlled_shutdown);
    EXPECT_EQ(cluster_.try_register(Cluster::registration(2, 3)).reply.response.error_code, 0);
}

TEST_F(BrokersTest, SessionsEndAndTheOwnBrokersNever) {
    cluster_.add_broker(1);
    cluster_.add_broker(2);
    cluster_.sessions.set_immortal(NodeId{1});
    EXPECT_TRUE(cluster_.sessions.expired(cluster_.image(), cluster_.now).empty());
    const MonoTime end = cluster_.sessions.next_expiry(cluster_.image());
    EXPECT_GT(end - cluster_.now, Duration(seconds(9)));
    EXPECT_EQ(cluster_.sessions.expired(cluster_.image(), end), std::vector<NodeId>{NodeId{2}});
    fence(2);
    EXPECT_TRUE(cluster_.sessions.expired(cluster_.image(), end).empty());
    EXPECT_EQ(cluster_.sessions.next_expiry(cluster_.image()), MonoTime::never());

    BrokerSessions anew(seconds(9));
    anew.begin(cluster_.image(), cluster_.now, NodeId{1});
    const std::int64_t epoch1 = cluster_.image().broker(NodeId{1})->epoch;
    const std::int64_t epoch2 = cluster_.image().broker(NodeId{2})->epoch;
    EXPECT_FALSE(anew.is_valid(NodeId{1}, epoch1, cluster_.now))
        << "an earlier run of this process";
    EXPECT_TRUE(anew.is_valid(NodeId{2}, epoch2, cluster_.now));
}

TEST_F(BrokersTest, LeadershipMovesWhenABrokerIsFenced) {
    for (int id : {1, 2, 3})
        cluster_.add_broker(id);
    make_topic("t", {1, 2, 3}, "2");
    EXPECT_EQ(state("t"), "leader 1 isr 1 2 3 elr last");
    fence(1);
    EXPECT_EQ(state("t"), "leader 2 isr 2 3 elr last");
    EXPECT_EQ(partition("t").leader_epoch, LeaderEpoch{1});
    fence(2);
    EXPECT_EQ(state("t"), "leader 3 isr 3 elr 2 last") << "below min ISR: 2 stays eligible";
    fence(3);
    EXPECT_EQ(state("t"), "leader -1 isr elr 2 3 last 3");
    // 1 missed what 2 and 3 have: it may not lead.
    cluster_.beat(1, {});
    EXPECT_EQ(state("t"), "leader -1 isr elr 2 3 last 3");
    cluster_.beat(2, {});
    EXPECT_EQ(state("t"), "leader 2 isr 2 elr 3 last");
    EXPECT_EQ(partition("t").leader_epoch, LeaderEpoch{4});
}

TEST_F(BrokersTest, WithoutElrTheLastOneStaysInTheIsr) {
    disable_elr();
    for (int id : {1, 2})
        cluster_.add_broker(id);
    make_topic("t", {1, 2}, "2");
    fence(1);
    EXPECT_EQ(state("t"), "leader 2 isr 2 elr last");
    fence(2);
    EXPECT_EQ(state("t"), "leader -1 isr 2 elr last");
    cluster_.beat(1, {});
    EXPECT_EQ(state("t"), "leader -1 isr 2 elr last");
    cluster_.beat(2, {});
    EXPECT_EQ(state("t"), "leader 2 isr 2 elr last");
}

TEST_F(BrokersTest, UncleanElectionOnlyWhereItIsAllowed) {
    disable_elr();
    for (int id : {1, 2})
        cluster_.add_broker(id);
    make_topic("safe", {1, 2});
    make_topic("unsafe", {1, 2});
    set_topic_config("unsafe", "unclean.leader.election.enable", "true");
    fence(2);
    fence(1);
    cluster_.beat(2, {});
    EXPECT_EQ(state("safe"), "leader -1 isr 1 elr last");
    EXPECT_EQ(state("unsafe"), "leader 2 isr 2 elr last recovering");
}

TEST_F(BrokersTest, ARestartThatLostNothingKeepsItsPlace) {
    for (int id : {1, 2})
        cluster_.add_broker(id);
    make_topic("t", {1, 2}, "2");
    cluster_.now = cluster_.now + seconds(10);
    restart(1, 100, cluster_.image().broker(NodeId{1})->epoch);
    EXPECT_EQ(state("t"), "leader 2 isr 2 elr 1 last");
    restart(2, 100, cluster_.image().broker(NodeId{2})->epoch);
    EXPECT_EQ(state("t"), "leader -1 isr elr 1 2 last 2");
    cluster_.beat(1, {});
    EXPECT_EQ(state("t"), "leader 1 isr 1 elr 2 last");
}

TEST_F(BrokersTest, ARestartThatMayHaveLostDataIsNotEligible) {
    for (int id : {1, 2})
        cluster_.add_broker(id);
    make_topic("t", {1, 2}, "2");
    cluster_.now = cluster_.now + seconds(10);
    restart(1, 100, -1);
    EXPECT_EQ(state("t"), "leader 2 isr 2 elr last");
    restart(2, 100, -1);
    EXPECT_EQ(state("t"), "leader -1 isr elr last 2");
    cluster_.beat(1, {});
    EXPECT_EQ(state("t"), "leader -1 isr elr last 2");
    cluster_.beat(2, {});
    EXPECT_EQ(state("t"), "leader 2 isr 2 elr last recovering") << "who led last is the best guess";
}

// As Apache Kafka 4.4 writes it for one broker: stopped, the log says "isr":[],"leader":-1,
// "eligibleLeaderReplicas":[1],"lastKnownElr":[1]; started, "isr":[1],"leader":1 and both empty.
TEST_F(BrokersTest, AloneAControlledShutdownLeavesNobodyLeadingUntilItIsBack) {
    cluster_.add_broker(1);
    make_topic("t", {1});
    const auto first = cluster_.beat(1, {.want_shut_down = true});
    EXPECT_FALSE(first.should_shut_down);
    EXPECT_TRUE(cluster_.image().broker(NodeId{1})->in_controlled_shutdown);
    EXPECT_EQ(state("t"), "leader -1 isr elr 1 last 1");
    EXPECT_TRUE(cluster_.beat(1, {.want_shut_down = true}).should_shut_down);
    EXPECT_TRUE(cluster_.image().broker(NodeId{1})->fenced);
    restart(1, 2, cluster_.image().broker(NodeId{1})->epoch);
    EXPECT_FALSE(cluster_.image().broker(NodeId{1})->in_controlled_shutdown);
    cluster_.beat(1, {});
    EXPECT_EQ(state("t"), "leader 1 isr 1 elr last");
    EXPECT_EQ(partition("t").leader_epoch, LeaderEpoch{2});
    EXPECT_EQ(partition("t").partition_epoch, 2);
}

TEST_F(BrokersTest, AControlledShutdownWaitsUntilTheOthersKnow) {
    for (int id : {1, 2})
        cluster_.add_broker(id);
    make_topic("t", {1, 2});
    cluster_.beat(2, {});
    EXPECT_FALSE(cluster_.beat(1, {.want_shut_down = true}).should_shut_down);
    EXPECT_EQ(state("t"), "leader 2 isr 2 elr last");
    EXPECT_FALSE(cluster_.beat(1, {.want_shut_down = true}).should_shut_down)
        << "2 has not seen yet that it leads";
    cluster_.beat(2, {});
    EXPECT_TRUE(cluster_.beat(1, {.want_shut_down = true}).should_shut_down);
    EXPECT_TRUE(cluster_.image().broker(NodeId{1})->fenced);
}

TEST_F(BrokersTest, ALostDirectoryCostsItsReplicasOnly) {
    auto two_directories = Cluster::registration(1, 1);
    two_directories.log_dirs = {{8, 1}, {8, 2}};
    cluster_.try_register(two_directories);
    cluster_.beat(1, {});
    cluster_.add_broker(2);
    make_topic("t", {1, 2});
    make_topic("u", {1, 2});
    const auto assign = [&](std::string_view topic, Uuid directory) {
        metadata::RecordList list;
        wire::PartitionChangeRecord record;
        record.topic_id = cluster_.image().topic(topic)->id();
        record.partition_id = 0;
        record.directories = std::vector<Uuid>{directory, {1000, 2}};
        list.add(record);
        cluster_.apply(list);
    };
    assign("t", {8, 1});
    assign("u", {8, 2});
    wire::BrokerHeartbeatRequest request;
    request.broker_id = 1;
    request.broker_epoch = cluster_.image().broker(NodeId{1})->epoch;
    request.current_metadata_offset = cluster_.image().position().offset.value;
    request.offline_log_dirs = {{8, 1}};
    cluster_.apply(heartbeat(cluster_.context(), cluster_.sessions, request).records);
    EXPECT_EQ(state("t"), "leader 2 isr 2 elr last");
    EXPECT_EQ(state("u"), "leader 1 isr 1 2 elr last");
    EXPECT_EQ(cluster_.image().broker(NodeId{1})->directories, (std::vector<Uuid>{{8, 2}}));
    // And it may not come back as leader there.
    fence(2);
    EXPECT_EQ(partition("t").leader, kNoLeader);
}

TEST_F(BrokersTest, StaleEpochsAreRefusedEverywhere) {
    cluster_.add_broker(1);
    const std::int64_t epoch = cluster_.image().broker(NodeId{1})->epoch;
    EXPECT_TRUE(check_broker_epoch(cluster_.image(), NodeId{1}, epoch));
    EXPECT_EQ(check_broker_epoch(cluster_.image(), NodeId{1}, epoch - 1).error().message,
              "Expected broker epoch " + std::to_string(epoch) + ", but got broker epoch " +
                  std::to_string(epoch - 1));
    EXPECT_EQ(check_broker_epoch(cluster_.image(), NodeId{5}, 0).error().message,
              "No broker registration found for broker id 5");
    wire::BrokerHeartbeatRequest beat;
    beat.broker_id = 1;
    beat.broker_epoch = epoch + 1;
    EXPECT_EQ(heartbeat(cluster_.context(), cluster_.sessions, beat).reply.response.error_code,
              to_wire(ErrorCode::stale_broker_epoch));
    wire::AllocateProducerIdsRequest ids_request;
    ids_request.broker_id = 1;
    ids_request.broker_epoch = epoch + 1;
    EXPECT_EQ(allocate_producer_ids(cluster_.context(), ids_request).reply.response.error_code,
              to_wire(ErrorCode::stale_broker_epoch));
}

TEST_F(BrokersTest, BlocksOfProducerIdsNeverOverlap) {
    cluster_.add_broker(1);
    wire::AllocateProducerIdsRequest request;
    request.broker_id = 1;
    request.broker_epoch = cluster_.image().broker(NodeId{1})->epoch;
    for (std::int64_t block = 0; block < 3; ++block) {
        const auto outcome = allocate_producer_ids(cluster_.context(), request);
        EXPECT_EQ(outcome.reply.response.error_code, 0);
        EXPECT_EQ(outcome.reply.response.producer_id_start, block * 1000);
        EXPECT_EQ(outcome.reply.response.producer_id_len, 1000);
        cluster_.apply(outcome.records);
    }
    EXPECT_EQ(cluster_.image().next_producer_id(), 3000);
}

class AlterPartitionTest : public BrokersTest {
protected:
    void SetUp() override {
        for (int id : {1, 2, 3})
            cluster_.add_broker(id);
        make_topic("t", {1, 2, 3});
        request_.broker_id = 1;
        request_.broker_epoch = epoch(1);
        auto& topic = request_.topics.emplace_back();
        topic.topic_id = cluster_.image().topic("t")->id();
        topic.partitions.emplace_back();
        data().leader_epoch = 0;
        data().partition_epoch = 0;
        set_isr({1, 2});
    }
    std::int64_t epoch(int id) { return cluster_.image().broker(NodeId{id})->epoch; }
    wire::AlterPartitionRequest::PartitionData& data() { return request_.topics[0].partitions[0]; }
    void set_isr(std::vector<int> isr) {
        data().new_isr_with_epochs.clear();
        for (int id : isr)
            data().new_isr_with_epochs.push_back(
                {id, cluster_.image().broker(NodeId{id}) ? epoch(id) : 0});
    }
    wire::AlterPartitionResponse::PartitionData alter() {
        const auto outcome = alter_partition(cluster_.context(), request_);
        EXPECT_EQ(outcome.reply.response.error_code, 0);
        cluster_.apply(outcome.records);
        return outcome.reply.response.topics[0].partitions[0];
    }
    std::string refused() {
        return std::string(error_name(error_code_from_wire(alter().error_code)));
    }

    wire::AlterPartitionRequest request_;
};

TEST_F(AlterPartitionTest, TheLeaderChangesTheIsr) {
    const auto answer = alter();
    EXPECT_EQ(answer.error_code, 0);
    EXPECT_EQ(answer.partition_epoch, 1);
    EXPECT_EQ(answer.leader_id, 1);
    EXPECT_EQ(answer.isr, (std::vector<std::int32_t>{1, 2}));
    EXPECT_EQ(state("t"), "leader 1 isr 1 2 elr last");
    EXPECT_EQ(partition("t").leader_epoch, LeaderEpoch{0}) << "the leader stays";
    data().partition_epoch = 1;
    set_isr({1, 2, 3});
    EXPECT_EQ(alter().error_code, 0);
    EXPECT_EQ(state("t"), "leader 1 isr 1 2 3 elr last");
}

TEST_F(AlterPartitionTest, Refusals) {
    data().leader_epoch = 1;
    EXPECT_EQ(refused(), "NOT_CONTROLLER");
    data().leader_epoch = -1;
    EXPECT_EQ(refused(), "FENCED_LEADER_EPOCH");
    data().leader_epoch = 0;
    data().partition_epoch = 1;
    EXPECT_EQ(refused(), "NOT_CONTROLLER");
    data().partition_epoch = -1;
    EXPECT_EQ(refused(), "INVALID_UPDATE_VERSION");
    data().partition_epoch = 0;
    for (std::vector<int> isr : {std::vector<int>{}, {2, 3}, {1, 4}, {1, 2, 2}}) {
        set_isr(isr);
        EXPECT_EQ(refused(), "INVALID_REQUEST");
    }
    set_isr({1, 2});
    data().leader_recovery_state = 1;
    EXPECT_EQ(refused(), "INVALID_REQUEST");
    data().leader_recovery_state = 0;
    data().new_isr_with_epochs[1].broker_epoch -= 1;
    EXPECT_EQ(refused(), "INELIGIBLE_REPLICA");
    data().partition_index = 7;
    EXPECT_EQ(refused(), "UNKNOWN_TOPIC_OR_PARTITION");
    data().partition_index = 0;
    request_.topics[0].topic_id = {5, 5};
    EXPECT_EQ(refused(), "UNKNOWN_TOPIC_ID");
    request_.topics[0].topic_id = cluster_.image().topic("t")->id();
    request_.broker_id = 2;
    request_.broker_epoch = epoch(2);
    EXPECT_EQ(refused(), "INVALID_REQUEST") << "2 does not lead";
    request_.broker_epoch = 0;
    EXPECT_EQ(alter_partition(cluster_.context(), request_).reply.response.error_code,
              to_wire(ErrorCode::stale_broker_epoch));
    EXPECT_EQ(state("t"), "leader 1 isr 1 2 3 elr last");
}

TEST_F(AlterPartitionTest, AFencedReplicaCannotJoin) {
    fence(2);
    data().partition_epoch = 1;
    EXPECT_EQ(refused(), "INELIGIBLE_REPLICA");
}

}  // namespace
}  // namespace cauce::controller::state
