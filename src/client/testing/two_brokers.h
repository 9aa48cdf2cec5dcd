// For tests of what a client does with a cluster: two brokers, a topic of three partitions spread
// over them, and a client's view of both.
#pragma once

#include "client/testing/fake_broker.h"
#include "client/testing/fake_log.h"
#include "client/testing/fake_metadata.h"
#include "client/testing/loop.h"

#include <gtest/gtest.h>

namespace cauce::client::testing {

class TwoBrokers : public ::testing::Test {
public:
    explicit TwoBrokers(bool allow_auto_create_topics)
        : cluster(net, loop, options(allow_auto_create_topics)) {
        metadata.nodes = {{1, {"one", 9092}}, {2, {"two", 9092}}};
        metadata.add_topic("blog", {1, 2, 1});
        for (auto* broker : {&one, &two})
            metadata.serve(*broker);
    }
    void TearDown() override {
        loop.run(end());
        one.hang_up();
        two.hang_up();
    }

    Loop loop;
    MemoryNet net{loop};
    FakeBroker one{net, loop, {"one", 9092}};
    FakeBroker two{net, loop, {"two", 9092}};
    FakeMetadata metadata;
    FakeLog log{metadata};
    Cluster cluster;

protected:
    // Closes what the test made on top of `cluster`.
    virtual runtime::Task<void> close_client() = 0;

private:
    runtime::Task<void> end() {
        co_await close_client();
        co_await cluster.close();
    }
    static ClusterOptions options(bool allow_auto_create_topics) {
        ClusterOptions made;
        made.bootstrap = {{"one", 9092}};
        made.allow_auto_create_topics = allow_auto_create_topics;
        return made;
    }
};

}  // namespace cauce::client::testing
