#include "client/assignor.h"

#include "runtime/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace cauce::client {
namespace {

using Partitions = std::vector<TopicPartition>;

Subscription member(std::string id, std::vector<std::string> topics, Partitions owned = {},
                    std::int32_t generation = -1) {
    return {std::move(id), std::nullopt, std::move(topics), std::move(owned), generation};
}

TEST(Range, ContiguousPiecesTheFirstOnesLarger) {
    const Assignment a = assign(
        Strategy::range, {member("c", {"t"}), member("a", {"t"}), member("b", {"t"})}, {{"t", 7}});
    EXPECT_EQ(a.at("a"), (Partitions{{"t", 0}, {"t", 1}, {"t", 2}}));
    EXPECT_EQ(a.at("b"), (Partitions{{"t", 3}, {"t", 4}}));
    EXPECT_EQ(a.at("c"), (Partitions{{"t", 5}, {"t", 6}}));
}

TEST(Range, EachTopicAmongItsReaders) {
    const Assignment a = assign(Strategy::range, {member("a", {"t", "u"}), member("b", {"t"})},
                                {{"t", 3}, {"u", 2}, {"nobody's", 9}});
    EXPECT_EQ(a.at("a"), (Partitions{{"t", 0}, {"t", 1}, {"u", 0}, {"u", 1}}));
    EXPECT_EQ(a.at("b"), (Partitions{{"t", 2}}));
}

TEST(Range, MoreMembersThanPartitions) {
    const Assignment a =
        assign(Strategy::range, {member("a", {"t"}), member("b", {"t"})}, {{"t", 1}});
    EXPECT_EQ(a.at("a"), (Partitions{{"t", 0}}));
    EXPECT_EQ(a.at("b"), Partitions{});
}

TEST(Range, StaticMembersComeFirst) {
    Subscription z = member("z", {"t"});
    z.instance_id = "i2";
    Subscription y = member("y", {"t"});
    y.instance_id = "i1";
    const Assignment a = assign(Strategy::range, {member("a", {"t"}), z, y}, {{"t", 3}});
    EXPECT_EQ(a.at("y"), (Partitions{{"t", 0}}));
    EXPECT_EQ(a.at("z"), (Partitions{{"t", 1}}));
    EXPECT_EQ(a.at("a"), (Partitions{{"t", 2}}));
}

// The example of the Java client's documentation of RoundRobinAssignor.
TEST(RoundRobin, SkipsWhoDoesNotReadTheTopic) {
    const Assignment a =
        assign(Strategy::round_robin,
               {member("C0", {"t0"}), member("C1", {"t0", "t1"}), member("C2", {"t0", "t1", "t2"})},
               {{"t0", 1}, {"t1", 2}, {"t2", 3}});
    EXPECT_EQ(a.at("C0"), (Partitions{{"t0", 0}}));
    EXPECT_EQ(a.at("C1"), (Partitions{{"t1", 0}}));
    EXPECT_EQ(a.at("C2"), (Partitions{{"t1", 1}, {"t2", 0}, {"t2", 1}, {"t2", 2}}));
}

TEST(RoundRobin, TopicsWithoutAReaderAreLeftOut) {
    const Assignment a = assign(Strategy::round_robin, {member("a", {"t"})}, {{"t", 1}, {"u", 1}});
    EXPECT_EQ(a.at("a"), (Partitions{{"t", 0}}));
    EXPECT_TRUE(assign(Strategy::round_robin, {}, {{"t", 1}}).empty());
}

TEST(Sticky, KeepsWhatCanStay) {
    // A third member comes: two partitions have to move, but are only given up now.
    const std::vector<Subscription> before{member("a", {"t"}, {{"t", 0}, {"t", 1}, {"t", 2}}, 5),
                                           member("b", {"t"}, {{"t", 3}, {"t", 4}, {"t", 5}}, 5),
                                           member("c", {"t"})};
    const Assignment first = assign(Strategy::cooperative_sticky, before, {{"t", 6}});
    EXPECT_EQ(first.at("a").size(), 2u);
    EXPECT_EQ(first.at("b").size(), 2u);
    EXPECT_EQ(first.at("c").size(), 0u);
    // They join again with what they kept.
    const Assignment second = assign(Strategy::cooperative_sticky,
                                     {member("a", {"t"}, first.at("a"), 6),
                                      member("b", {"t"}, first.at("b"), 6), member("c", {"t"})},
                                     {{"t", 6}});
    EXPECT_EQ(second.at("a"), first.at("a"));
    EXPECT_EQ(second.at("b"), first.at("b"));
    EXPECT_EQ(second.at("c").size(), 2u);
}

TEST(Sticky, AnOldClaimLosesAndEqualClaimsCancel) {
    const Assignment a = assign(Strategy::cooperative_sticky,
                                {member("late", {"t"}, {{"t", 0}, {"t", 1}}, 3),
                                 member("now", {"t"}, {{"t", 0}, {"t", 1}}, 4)},
                                {{"t", 2}});
    EXPECT_EQ(a.at("now").size(), 1u);
    EXPECT_EQ(a.at("late").size(), 0u);  // the other one has to be given up first
    const Assignment b =
        assign(Strategy::cooperative_sticky,
               {member("x", {"t"}, {{"t", 0}}, 4), member("y", {"t"}, {{"t", 0}}, 4)}, {{"t", 1}});
    EXPECT_EQ(b.at("x").size() + b.at("y").size(), 1u);
}

TEST(Sticky, ClaimsOfWhatIsGoneAreIgnored) {
    const Assignment a =
        assign(Strategy::cooperative_sticky,
               {member("a", {"t"}, {{"t", 9}, {"gone", 0}, {"t", -1}, {"u", 0}}, 1)},
               {{"t", 1}, {"u", 1}});
    EXPECT_EQ(a.at("a"), (Partitions{{"t", 0}}));
}

// Whatever the group: nobody gets what it does not read, nothing is given twice, and after at most
// a few rounds everything is given and nobody has two more than another could take.
TEST(Sticky, SettlesFromAnyState) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        runtime::Random random(seed);
        std::map<std::string, std::int32_t> counts;
        for (std::uint64_t t = 0, n = random.between(1, 4) & 7; t < n; ++t)
            counts["t" + std::to_string(t)] = static_cast<std::int32_t>(random.between(0, 8));
        std::vector<Subscription> members;
        for (std::uint64_t m = 0, n = random.between(1, 5) & 7; m < n; ++m) {
            std::vector<std::string> topics;
            for (const auto& [topic, count] : counts)
                if (!random.one_in(3)) topics.push_back(topic);
            Partitions owned;
            for (const auto& [topic, count] : counts)
                for (std::int32_t p = 0; p < count; ++p)
                    if (random.one_in(4)) owned.push_back({topic, p});
            members.push_back(member("m" + std::to_string(m), topics, owned,
                                     static_cast<std::int32_t>(random.below(3))));
        }
        Assignment given;
        for (std::int32_t round = 0; round < 4; ++round) {
            given = assign(Strategy::cooperative_sticky, members, counts);
            std::set<TopicPartition> seen;
            for (Subscription& m : members) {
                for (const TopicPartition& tp : given.at(m.member_id)) {
                    EXPECT_TRUE(seen.insert(tp).second) << seed;
                    EXPECT_TRUE(std::ranges::count(m.topics, tp.topic)) << seed;
                }
                m.owned = given.at(m.member_id);
                m.generation = 10 + round;
            }
        }
        std::size_t total = 0;
        for (const auto& [topic, count] : counts)
            if (std::ranges::any_of(members, [&](const auto& m) {
                    return std::ranges::count(m.topics, topic) > 0;
                }))
                total += static_cast<std::size_t>(count);
        std::size_t sum = 0;
        for (const auto& m : members) {
            sum += given.at(m.member_id).size();
            for (const auto& other : members)
                for (const TopicPartition& tp : given.at(m.member_id))
                    if (std::ranges::count(other.topics, tp.topic)) {
                        EXPECT_LE(given.at(m.member_id).size(),
                                  given.at(other.member_id).size() + 1)
                            << seed;
                    }
        }
        EXPECT_EQ(sum, total) << seed;
    }
}

TEST(ConsumerProtocol, RoundTrips) {
    const Subscription mine = member("", {"b", "a"}, {{"b", 1}, {"a", 0}, {"b", 0}}, 7);
    const auto read = decode_subscription(encode_subscription(mine));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->topics, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(read->owned, (Partitions{{"a", 0}, {"b", 0}, {"b", 1}}));
    EXPECT_EQ(read->generation, 7);
    const auto partitions = decode_assignment(encode_assignment({{"b", 1}, {"a", 0}}));
    EXPECT_EQ(partitions, (Partitions{{"a", 0}, {"b", 1}}));
    EXPECT_EQ(decode_assignment({}), Partitions{});
}

TEST(ConsumerProtocol, ReadsOlderAndNewerClients) {
    // Version 0: topics and user data only.
    const Buffer old{0, 0, 0, 0, 0, 1, 0, 1, 't', 0xff, 0xff, 0xff, 0xff};
    const auto read = decode_subscription(old);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->topics, std::vector<std::string>{"t"});
    EXPECT_EQ(read->generation, -1);
    // A version of the future only adds behind what is known.
    Buffer future = encode_subscription(member("", {"t"}));
    future[1] = 99;
    future.push_back(1);
    EXPECT_TRUE(decode_subscription(future));
    EXPECT_FALSE(decode_subscription(Buffer{0, 0, 0x7f, 0xff, 0xff, 0xff}));
    EXPECT_FALSE(decode_assignment(Buffer{0}));
}

TEST(Strategies, HaveTheNamesOfTheWire) {
    for (const char* name : {"range", "roundrobin", "cooperative-sticky"})
        EXPECT_EQ(strategy_name(*strategy_from_name(name)), name);
    EXPECT_FALSE(strategy_from_name("sticky"));
}

}  // namespace
}  // namespace cauce::client
