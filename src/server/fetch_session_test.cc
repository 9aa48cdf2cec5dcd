#include "server/fetch_session.h"

#include <gtest/gtest.h>

namespace cauce::server {
namespace {

FetchItem item(std::string topic, std::int32_t partition, std::int64_t offset) {
    FetchItem made;
    made.partition = {std::move(topic), partition};
    made.position.fetch_offset = offset;
    return made;
}

TEST(FetchSession, PutUpdatesInPlaceAndForgetTakesOut) {
    FetchSession session(5, false);
    session.put(item("a", 0, 1));
    session.put(item("a", 1, 2));
    session.put(item("a", 0, 9));
    ASSERT_EQ(session.size(), 2u);
    EXPECT_EQ(session.items().front().position.fetch_offset, 9);
    session.forget({"a", 0}, {});
    session.forget({"b", 0}, {});
    ASSERT_EQ(session.size(), 1u);
    EXPECT_EQ(session.items().front().partition.partition, 1);
}

TEST(FetchSession, ByIdTheNameDoesNotMatter) {
    FetchSession session(5, true);
    FetchItem first = item("a", 0, 1);
    first.topic_id = {1, 2};
    session.put(first);
    first.partition.topic.clear();
    first.position.fetch_offset = 7;
    session.put(first);
    EXPECT_EQ(session.size(), 1u);
    EXPECT_EQ(session.items().front().position.fetch_offset, 7);
}

TEST(FetchSession, AnsweredPartitionsGoToTheEndOfTheLine) {
    FetchSession session(5, false);
    for (int p = 0; p < 3; ++p)
        session.put(item("a", p, 0));
    session.rotate(session.items().begin());
    EXPECT_EQ(session.items().front().partition.partition, 1);
    EXPECT_EQ(session.items().back().partition.partition, 0);
    session.put(item("a", 0, 4));
    EXPECT_EQ(session.items().back().position.fetch_offset, 4);
}

TEST(FetchSession, TheEpochSkipsZeroWhenItWraps) {
    FetchSession session(5, false);
    EXPECT_EQ(session.expected_epoch(), 1);
    session.advance_epoch();
    EXPECT_EQ(session.expected_epoch(), 2);
}

TEST(FetchSessions, AFullCacheGivesUpOnlyWhatIsLongUnused) {
    FetchSessions sessions(2);
    const MonoTime start{seconds(100)};
    ASSERT_NE(sessions.create(1, false, start), nullptr);
    ASSERT_NE(sessions.create(2, false, start + seconds(1)), nullptr);
    EXPECT_EQ(sessions.create(3, false, start + seconds(30)), nullptr);
    ASSERT_NE(sessions.create(3, false, start + std::chrono::minutes(2)), nullptr);
    EXPECT_EQ(sessions.find(1), nullptr);
    EXPECT_NE(sessions.find(2), nullptr);
}

}  // namespace
}  // namespace cauce::server
