#include "controller/state/placement.h"

#include "controller/state/cluster_test.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace cauce::controller::state {
namespace {

using testing::Cluster;

TEST(Placement, SpreadsLeadersAndReplicasEvenly) {
    Cluster cluster;
    for (int id = 1; id <= 5; ++id)
        cluster.add_broker(id);
    const auto placed = place(cluster.image(), cluster.chance, 100, 3);
    ASSERT_TRUE(placed);
    std::map<int, int> leaders;
    std::map<int, int> replicas;
    for (const auto& partition : *placed) {
        ASSERT_EQ(partition.size(), 3u);
        std::set<int> distinct;
        for (NodeId id : partition) {
            distinct.insert(id.value);
            ++replicas[id.value];
        }
        EXPECT_EQ(distinct.size(), 3u);
        ++leaders[partition[0].value];
    }
    for (int id = 1; id <= 5; ++id) {
        EXPECT_EQ(leaders[id], 20);
        EXPECT_EQ(replicas[id], 60);
    }
}

TEST(Placement, PutsReplicasIntoDifferentRacks) {
    Cluster cluster;
    const char* racks[] = {"a", "a", "b", "b", "c", "c"};
    std::map<int, std::string> rack_of;
    for (int id = 0; id < 6; ++id) {
        cluster.add_broker(id, racks[id]);
        rack_of[id] = racks[id];
    }
    const auto placed = place(cluster.image(), cluster.chance, 60, 3);
    ASSERT_TRUE(placed);
    std::map<int, int> leaders;
    for (const auto& partition : *placed) {
        std::set<std::string> used;
        for (NodeId id : partition)
            used.insert(rack_of[id.value]);
        EXPECT_EQ(used.size(), 3u);
        ++leaders[partition[0].value];
    }
    for (int id = 0; id < 6; ++id)
        EXPECT_EQ(leaders[id], 10);
    // More replicas than racks: as even as it gets.
    const auto more = place(cluster.image(), cluster.chance, 6, 5);
    ASSERT_TRUE(more);
    for (const auto& partition : *more) {
        std::map<std::string, int> used;
        for (NodeId id : partition)
            ++used[rack_of[id.value]];
        EXPECT_EQ(used.size(), 3u);
        for (const auto& [rack, count] : used)
            EXPECT_LE(count, 2);
    }
}

TEST(Placement, FencedBrokersFollowButNeverLead) {
    Cluster cluster;
    for (int id = 1; id <= 3; ++id)
        cluster.add_broker(id);
    cluster.beat(3, {.want_fence = true});
    const auto placed = place(cluster.image(), cluster.chance, 30, 3);
    ASSERT_TRUE(placed);
    for (const auto& partition : *placed) {
        EXPECT_NE(partition[0], NodeId{3});
        EXPECT_EQ(partition[2], NodeId{3}) << "only when nobody else is left";
    }
    const auto two = place(cluster.image(), cluster.chance, 30, 2);
    for (const auto& partition : *two)
        EXPECT_NE(partition[1], NodeId{3});
}

TEST(Placement, DirectoriesAreGivenWhereThereIsNoChoice) {
    Cluster cluster;
    cluster.add_broker(1);
    auto two = Cluster::registration(2, 2);
    two.log_dirs = {{5, 1}, {5, 2}};
    cluster.try_register(two);
    EXPECT_EQ(default_directory(cluster.image(), NodeId{1}), (Uuid{1000, 1}));
    EXPECT_EQ(default_directory(cluster.image(), NodeId{2}), kUnassignedDirectory);
    EXPECT_TRUE(is_reserved_directory({0, 99}));
    EXPECT_FALSE(is_reserved_directory({0, 100}));
    EXPECT_FALSE(is_reserved_directory({1, 0}));
}

}  // namespace
}  // namespace cauce::controller::state
