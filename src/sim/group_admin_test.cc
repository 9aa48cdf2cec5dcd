// Deleting groups and positions, asked of a whole node by our own client; a kill changes nothing of
// what was answered.
#include "client/admin.h"
#include "client/cluster.h"
#include "sim/broker.h"
#include "sim/world.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Task;

const std::string kProperties = std::string(kAlone) +
                                "offsets.topic.replication.factor=1\n"
                                "offsets.topic.num.partitions=7\n";

// What a client was told, in words.
using Told = std::map<std::string, std::string>;

std::string word(const Error& error) {
    return std::string(error_name(error.code));
}
template <typename T>
std::string word(const Result<std::map<TopicPartition, T>>& answer) {
    if (!answer) return word(answer.error());
    std::string words;
    for (const auto& [partition, one] : *answer) {
        words += (words.empty() ? "" : " ") + partition.to_string() + "=";
        if constexpr (requires { one.offset; }) {
            words += std::to_string(one.offset);
        } else {
            words += word(one);
        }
    }
    return words;
}

client::ClusterOptions options() {
    client::ClusterOptions options;
    options.bootstrap = {{"broker", kPort}};
    return options;
}

// What is left of groups and positions.
Task<void> look(client::Cluster& cluster, MonoTime deadline, Told& told) {
    const auto groups = co_await client::list_groups(cluster, deadline);
    std::string names;
    if (groups)
        for (const auto& group : *groups)
            names += (names.empty() ? "" : " ") + group.group;
    told["groups"] = groups ? names : word(groups.error());
    const auto kept = co_await client::fetch_offsets(cluster, "g0", std::nullopt, deadline);
    told["g0 has"] = word(kept);
    const auto gone = co_await client::fetch_offsets(cluster, "g1", std::nullopt, deadline);
    told["g1 has"] = word(gone);
}

Task<void> look_only(NodeSeams& seams, Told& told) {
    client::Cluster cluster(seams.net, seams.shards, options());
    co_await look(cluster, seams.shards.clock().now() + seconds(30), told);
    co_await cluster.close();
}

Task<void> change_and_look(NodeSeams& seams, Told& told) {
    client::Cluster cluster(seams.net, seams.shards, options());
    const MonoTime deadline = seams.shards.clock().now() + seconds(30);
    const std::vector<client::NewTopic> topics{
        {.name = "t", .partitions = 2, .replicas = 1, .assignment = {}, .configs = {}}};
    const auto made = co_await client::create_topics(cluster, topics, false, deadline);
    EXPECT_TRUE(made && made->front().ok());
    const std::map<TopicPartition, std::int64_t> positions{{{"t", 0}, 5}, {{"t", 1}, 6}};
    // Enough of them to live on all shards.
    std::vector<std::string> names{"none"};
    for (int i = 0; i < 8; ++i) {
        const std::string group = "g" + std::to_string(i);
        const auto committed = co_await client::commit_offsets(cluster, group, positions, deadline);
        EXPECT_EQ(word(committed), "t-0=NONE t-1=NONE") << group;
        if (i > 0) names.push_back(group);
    }
    const std::vector<TopicPartition> some{{"t", 0}, {"t", 7}, {"u", 0}};
    const auto forgotten = co_await client::delete_offsets(cluster, "g0", some, deadline);
    told["positions of g0"] = word(forgotten);
    const auto of_none = co_await client::delete_offsets(cluster, "none", some, deadline);
    told["positions of none"] = word(of_none);
    const auto deleted = co_await client::delete_groups(cluster, names, deadline);
    EXPECT_TRUE(deleted.has_value());
    if (deleted)
        for (const auto& group : *deleted)
            told["delete " + group.group] = word(group.error);
    co_await look(cluster, deadline, told);
    co_await cluster.close();
}

class GroupAdmin : public ::testing::Test {
protected:
    void start_broker() {
        broker.start();
        const auto serving = [this] { return broker.serving(); };
        ASSERT_TRUE(world.run_until(serving, world.now() + seconds(60)));
    }
    Told run(Task<void> (*program)(NodeSeams&, Told&)) {
        Told told;
        world.start(client, [&](NodeSeams& seams, unsigned) { return program(seams, told); });
        const auto ended = [this] { return !world.running(client); };
        EXPECT_TRUE(world.run_until(ended, world.now() + seconds(120)));
        return told;
    }

    World world{{.seed = 4}};
    SimNode& machine = world.add_node("broker", 3);
    SimNode& client = world.add_node("client", 1);
    Broker broker{world, machine, kProperties};
};

TEST_F(GroupAdmin, WhatIsDeletedStaysDeleted) {
    start_broker();
    Told told = run(change_and_look);
    EXPECT_EQ(told["positions of g0"],
              "t-0=NONE t-7=UNKNOWN_TOPIC_OR_PARTITION u-0=UNKNOWN_TOPIC_OR_PARTITION");
    EXPECT_EQ(told["positions of none"], "GROUP_ID_NOT_FOUND");
    EXPECT_EQ(told["delete none"], "GROUP_ID_NOT_FOUND");
    for (int i = 1; i < 8; ++i)
        EXPECT_EQ(told["delete g" + std::to_string(i)], "NONE");
    EXPECT_EQ(told["groups"], "g0");
    EXPECT_EQ(told["g0 has"], "t-1=6");
    EXPECT_EQ(told["g1 has"], "");
    world.kill(machine);
    start_broker();
    Told after = run(look_only);
    EXPECT_EQ(after["groups"], "g0");
    EXPECT_EQ(after["g0 has"], "t-1=6");
    EXPECT_EQ(after["g1 has"], "");
}

}  // namespace
}  // namespace cauce::sim
