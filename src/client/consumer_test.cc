// The consumer against a coordinator that answers as it is told. Groups of several members are
// tried out with a real broker (tests/cli).
#include "client/consumer.h"

#include "client/testing/fake_broker.h"
#include "client/testing/fake_log.h"
#include "client/testing/fake_metadata.h"
#include "client/testing/loop.h"
#include "wire/messages/find_coordinator_request.h"
#include "wire/messages/find_coordinator_response.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/heartbeat_response.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/join_group_response.h"
#include "wire/messages/leave_group_request.h"
#include "wire/messages/leave_group_response.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_commit_response.h"
#include "wire/messages/offset_fetch_request.h"
#include "wire/messages/offset_fetch_response.h"
#include "wire/messages/sync_group_request.h"
#include "wire/messages/sync_group_response.h"

#include <gtest/gtest.h>

namespace cauce::client {
namespace {

using runtime::Task;
using Strings = std::vector<std::string>;

// A coordinator of one group of one member.
struct FakeGroup {
    std::map<TopicPartition, std::int64_t> committed;
    int joins = 0;
    int syncs = 0;
    int heartbeats = 0;
    int commits = 0;
    std::map<TopicPartition, std::int32_t> epochs;  // committed with the offsets
    int leaves = 0;
    std::int32_t generation = 0;
    std::string member;
    // Answered to the next call, once.
    ErrorCode next_heartbeat = ErrorCode::none;
    ErrorCode next_commit = ErrorCode::none;
    ErrorCode next_sync = ErrorCode::none;
    bool hold_joins = false;
    std::vector<TopicPartition> owned;  // as the last join said
    // Given instead of what the leader says.
    std::optional<std::vector<TopicPartition>> gives;

    void serve(testing::FakeBroker& broker) {
        broker.on<wire::FindCoordinatorRequest, wire::FindCoordinatorResponse>(
            [&broker](const wire::FindCoordinatorRequest&) {
                wire::FindCoordinatorResponse response;
                response.node_id = 1;
                response.host = broker.address().host;
                response.port = broker.address().port;
                return response;
            });
        broker.on<wire::JoinGroupRequest, wire::JoinGroupResponse>(
            [this, &broker](const wire::JoinGroupRequest& request, std::int16_t,
                            testing::Manner& manner) { return join(request, broker, manner); });
        broker.on<wire::SyncGroupRequest, wire::SyncGroupResponse>(
            [this, &broker](const wire::SyncGroupRequest& request) {
                ++syncs;
                wire::SyncGroupResponse response;
                response.error_code = to_wire(std::exchange(next_sync, ErrorCode::none));
                EXPECT_EQ(request.generation_id, generation);
                EXPECT_EQ(request.member_id, member);
                Buffer given = gives ? encode_assignment(*gives) : Buffer();
                if (!gives)
                    for (const auto& share : request.assignments)
                        if (share.member_id == member)
                            given.assign(share.assignment.begin(), share.assignment.end());
                response.assignment =
                    wire::Bytes(as_bytes(broker.keep(std::string(as_text(given)))));
                return response;
            });
        broker.on<wire::HeartbeatRequest, wire::HeartbeatResponse>(
            [this](const wire::HeartbeatRequest& request) {
                ++heartbeats;
                EXPECT_EQ(request.generation_id, generation);
                wire::HeartbeatResponse response;
                response.error_code = to_wire(std::exchange(next_heartbeat, ErrorCode::none));
                return response;
            });
        broker.on<wire::LeaveGroupRequest, wire::LeaveGroupResponse>(
            [this](const wire::LeaveGroupRequest& request) {
                ++leaves;
                EXPECT_EQ(request.members.size(), 1u);
                return wire::LeaveGroupResponse();
            });
        broker.on<wire::OffsetCommitRequest, wire::OffsetCommitResponse>(
            [this, &broker](const wire::OffsetCommitRequest& request, std::int16_t,
                            testing::Manner&) {
                ++commits;
                const ErrorCode error = std::exchange(next_commit, ErrorCode::none);
                wire::OffsetCommitResponse response;
                for (const auto& topic : request.topics) {
                    auto& out = response.topics.emplace_back();
                    out.name = broker.keep(std::string(topic.name));
                    for (const auto& partition : topic.partitions) {
                        auto& answer = out.partitions.emplace_back();
                        answer.partition_index = partition.partition_index;
                        answer.error_code = to_wire(error);
                        if (error != ErrorCode::none) continue;
                        const TopicPartition tp{std::string(topic.name), partition.partition_index};
                        committed[tp] = partition.committed_offset;
                        epochs[tp] = partition.committed_leader_epoch;
                    }
                }
                return response;
            },
            2, 9);
        broker.on<wire::OffsetFetchRequest, wire::OffsetFetchResponse>(
            [this, &broker](const wire::OffsetFetchRequest& request, std::int16_t,
                            testing::Manner&) {
                wire::OffsetFetchResponse response;
                for (const auto& topic : *request.topics) {
                    auto& out = response.topics.emplace_back();
                    out.name = broker.keep(std::string(topic.name));
                    for (const std::int32_t index : topic.partition_indexes) {
                        auto& answer = out.partitions.emplace_back();
                        answer.partition_index = index;
                        const auto found = committed.find({std::string(topic.name), index});
                        answer.committed_offset = found == committed.end() ? -1 : found->second;
                        answer.metadata = std::string_view();
                    }
                }
                return response;
            },
            1, 7);
    }

private:
    wire::JoinGroupResponse join(const wire::JoinGroupRequest& request, testing::FakeBroker& broker,
                                 testing::Manner& manner) {
        ++joins;
        wire::JoinGroupResponse response;
        if (request.member_id.empty()) {
            member = "member-" + std::to_string(joins);
            response.error_code = to_wire(ErrorCode::member_id_required);
            response.member_id = member;
            return response;
        }
        EXPECT_EQ(request.member_id, member);
        manner.silent = hold_joins;
        response.generation_id = ++generation;
        response.protocol_name = broker.keep(std::string(request.protocols.front().name));
        response.leader = response.member_id = member;
        const BytesView metadata = request.protocols.front().metadata;
        owned = decode_subscription(metadata)->owned;
        auto& only = response.members.emplace_back();
        only.member_id = member;
        only.metadata = wire::Bytes(as_bytes(broker.keep(std::string(as_text(metadata)))));
        return response;
    }
};

class ConsumerTest : public ::testing::Test {
public:
    ConsumerTest() {
        metadata.nodes = {{1, {"one", 9092}}};
        metadata.add_topic("blog", {1, 1});
        metadata.serve(one);
        log.serve_reads(one, 1);
        group.serve(one);
        log.add(p0, {"a", "b", "c"});
        log.add(p1, {"x"});
    }
    void TearDown() override {
        loop.run(end());
        one.hang_up();
    }
    Task<void> end() {
        if (consumer) co_await close_consumer();
        co_await cluster.close();
    }
    Task<void> close_consumer() {
        const Result<void> closed = co_await consumer->close(loop.now() + seconds(5));
        EXPECT_TRUE(closed) << closed.error().message;
        consumer.reset();
    }

    Consumer& make(ConsumerOptions options = {}) {
        options.group.group = "readers";
        options.assigned = [this](const std::set<TopicPartition>& now) {
            assignments.emplace_back(now.begin(), now.end());
        };
        consumer = std::make_unique<Consumer>(cluster, options, Strings{"blog"});
        return *consumer;
    }
    static ConsumerOptions from_start() {
        ConsumerOptions options;
        options.start = kEarliestOffset;
        return options;
    }
    void read(Duration patience) { loop.run(read_into(patience)); }
    Task<void> read_into(Duration patience) {
        const MonoTime until = loop.now() + patience;
        while (loop.now() < until) {
            const auto next = co_await consumer->next(until);
            if (!next) {
                error = next.error();
                co_return;
            }
            if (!*next) co_return;
            for (const auto& record : (*next)->records)
                got[(*next)->partition].push_back(std::string(as_text(*record.value)));
            consumer->processed(**next, (*next)->next);
        }
    }

    static ClusterOptions options() {
        ClusterOptions made;
        made.bootstrap = {{"one", 9092}};
        return made;
    }

    const TopicPartition p0{"blog", 0};
    const TopicPartition p1{"blog", 1};
    testing::Loop loop;
    testing::MemoryNet net{loop};
    testing::FakeBroker one{net, loop, {"one", 9092}};
    testing::FakeMetadata metadata;
    testing::FakeLog log{metadata};
    FakeGroup group;
    Cluster cluster{net, loop, options()};
    std::unique_ptr<Consumer> consumer;
    std::map<TopicPartition, Strings> got;
    std::vector<std::vector<TopicPartition>> assignments;
    std::optional<Error> error;
};

TEST_F(ConsumerTest, JoinsReadsCommitsAndLeaves) {
    make(from_start());
    read(seconds(8));
    EXPECT_EQ(got[p0], (Strings{"a", "b", "c"}));
    EXPECT_EQ(got[p1], Strings{"x"});
    EXPECT_EQ(group.joins, 2);  // the first one gave the member its name
    EXPECT_GE(group.heartbeats, 2);
    EXPECT_EQ(group.committed[p0], 3);  // after five seconds
    EXPECT_EQ(assignments, (std::vector<std::vector<TopicPartition>>{{p0, p1}}));
    wire::BatchOptions later;
    later.partition_leader_epoch = LeaderEpoch{4};
    log.add(p1, {"y"}, later);
    read(seconds(1));
    loop.run(close_consumer());
    EXPECT_EQ(group.committed[p1], 2);
    EXPECT_EQ(group.epochs[p0], -1);  // its batches name none
    EXPECT_EQ(group.epochs[p1], 4);
    EXPECT_EQ(group.leaves, 1);
}

TEST_F(ConsumerTest, GoesOnFromWhatWasCommitted) {
    group.committed[p0] = 2;
    make();  // from the end where nothing was committed
    read(seconds(1));
    EXPECT_EQ(got[p0], Strings{"c"});
    EXPECT_EQ(got[p1], Strings{});
    log.add(p1, {"new"});
    read(seconds(1));
    EXPECT_EQ(got[p1], Strings{"new"});
}

TEST_F(ConsumerTest, StartsAtATime) {
    log.add(p0, {"later"}, {}, 5000);
    ConsumerOptions options;
    options.start = 4000;
    make(options);
    read(seconds(1));
    EXPECT_EQ(got[p0], Strings{"later"});
    EXPECT_EQ(got[p1], Strings{});  // nothing as young: what comes
    log.add(p1, {"new"});
    read(seconds(1));
    EXPECT_EQ(got[p1], Strings{"new"});
}

TEST_F(ConsumerTest, ARebalanceGivesEverythingUpAndReadsNothingTwice) {
    make(from_start());
    read(seconds(2));
    group.next_heartbeat = ErrorCode::rebalance_in_progress;
    read(seconds(3));
    EXPECT_EQ(group.generation, 2);
    EXPECT_EQ(group.committed[p0], 3);  // before the partitions were given up
    EXPECT_EQ(group.owned, std::vector<TopicPartition>{});
    EXPECT_EQ(got[p0], (Strings{"a", "b", "c"}));
    EXPECT_EQ(assignments, (std::vector<std::vector<TopicPartition>>{{p0, p1}, {}, {p0, p1}}));
}

TEST_F(ConsumerTest, ACooperativeMemberKeepsWhatItMayKeep) {
    ConsumerOptions options = from_start();
    options.group.strategies = {Strategy::cooperative_sticky};
    make(options);
    read(seconds(2));
    group.next_heartbeat = ErrorCode::rebalance_in_progress;
    group.gives = std::vector<TopicPartition>{p0};
    read(seconds(3));
    // It gave p1 up, committed it, and joined again without it.
    EXPECT_EQ(group.generation, 3);
    EXPECT_EQ(group.owned, std::vector<TopicPartition>{p0});
    EXPECT_EQ(group.committed[p1], 1);
    EXPECT_EQ(assignments, (std::vector<std::vector<TopicPartition>>{{p0, p1}, {p0}, {p0}, {p0}}));
    EXPECT_EQ(got[p0], (Strings{"a", "b", "c"}));
}

TEST_F(ConsumerTest, AMemberThatWasForgottenBeginsAgainFromTheCommits) {
    make(from_start());
    read(seconds(2));
    group.next_heartbeat = ErrorCode::unknown_member_id;
    read(seconds(3));
    EXPECT_EQ(group.generation, 2);
    EXPECT_EQ(group.joins, 4);
    // Nothing had been committed: all comes again. What was read is not committed for others.
    EXPECT_EQ(got[p0], (Strings{"a", "b", "c", "a", "b", "c"}));
}

TEST_F(ConsumerTest, ARebalanceDuringSyncJoinsAgain) {
    group.next_sync = ErrorCode::rebalance_in_progress;
    make(from_start());
    read(seconds(1));
    EXPECT_EQ(group.generation, 2);
    EXPECT_EQ(got[p1], Strings{"x"});
}

TEST_F(ConsumerTest, ACommitThatFailsForATimeIsTriedAgain) {
    make(from_start());
    read(seconds(2));
    group.next_commit = ErrorCode::coordinator_load_in_progress;
    loop.run(close_consumer());
    EXPECT_EQ(group.commits, 2);
    EXPECT_EQ(group.committed[p0], 3);
}

TEST_F(ConsumerTest, ARefusalIsForGood) {
    group.next_sync = ErrorCode::group_authorization_failed;
    make(from_start());
    read(seconds(60));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::group_authorization_failed);
}

TEST_F(ConsumerTest, ItLeavesAlsoWhileAJoinIsHeld) {
    group.hold_joins = true;
    make(from_start());
    read(seconds(5));
    const MonoTime before = loop.now();
    loop.run(close_consumer());
    EXPECT_EQ(group.leaves, 1);
    EXPECT_EQ(loop.now(), before);
}

TEST_F(ConsumerTest, AStaticMemberStaysInTheGroup) {
    ConsumerOptions options = from_start();
    options.group.instance_id = "desk-1";
    make(options);
    read(seconds(1));
    loop.run(close_consumer());
    EXPECT_EQ(group.leaves, 0);
    EXPECT_EQ(group.committed[p0], 3);
}

TEST_F(ConsumerTest, TheLeaderNoticesNewPartitions) {
    make(from_start());
    read(seconds(2));
    metadata.topics["blog"].leaders = {1, 1, 1};
    log.add({"blog", 2}, {"new partition"});
    read(seconds(310));
    EXPECT_EQ(group.generation, 2);
    EXPECT_EQ((got[{"blog", 2}]), Strings{"new partition"});
}

TEST_F(ConsumerTest, LivesThroughABrokerThatRestarts) {
    make(from_start());
    read(seconds(2));
    one.stop();
    read(seconds(5));
    log.add(p0, {"d"});
    one.start();
    read(seconds(20));
    EXPECT_EQ(got[p0], (Strings{"a", "b", "c", "d"}));
    EXPECT_EQ(group.generation, 1);
    EXPECT_FALSE(error);
}

}  // namespace
}  // namespace cauce::client
