#include "client/fetcher.h"

#include "client/testing/two_brokers.h"

#include <gtest/gtest.h>

namespace cauce::client {
namespace {

using runtime::Task;
using Strings = std::vector<std::string>;

class FetcherTest : public testing::TwoBrokers {
public:
    FetcherTest() : TwoBrokers(false) {
        log.serve_reads(one, 1);
        log.serve_reads(two, 2);
    }
    Task<void> close_client() override {
        if (fetcher) co_await fetcher->close();
    }

    Fetcher& make(FetchOptions options = {}) {
        fetcher = std::make_unique<Fetcher>(cluster, options);
        return *fetcher;
    }
    // Reads until nothing came for `patience`.
    void read(Duration patience) { loop.run(read_into(patience)); }
    Task<void> read_into(Duration patience) {
        for (;;) {
            const MonoTime deadline = loop.now() + patience;
            const auto next = co_await fetcher->next(deadline);
            if (!next) {
                error = next.error();
                co_return;
            }
            if (!*next) co_return;
            const FetchedRecords& fetched = **next;
            for (const auto& record : fetched.records)
                got[fetched.partition].push_back(std::string(as_text(*record.value)));
            if (fetched.at_end) ++ends[fetched.partition];
        }
    }

    const TopicPartition p0{"blog", 0};
    const TopicPartition p1{"blog", 1};
    const TopicPartition p2{"blog", 2};
    std::unique_ptr<Fetcher> fetcher;
    std::map<TopicPartition, Strings> got;
    std::map<TopicPartition, int> ends;
    std::optional<Error> error;
};

TEST_F(FetcherTest, ReadsAllPartitionsFromTheirLeaders) {
    log.add(p0, {"a", "b"});
    log.add(p0, {"c"});
    log.add(p1, {"x"});
    make();
    fetcher->add(p0, Offset{1});
    fetcher->add(p1, Offset{0});
    fetcher->add(p2, Offset{0});
    read(seconds(2));
    EXPECT_EQ(got[p0], (Strings{"b", "c"}));
    EXPECT_EQ(got[p1], Strings{"x"});
    EXPECT_EQ(ends[p0], 1);
    EXPECT_EQ(ends[p2], 1);  // told once, though asked many times
    EXPECT_FALSE(error);
    log.add(p2, {"late"});
    read(seconds(2));
    EXPECT_EQ(got[p2], Strings{"late"});
    EXPECT_EQ(ends[p2], 2);
}

TEST_F(FetcherTest, LongPollsCostOneRequestEach) {
    make();
    fetcher->add(p0, Offset{0});
    fetcher->add(p2, Offset{0});
    read(seconds(10));
    EXPECT_LE(log.fetches, 22);  // one in 500 ms
}

TEST_F(FetcherTest, OlderBrokersAreAskedByName) {
    log.serve_reads(one, 1, 6);
    log.add(p0, {"a"});
    make();
    fetcher->add(p0, Offset{0});
    read(seconds(1));
    EXPECT_EQ(got[p0], Strings{"a"});
}

TEST_F(FetcherTest, FollowsTheLeader) {
    log.add(p0, {"a"});
    make();
    fetcher->add(p0, Offset{0});
    read(seconds(1));
    metadata.topics["blog"].leaders = {2, 2, 2};
    metadata.topics["blog"].epoch = 1;
    log.add(p0, {"b"});
    read(seconds(3));
    EXPECT_EQ(got[p0], (Strings{"a", "b"}));
    one.stop();
    log.add(p0, {"c"});
    read(seconds(3));
    EXPECT_EQ(got[p0].back(), "c");
    EXPECT_FALSE(error);
}

TEST_F(FetcherTest, GoesOnAfterABrokenConnection) {
    log.add(p1, {"a"});
    make();
    fetcher->add(p1, Offset{0});
    read(seconds(1));
    two.stop();
    read(seconds(3));
    log.add(p1, {"b"});
    two.start();
    read(seconds(10));
    EXPECT_EQ(got[p1], (Strings{"a", "b"}));
    EXPECT_FALSE(error);
}

TEST_F(FetcherTest, OffsetsThatAreGone) {
    log.add(p0, {"a", "b", "c"});
    log.partitions[p0].start = 2;
    FetchOptions o;
    o.reset = OffsetReset::earliest;
    make(o);
    fetcher->add(p0, Offset{0});
    read(seconds(2));
    // The batch holds all three; what was asked for is what counts.
    EXPECT_EQ(got[p0], Strings{"c"});
    loop.run(fetcher->close());

    o.reset = OffsetReset::none;
    make(o);
    fetcher->add(p0, Offset{99});
    read(seconds(2));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::offset_out_of_range);
    EXPECT_TRUE(error->message.contains("there is no offset 99"));
}

TEST_F(FetcherTest, WhatWasRemovedIsNotGivenOut) {
    log.add(p0, {"a"});
    log.add(p2, {"z"});
    make();
    fetcher->add(p0, Offset{0});
    fetcher->add(p2, Offset{0});
    loop.run_for(seconds(1));  // both have been fetched
    fetcher->remove(p0);
    read(seconds(1));
    EXPECT_EQ(got[p0], Strings{});
    EXPECT_EQ(got[p2], Strings{"z"});
    fetcher->add(p0, Offset{0});
    read(seconds(1));
    EXPECT_EQ(got[p0], Strings{"a"});
}

TEST_F(FetcherTest, WhatNobodyTakesIsBounded) {
    const std::string value(100'000, 'x');
    for (int i = 0; i < 200; ++i)
        log.add(p0, {value});
    make();
    fetcher->add(p0, Offset{0});
    loop.run_for(seconds(20));
    EXPECT_LE(log.fetches, 6);  // 4 MiB, a megabyte each
    read(seconds(2));
    EXPECT_EQ(got[p0].size(), 200u);
}

TEST_F(FetcherTest, DamagedBatchesEndTheReading) {
    log.add(p0, {"some value"});
    log.tamper = [](Buffer& bytes) {
        if (!bytes.empty()) bytes.back() ^= 1;
    };
    make();
    fetcher->add(p0, Offset{0});
    read(seconds(2));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::corrupt_message);
    EXPECT_TRUE(error->message.starts_with("blog-0: "));
}

TEST_F(FetcherTest, GarbageEndsTheReading) {
    log.add(p0, {"some value"});
    log.tamper = [](Buffer& bytes) { bytes.assign(100, 0xff); };
    make();
    fetcher->add(p0, Offset{0});
    read(seconds(20));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::corrupt_message);
}

TEST_F(FetcherTest, ATopicThatIsGoneIsAnErrorAfterAWhile) {
    log.add(p0, {"a"});
    make();
    fetcher->add(p0, Offset{0});
    read(seconds(1));
    metadata.topics.erase("blog");
    const MonoTime before = loop.now();
    read(seconds(60));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::unknown_topic_or_partition);
    EXPECT_GE(loop.now() - before, seconds(5));
    EXPECT_LE(loop.now() - before, seconds(15));
}

TEST_F(FetcherTest, NoRightIsAnErrorAtOnce) {
    log.refuse_read = [](const TopicPartition&) { return ErrorCode::topic_authorization_failed; };
    make();
    fetcher->add(p0, Offset{0});
    read(seconds(60));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::topic_authorization_failed);
}

TEST_F(FetcherTest, StopEndsALongPollAtOnce) {
    make();
    fetcher->add(p0, Offset{0});
    runtime::TaskGroup tasks(loop.ready());
    tasks.spawn(read_into(seconds(1000)));
    loop.run_for(milliseconds(100));
    const MonoTime before = loop.now();
    fetcher->stop();
    loop.run(tasks.join());
    loop.run(fetcher->close());
    EXPECT_EQ(loop.now(), before);
    EXPECT_FALSE(error);
}

}  // namespace
}  // namespace cauce::client
