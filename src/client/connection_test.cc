#include "client/connection.h"

#include "client/testing/fake_broker.h"
#include "client/testing/loop.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/list_groups_response.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/metadata_response.h"

#include <gtest/gtest.h>

namespace cauce::client {
namespace {

using runtime::Task;
using wire::ListGroupsRequest;
using wire::ListGroupsResponse;
using wire::MetadataRequest;
using wire::MetadataResponse;

// A broker, a shard, and a place for connections.
class ConnectionTest : public ::testing::Test {
public:
    testing::Loop loop;
    testing::MemoryNet net{loop};
    testing::FakeBroker broker{net, loop, {"broker", 9092}};
    runtime::TaskGroup loops{loop.ready()};

    MonoTime in(Duration span) const { return loop.now() + span; }

    ConnectionPtr open() {
        ConnectionPtr connection;
        loop.run(open_into(connection));
        return connection;
    }
    Task<void> open_into(ConnectionPtr& connection) {
        const runtime::Address address{"broker", 9092};
        const ConnectionOptions options;
        auto opened =
            co_await Connection::open(net, loop, loops, address, options, in(seconds(10)));
        EXPECT_TRUE(opened) << opened.error().message;
        if (opened) connection = *opened;
    }
    // Opening there must fail; why.
    Error refusal(runtime::Address address) {
        Error error;
        loop.run(refusal_into(std::move(address), error));
        return error;
    }
    Task<void> refusal_into(runtime::Address address, Error& error) {
        const ConnectionOptions options;
        const auto opened =
            co_await Connection::open(net, loop, loops, address, options, in(seconds(5)));
        EXPECT_FALSE(opened);
        if (!opened) error = opened.error();
    }
    Task<void> call_groups(Connection& connection, Result<Reply<ListGroupsResponse>>& reply,
                           Duration patience) {
        const ListGroupsRequest request;
        reply = co_await connection.call<ListGroupsResponse>(request, in(patience));
    }
    // After a test: every loop ends.
    void TearDown() override {
        broker.hang_up();
        loop.run(loops.join());
    }

    // Answers ListGroups with its own throttle time, so that answers can be told apart.
    int asked = 0;
    void number_answers() {
        broker.on<ListGroupsRequest, ListGroupsResponse>([this](const ListGroupsRequest&) {
            ListGroupsResponse response;
            response.throttle_time_ms = asked++;
            return response;
        });
    }
};

TEST_F(ConnectionTest, NegotiatesTheHighestCommonVersion) {
    broker.on<ListGroupsRequest, ListGroupsResponse>(
        [](const ListGroupsRequest&, std::int16_t version, testing::Manner&) {
            EXPECT_EQ(version, 3);
            return ListGroupsResponse();
        },
        0, 3);
    const ConnectionPtr connection = open();
    ASSERT_TRUE(connection);
    EXPECT_EQ(broker.software, "cauce");
    EXPECT_EQ(connection->version<ListGroupsRequest>(), 3);
    EXPECT_EQ(connection->version<ListGroupsRequest>(1), 1);
    const auto missing = connection->version<MetadataRequest>();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::unsupported_version);
    EXPECT_EQ(missing.error().message, "broker:9092 does not offer Metadata");
    Result<Reply<ListGroupsResponse>> reply;
    loop.run(call_groups(*connection, reply, seconds(1)));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->version, 3);
}

TEST_F(ConnectionTest, AnOlderBrokerIsAskedAgainInItsVersion) {
    number_answers();
    broker.api_versions_max = 2;
    const ConnectionPtr connection = open();
    ASSERT_TRUE(connection);
    EXPECT_EQ(broker.requests[wire::ApiVersionsRequest::kApiKey], 2);
    EXPECT_TRUE(connection->version<ListGroupsRequest>());
}

TEST_F(ConnectionTest, NoCommonVersionIsAnErrorThatNamesBoth) {
    broker.on<ListGroupsRequest, ListGroupsResponse>(
        [](const ListGroupsRequest&, std::int16_t, testing::Manner&) {
            return ListGroupsResponse();
        },
        0, 1);
    const ConnectionPtr connection = open();
    EXPECT_EQ(connection->version<ListGroupsRequest>(0), 0);
    // As if the broker had moved on.
    broker.on<MetadataRequest, MetadataResponse>(
        [](const MetadataRequest&, std::int16_t, testing::Manner&) { return MetadataResponse(); },
        12, 13);
    const ConnectionPtr second = open();
    const auto version = second->version<MetadataRequest>(11);
    ASSERT_FALSE(version);
    EXPECT_EQ(version.error().message, "broker:9092 speaks Metadata 12 to 13, needed is 0 to 11");
}

TEST_F(ConnectionTest, PipelinedCallsGetTheirOwnAnswers) {
    number_answers();
    net.chunk = 3;
    const ConnectionPtr connection = open();
    constexpr int kCalls = 200;
    std::vector<Result<Reply<ListGroupsResponse>>> replies(kCalls);
    runtime::TaskGroup calls(loop.ready());
    for (auto& reply : replies)
        calls.spawn(call_groups(*connection, reply, seconds(1)));
    loop.run(calls.join());
    for (int i = 0; i < kCalls; ++i) {
        ASSERT_TRUE(replies[static_cast<std::size_t>(i)]);
        EXPECT_EQ(replies[static_cast<std::size_t>(i)]->body.throttle_time_ms, i);
    }
}

TEST_F(ConnectionTest, LargeAnswersArrive) {
    broker.on<ListGroupsRequest, ListGroupsResponse>([this](const ListGroupsRequest&) {
        ListGroupsResponse response;
        for (int i = 0; i < 20'000; ++i)
            response.groups.emplace_back().group_id = broker.keep("group-" + std::to_string(i));
        return response;
    });
    const ConnectionPtr connection = open();
    Result<Reply<ListGroupsResponse>> reply;
    loop.run(call_groups(*connection, reply, seconds(1)));
    ASSERT_TRUE(reply);
    ASSERT_EQ(reply->body.groups.size(), 20'000u);
    EXPECT_EQ(reply->body.groups[19'999].group_id, "group-19999");
}

TEST_F(ConnectionTest, ADeadlineEndsTheConnectionAndAllThatWaitsBehind) {
    broker.on<ListGroupsRequest, ListGroupsResponse>(
        [](const ListGroupsRequest&, std::int16_t, testing::Manner& manner) {
            manner.silent = true;
            return ListGroupsResponse();
        });
    const ConnectionPtr connection = open();
    Result<Reply<ListGroupsResponse>> first;
    Result<Reply<ListGroupsResponse>> second;
    runtime::TaskGroup calls(loop.ready());
    calls.spawn(call_groups(*connection, first, milliseconds(300)));
    calls.spawn(call_groups(*connection, second, seconds(100)));
    loop.run(calls.join());
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code, ErrorCode::request_timed_out);
    EXPECT_EQ(first.error().message, "broker:9092 did not answer within 300 ms");
    ASSERT_FALSE(second);
    EXPECT_FALSE(connection->is_open());
    Result<Reply<ListGroupsResponse>> late;
    loop.run(call_groups(*connection, late, seconds(1)));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::request_timed_out);
}

TEST_F(ConnectionTest, AClosedPeerFailsWhatWaits) {
    broker.on<ListGroupsRequest, ListGroupsResponse>(
        [](const ListGroupsRequest&, std::int16_t, testing::Manner& manner) {
            manner.hang_up = true;
            return ListGroupsResponse();
        });
    const ConnectionPtr connection = open();
    Result<Reply<ListGroupsResponse>> reply;
    loop.run(call_groups(*connection, reply, seconds(1)));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::network_exception);
    EXPECT_EQ(reply.error().message, "broker:9092 closed the connection");
}

TEST_F(ConnectionTest, AnAnswerNobodyAskedForEndsTheConnection) {
    broker.on<ListGroupsRequest, ListGroupsResponse>(
        [](const ListGroupsRequest&, std::int16_t, testing::Manner& manner) {
            manner.skew = 1;
            return ListGroupsResponse();
        });
    const ConnectionPtr connection = open();
    Result<Reply<ListGroupsResponse>> reply;
    loop.run(call_groups(*connection, reply, seconds(1)));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::corrupt_message);
    EXPECT_FALSE(connection->is_open());
}

TEST_F(ConnectionTest, BytesBehindAnAnswerEndTheConnection) {
    broker.on<ListGroupsRequest, ListGroupsResponse>(
        [](const ListGroupsRequest&, std::int16_t, testing::Manner& manner) {
            manner.trailing = {1, 2, 3};
            return ListGroupsResponse();
        });
    const ConnectionPtr connection = open();
    Result<Reply<ListGroupsResponse>> reply;
    loop.run(call_groups(*connection, reply, seconds(1)));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::corrupt_message);
    EXPECT_EQ(reply.error().message,
              "broker:9092 sent no valid ListGroupsResponse: 3 bytes follow it");
}

TEST_F(ConnectionTest, CloseEndsWhatWaits) {
    broker.on<ListGroupsRequest, ListGroupsResponse>(
        [](const ListGroupsRequest&, std::int16_t, testing::Manner& manner) {
            manner.silent = true;
            return ListGroupsResponse();
        });
    const ConnectionPtr connection = open();
    Result<Reply<ListGroupsResponse>> reply;
    runtime::TaskGroup calls(loop.ready());
    calls.spawn(call_groups(*connection, reply, seconds(100)));
    loop.run_for(milliseconds(10));
    connection->close();
    loop.run(calls.join());
    loop.run(loops.join());
    EXPECT_EQ(loops.size(), 0u);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::network_exception);
    EXPECT_LT(loop.passed(), seconds(50));
}

// A peer that is no broker: whatever it sends, opening ends with an error.
class NoBroker : public ConnectionTest, public ::testing::WithParamInterface<std::string> {};

Task<void> say(runtime::Stream& stream, const std::string& text) {
    const runtime::WritePart part = as_bytes(text);
    const auto written = co_await stream.write(std::span(&part, 1));
    EXPECT_TRUE(written);
}

TEST_P(NoBroker, IsRefused) {
    std::vector<std::unique_ptr<runtime::Stream>> streams;
    runtime::TaskGroup talk(loop.ready());
    const std::string text = GetParam();
    net.serve({"web", 80}, [&](std::unique_ptr<runtime::Stream> stream) {
        streams.push_back(std::move(stream));
        talk.spawn(say(*streams.back(), text));
    });
    const Error error = refusal({"web", 80});
    EXPECT_EQ(error.code, text.empty() ? ErrorCode::request_timed_out : ErrorCode::corrupt_message)
        << error.message;
}

INSTANTIATE_TEST_SUITE_P(
    Peers, NoBroker,
    ::testing::Values("HTTP/1.1 400 Bad Request\r\n\r\n",      // a giant size
                      std::string("\xff\xff\xff\xff", 4),      // a negative size
                      std::string("\0\0\0\0", 4),              // an empty frame
                      std::string("\0\0\0\2\0\0", 6),          // too short for an id
                      std::string("\0\0\0\4\0\0\0\0", 8),      // no body
                      std::string("\0\0\0\5\0\0\0\0\x7f", 9),  // half an error code
                      std::string("\0\0\0\x0e\0\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\0", 18),
                      std::string()));  // silence

TEST_F(ConnectionTest, RefusedAndUnansweredConnectsAreTold) {
    const Error refused = refusal({"nobody", 1});
    EXPECT_EQ(refused.code, ErrorCode::network_exception);
    EXPECT_EQ(refused.message, "connect nobody:1: Connection refused");
    net.black_hole({"hole", 1});
    EXPECT_EQ(refusal({"hole", 1}).code, ErrorCode::request_timed_out);
}

}  // namespace
}  // namespace cauce::client
