#include "live/counters.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cauce::live {
namespace {

const Edge* find(const Edges& edges, ClientToken client) {
    const auto found = std::ranges::find(edges.all(), client, &Edge::client);
    return found == edges.all().end() ? nullptr : &*found;
}

// Two hundred and fifty-six clients with a long history: tokens 1000 and up.
constexpr ClientToken kFirstDeparted = 1000;
void fill(Edges& edges) {
    for (ClientToken i = 0; i < Edges::kMax; ++i) {
        Edge& edge = edges.of(kFirstDeparted + i);
        edge.appended_batches = 1'000'000;
        edge.appended = Offset{5};
    }
}

TEST(Edges, OneAClient) {
    Edges edges;
    edges.of(7).appended_batches++;
    edges.of(7).appended_batches++;
    edges.of(8).appended_batches++;
    edges.of(7).fetches++;
    ASSERT_EQ(edges.all().size(), 2u);
    EXPECT_EQ(find(edges, 7)->appended_batches, 2u);
    EXPECT_EQ(find(edges, 7)->fetches, 1u);
    EXPECT_EQ(find(edges, 8)->appended_batches, 1u);
}

// However much those who left have done, the living keep their edges, and what is counted there.
TEST(Edges, TheDepartedMakeRoomForTheLiving) {
    Edges edges;
    fill(edges);
    for (int round = 1; round <= 100; ++round) {
        for (const ClientToken living : {1u, 2u, 3u}) {
            Edge& edge = edges.of(living);
            ++edge.appended_batches;
            edge.appended = Offset{round};
        }
    }
    EXPECT_EQ(edges.all().size(), Edges::kMax);
    for (const ClientToken living : {1u, 2u, 3u}) {
        ASSERT_NE(find(edges, living), nullptr) << living;
        EXPECT_EQ(find(edges, living)->appended_batches, 100u);
        EXPECT_EQ(find(edges, living)->appended, Offset{100});
    }
    // Those who had been silent for longest.
    for (ClientToken i = 0; i < Edges::kMax; ++i)
        EXPECT_EQ(find(edges, kFirstDeparted + i) == nullptr, i < 3) << i;
}

TEST(Edges, AStreamOfNewcomersTakesNothingFromWhoKeepsComing) {
    Edges edges;
    fill(edges);
    for (ClientToken newcomer = 1; newcomer <= Edges::kMax * 4; ++newcomer) {
        edges.of(kFirstDeparted).fetches++;
        edges.of(10'000 + newcomer).fetches++;
    }
    ASSERT_NE(find(edges, kFirstDeparted), nullptr);
    EXPECT_EQ(find(edges, kFirstDeparted)->fetches, Edges::kMax * 4);
    EXPECT_EQ(find(edges, kFirstDeparted)->appended_batches, 1'000'000u);
    // Of those who never came again nobody is left, and newcomers began at nothing.
    for (ClientToken i = 1; i < Edges::kMax; ++i)
        EXPECT_EQ(find(edges, kFirstDeparted + i), nullptr) << i;
    const Edge* last = find(edges, 10'000 + Edges::kMax * 4);
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->appended_batches, 0u);
    EXPECT_EQ(last->appended, Offset{0});
}

// Coming again and again without others between counts as having come last.
TEST(Edges, WhoCameLastIsNotTheOneWhoGoes) {
    Edges edges;
    fill(edges);
    edges.of(kFirstDeparted).fetches++;
    edges.of(kFirstDeparted).fetches++;
    edges.of(1).fetches++;
    EXPECT_NE(find(edges, kFirstDeparted), nullptr);
    EXPECT_EQ(find(edges, kFirstDeparted + 1), nullptr);
}

TEST(Edges, ForgottenEdgesBeginAnew) {
    Edges edges;
    edges.of(7).appended = Offset{9};
    edges.forget();
    EXPECT_TRUE(edges.all().empty());
    EXPECT_EQ(edges.of(7).appended, Offset{0});
    EXPECT_EQ(edges.all().size(), 1u);
}

}  // namespace
}  // namespace cauce::live
