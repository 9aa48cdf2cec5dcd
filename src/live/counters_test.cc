#include "live/counters.h"

#include <gtest/gtest.h>

namespace cauce::live {
namespace {

TEST(Edges, OneAClientAndKind) {
    Edges edges;
    edges.of(7, EdgeKind::produce).requests++;
    edges.of(7, EdgeKind::produce).requests++;
    edges.of(7, EdgeKind::fetch).requests++;
    edges.of(8, EdgeKind::produce).requests++;
    ASSERT_EQ(edges.all().size(), 3u);
    EXPECT_EQ(edges.all()[0].requests, 2u);
}

TEST(Edges, TheQuietestMakesRoom) {
    Edges edges;
    for (ClientToken client = 0; client < Edges::kMax; ++client)
        edges.of(client, EdgeKind::produce).requests = client == 5 ? 1 : 10;
    edges.of(9999, EdgeKind::produce).requests = 3;
    EXPECT_EQ(edges.all().size(), Edges::kMax);
    for (const Edge& edge : edges.all())
        EXPECT_NE(edge.client, 5u);
}

}  // namespace
}  // namespace cauce::live
