#include "client/cluster.h"

#include "client/testing/fake_broker.h"
#include "client/testing/fake_metadata.h"
#include "client/testing/loop.h"
#include "wire/messages/find_coordinator_request.h"
#include "wire/messages/find_coordinator_response.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/list_groups_response.h"

#include <gtest/gtest.h>

namespace cauce::client {
namespace {

using runtime::Task;

class ClusterTest : public ::testing::Test {
public:
    ClusterTest() {
        metadata.nodes = {{1, {"one", 9092}}, {2, {"two", 9092}}};
        metadata.add_topic("blog", {1, 2, 1});
        metadata.serve(one);
        metadata.serve(two);
    }
    void TearDown() override {
        loop.run(cluster.close());
        one.hang_up();
        two.hang_up();
    }

    static ClusterOptions options() {
        ClusterOptions made;
        made.bootstrap = {{"gone", 9092}, {"one", 9092}};
        made.allow_auto_create_topics = true;
        return made;
    }
    MonoTime in(Duration span) const { return loop.now() + span; }

    Result<NodeId> leader(TopicPartition partition, Unknown unknown, Duration patience) {
        Result<NodeId> result;
        loop.run(leader_into(std::move(partition), unknown, patience, result));
        return result;
    }
    Task<void> leader_into(TopicPartition partition, Unknown unknown, Duration patience,
                           Result<NodeId>& result) {
        result = co_await cluster.leader(std::move(partition), unknown, in(patience));
    }
    Result<ConnectionPtr> any(Duration patience) {
        Result<ConnectionPtr> result;
        loop.run(any_into(patience, result));
        return result;
    }
    Task<void> any_into(Duration patience, Result<ConnectionPtr>& result) {
        result = co_await cluster.any(in(patience));
    }

    testing::Loop loop;
    testing::MemoryNet net{loop};
    testing::FakeBroker one{net, loop, {"one", 9092}};
    testing::FakeBroker two{net, loop, {"two", 9092}};
    testing::FakeMetadata metadata;
    Cluster cluster{net, loop, options()};
};

TEST_F(ClusterTest, FindsLeadersThroughWhicheverBootstrapAddressAnswers) {
    EXPECT_EQ(leader({"blog", 0}, Unknown::fails, seconds(5)), NodeId{1});
    EXPECT_EQ(leader({"blog", 1}, Unknown::fails, seconds(5)), NodeId{2});
    EXPECT_EQ(metadata.asked, 1);  // the second came from the cache
    EXPECT_EQ(cluster.cluster_id(), "fake-cluster");
    ASSERT_TRUE(cluster.topic("blog"));
    EXPECT_EQ(cluster.topic("blog")->partitions.size(), 3u);
    EXPECT_EQ(*cluster.topic_name(metadata.topics["blog"].id), "blog");
}

TEST_F(ClusterTest, CacheAgesAndDistrustAsksAgain) {
    EXPECT_TRUE(leader({"blog", 0}, Unknown::fails, seconds(5)));
    cluster.distrust("blog");
    EXPECT_TRUE(leader({"blog", 0}, Unknown::fails, seconds(5)));
    EXPECT_EQ(metadata.asked, 2);
    loop.run_for(seconds(301));
    EXPECT_TRUE(leader({"blog", 0}, Unknown::fails, seconds(5)));
    EXPECT_EQ(metadata.asked, 3);
}

TEST_F(ClusterTest, AnUnknownTopicFailsAtOnceOrIsWaitedFor) {
    const MonoTime before = loop.now();
    const auto now = leader({"nothing", 0}, Unknown::fails, seconds(5));
    ASSERT_FALSE(now);
    EXPECT_EQ(now.error().code, ErrorCode::unknown_topic_or_partition);
    EXPECT_LT(loop.now() - before, milliseconds(50));

    metadata.auto_create = true;
    EXPECT_EQ(leader({"nothing", 0}, Unknown::waits, seconds(5)), NodeId{1});

    metadata.auto_create = false;
    const auto never = leader({"never", 0}, Unknown::waits, seconds(5));
    ASSERT_FALSE(never);
    EXPECT_EQ(never.error().code, ErrorCode::unknown_topic_or_partition);
    EXPECT_LE(loop.now() - before, seconds(6));
}

TEST_F(ClusterTest, APartitionThatDoesNotExistIsNamed) {
    const auto result = leader({"blog", 3}, Unknown::fails, seconds(5));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message,
              "topic blog has 3 partitions, numbered from 0; there is no partition 3");
    EXPECT_FALSE(leader({"blog", -1}, Unknown::fails, seconds(5)));
}

TEST_F(ClusterTest, WaitsForALeader) {
    metadata.topics["blog"].leaders = {-1, -1, -1};
    Result<NodeId> result;
    runtime::TaskGroup tasks(loop.ready());
    tasks.spawn(leader_into({"blog", 2}, Unknown::fails, seconds(20), result));
    loop.run_for(seconds(2));
    metadata.topics["blog"].leaders = {2, 2, 2};
    metadata.topics["blog"].epoch = 1;
    loop.run(tasks.join());
    EXPECT_EQ(result, NodeId{2});
}

TEST_F(ClusterTest, OlderMetadataDoesNotReplaceANewerLeader) {
    metadata.topics["blog"].epoch = 5;
    EXPECT_EQ(leader({"blog", 0}, Unknown::fails, seconds(5)), NodeId{1});
    cluster.learn_leader({"blog", 0}, NodeId{2}, LeaderEpoch{6});
    cluster.learn_leader({"blog", 1}, NodeId{1}, LeaderEpoch{4});  // older: not believed
    EXPECT_EQ(leader({"blog", 0}, Unknown::fails, seconds(5)), NodeId{2});
    EXPECT_EQ(leader({"blog", 1}, Unknown::fails, seconds(5)), NodeId{2});
    cluster.distrust("blog");  // and the node asked still says epoch 5
    EXPECT_EQ(leader({"blog", 0}, Unknown::fails, seconds(5)), NodeId{2});
}

TEST_F(ClusterTest, GoesOnWhenItsNodeDies) {
    EXPECT_TRUE(leader({"blog", 0}, Unknown::fails, seconds(5)));
    one.stop();
    cluster.distrust("blog");
    // Node two is known from metadata only.
    EXPECT_EQ(leader({"blog", 1}, Unknown::fails, seconds(5)), NodeId{2});
    EXPECT_EQ(two.connections, 1);
}

TEST_F(ClusterTest, NobodyAnswers) {
    one.stop();
    const MonoTime before = loop.now();
    const auto result = any(seconds(3));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::broker_not_available);
    EXPECT_EQ(result.error().message,
              "connect gone:9092: Connection refused; connect one:9092: Connection refused");
    EXPECT_LE(loop.now() - before, seconds(3));
    EXPECT_GE(loop.now() - before, seconds(1));  // it did try again
}

TEST_F(ClusterTest, WithoutPatienceNobodyIsAskedTwice) {
    one.stop();
    ClusterOptions impatient = options();
    impatient.bootstrap_patience = Duration(0);
    Cluster other(net, loop, impatient);
    const MonoTime before = loop.now();
    loop.run([](ClusterTest& test, Cluster& c) -> Task<void> {
        const auto result = co_await c.any(test.in(seconds(10)));
        EXPECT_FALSE(result);
    }(*this, other));
    EXPECT_EQ(loop.now(), before);
    EXPECT_EQ(net.connects, 2);
    loop.run(other.close());
}

TEST_F(ClusterTest, CallersShareOneConnection) {
    std::vector<Result<ConnectionPtr>> results(5);
    runtime::TaskGroup tasks(loop.ready());
    for (auto& result : results)
        tasks.spawn(any_into(seconds(5), result));
    loop.run(tasks.join());
    EXPECT_EQ(one.connections, 1);
    for (const auto& result : results) {
        ASSERT_TRUE(result);
        EXPECT_EQ(*result, *results.front());
    }
}

TEST_F(ClusterTest, AbortEndsWhatWaits) {
    net.black_hole({"gone", 9092});
    Result<ConnectionPtr> result;
    runtime::TaskGroup tasks(loop.ready());
    tasks.spawn(any_into(seconds(100), result));
    loop.run_for(seconds(1));
    const MonoTime before = loop.now();
    cluster.abort();
    loop.run(tasks.join());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "interrupted");
    EXPECT_EQ(loop.now(), before);
}

TEST_F(ClusterTest, FindsCoordinatorsAndForgetsThem) {
    int asked = 0;
    one.on<wire::FindCoordinatorRequest, wire::FindCoordinatorResponse>(
        [&](const wire::FindCoordinatorRequest& request, std::int16_t version, testing::Manner&) {
            EXPECT_EQ(request.key, "readers");
            EXPECT_LE(version, 3);
            wire::FindCoordinatorResponse response;
            if (++asked == 1) {
                response.error_code = to_wire(ErrorCode::coordinator_not_available);
                return response;
            }
            response.node_id = 2;
            response.host = "two";
            response.port = 9092;
            return response;
        });
    struct Find {
        static Task<void> run(ClusterTest& test, runtime::Address& address) {
            const auto found = co_await test.cluster.coordinator("readers", test.in(seconds(5)));
            EXPECT_TRUE(found) << found.error().message;
            if (found) address = (*found)->peer();
        }
    };
    runtime::Address address;
    loop.run(Find::run(*this, address));
    EXPECT_EQ(address, (runtime::Address{"two", 9092}));
    EXPECT_EQ(asked, 2);
    loop.run(Find::run(*this, address));
    EXPECT_EQ(asked, 2);
    cluster.forget_coordinator("readers");
    loop.run(Find::run(*this, address));
    EXPECT_EQ(asked, 3);
}

TEST_F(ClusterTest, CallsGoToTheNextNodeWhenOneBreaks) {
    one.on<wire::ListGroupsRequest, wire::ListGroupsResponse>(
        [](const wire::ListGroupsRequest&, std::int16_t, testing::Manner& manner) {
            manner.hang_up = true;
            return wire::ListGroupsResponse();
        });
    int answered = 0;
    two.on<wire::ListGroupsRequest, wire::ListGroupsResponse>([&](const wire::ListGroupsRequest&) {
        ++answered;
        return wire::ListGroupsResponse();
    });
    ClusterOptions both;
    both.bootstrap = {{"one", 9092}, {"two", 9092}};
    Cluster other(net, loop, both);
    loop.run([](ClusterTest& test, Cluster& c) -> Task<void> {
        const wire::ListGroupsRequest request;
        const auto first = co_await c.any(test.in(seconds(1)));
        EXPECT_TRUE(first);
        test.one.stop();
        const auto reply = co_await c.call<wire::ListGroupsResponse>(request, test.in(seconds(5)));
        EXPECT_TRUE(reply);
    }(*this, other));
    EXPECT_EQ(answered, 1);
    loop.run(other.close());
}

}  // namespace
}  // namespace cauce::client
