// The node's HTTP listener on the simulated seams: what is served, what is refused, and that nobody
// keeps others out. The clock is simulated, so that limits of minutes are tried in no time.
#include "client/admin.h"
#include "client/cluster.h"
#include "client/producer.h"
#include "http/connection.h"
#include "sim/broker.h"
#include "sim/close_at.h"
#include "sim/world.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Address;
using runtime::Stream;
using runtime::Task;
using runtime::WritePart;

const std::string kProperties =
    "process.roles=broker,controller\n"
    "node.id=1\n"
    "listeners=PLAINTEXT://broker:9092\n"
    "log.dirs=/data\n"
    "cauce.http.listener=:8080\n";

// What one connection was answered, until the broker closed it or the client lost patience.
struct Answer {
    std::string text;
    bool closed_by_broker = false;
    Duration taken{0};
    bool done = false;

    bool is(std::string_view status) const {
        return text.starts_with("HTTP/1.1 " + std::string(status));
    }
    bool holds(std::string_view what) const { return text.find(what) != std::string::npos; }
};

// Sends `pieces` with `pause` between them, then reads. Leaves after `patience`.
struct Request {
    std::vector<std::string> pieces{};
    Duration pause{0};
    Duration patience = seconds(5);
};

Task<void> ask(NodeSeams& seams, Request request, Answer& answer) {
    const MonoTime began = seams.shards.clock().now();
    auto connected = co_await seams.net.connect({"broker", 8080}, began + seconds(5));
    if (connected) {
        const std::unique_ptr<Stream> stream = *std::move(connected);
        const CloseAt patience(*stream, seams.shards.timers(), began + request.patience);
        for (const std::string& piece : request.pieces) {
            const WritePart part = as_bytes(piece);
            if (!co_await stream->write(std::span(&part, 1))) break;
            if (request.pause > Duration(0))
                co_await seams.shards.sleep_until(seams.shards.clock().now() + request.pause);
        }
        Buffer buffer(4096);
        while (true) {
            const auto got = co_await stream->read_some(buffer);
            if (!got && got.error().number == ECANCELED) break;
            if (!got || *got == 0) {
                answer.closed_by_broker = true;
                break;
            }
            answer.text += as_text(BytesView(buffer).first(*got));
        }
    }
    answer.taken = seams.shards.clock().now() - began;
    answer.done = true;
}

class HttpTest : public ::testing::Test {
public:
    HttpTest()
        : world({.seed = 5}),
          machine(world.add_node("broker", 3)),
          broker(world, machine, kProperties) {}

    void start() {
        broker.start();
        ASSERT_TRUE(world.run_until([&] { return broker.serving(); }, world.now() + seconds(60)));
    }

    // Runs on a machine of its own.
    void run_client(Program program) {
        SimNode& client = world.add_node("client-" + std::to_string(++clients), 1);
        world.start(client, std::move(program));
    }
    std::shared_ptr<Answer> send(Request request) {
        auto answer = std::make_shared<Answer>();
        run_client([answer, request = std::move(request)](NodeSeams& seams, unsigned) {
            return ask(seams, request, *answer);
        });
        return answer;
    }
    void wait_for(const Answer& answer) {
        ASSERT_TRUE(world.run_until([&] { return answer.done; }, world.now() + seconds(600)));
    }
    Answer answer_to(Request request) {
        const auto answer = send(std::move(request));
        wait_for(*answer);
        return *answer;
    }
    Answer get(std::string path) {
        return answer_to(
            {.pieces = {"GET " + path + " HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n"}});
    }

    World world;
    SimNode& machine;
    Broker broker;
    int clients = 0;
};

TEST_F(HttpTest, ServesItsPages) {
    start();
    const Answer ready = get("/readyz");
    EXPECT_TRUE(ready.is("200")) << ready.text;
    EXPECT_TRUE(ready.text.ends_with("\r\n\r\nready\n")) << ready.text;
    EXPECT_TRUE(ready.closed_by_broker);
    const Answer verbose = get("/readyz?verbose");
    EXPECT_TRUE(verbose.holds("[+] all 3 shards answer\n[+] serving\n")) << verbose.text;
    EXPECT_TRUE(get("/health/ready").is("200"));
    const Answer live = get("/livez");
    EXPECT_TRUE(live.is("200") && live.holds("alive: all 3 shards answer\n")) << live.text;
    EXPECT_TRUE(get("/health/live").is("200"));
    const Answer metrics = get("/metrics");
    EXPECT_TRUE(metrics.is("200")) << metrics.text;
    EXPECT_TRUE(metrics.holds("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    EXPECT_TRUE(metrics.holds("\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_TRUE(metrics.text.ends_with("\r\n0\r\n\r\n"));
    EXPECT_TRUE(metrics.holds("\nkafka_server_kafkaserver_brokerstate 3\n"));
    EXPECT_TRUE(metrics.holds("\nkafka_brokers 1\n"));
}

TEST_F(HttpTest, HeadAndOldClients) {
    start();
    const Answer head =
        answer_to({.pieces = {"HEAD /metrics HTTP/1.1\r\nConnection: close\r\n\r\n"}});
    EXPECT_TRUE(head.is("200") && head.text.ends_with("\r\n\r\n")) << head.text;
    EXPECT_FALSE(head.holds("kafka_brokers"));
    const Answer old = answer_to({.pieces = {"GET /metrics HTTP/1.0\r\n\r\n"}});
    EXPECT_TRUE(old.is("200") && !old.holds("chunked") && old.closed_by_broker) << old.text;
    EXPECT_TRUE(old.holds("\nkafka_brokers 1\n")) << old.text;
}

TEST_F(HttpTest, OneConnectionManyRequests) {
    start();
    const Answer answer =
        answer_to({.pieces = {"GET /livez HTTP/1.1\r\n\r\nGET /read", "yz HTTP/1.1\r\n\r\n",
                              "GET /metrics HTTP/1.1\r\n\r\n",
                              "GET /nothing HTTP/1.1\r\n\r\n"
                              "GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n"},
                   .pause = milliseconds(20)});
    std::size_t count = 0;
    for (std::size_t at = 0; (at = answer.text.find("HTTP/1.1 ", at)) != std::string::npos; ++at)
        ++count;
    EXPECT_EQ(count, 5u) << answer.text;
    EXPECT_TRUE(answer.holds("HTTP/1.1 404 Not Found"));
    EXPECT_TRUE(answer.text.ends_with("shards answer\n")) << answer.text;
}

TEST_F(HttpTest, RefusesWithAnExplanation) {
    start();
    const Answer nothing = get("/favicon.ico");
    EXPECT_TRUE(nothing.is("404") &&
                nothing.holds("There is nothing at /favicon.ico. Here are: /health/live "
                              "/health/ready /livez /metrics /readyz\n"))
        << nothing.text;
    const Answer method =
        answer_to({.pieces = {"DELETE /metrics HTTP/1.1\r\nConnection: close\r\n\r\n"}});
    EXPECT_TRUE(method.is("405") && method.holds("\r\nAllow: GET, HEAD\r\n")) << method.text;
    // The body of a refused request is not read, and the answer arrives all the same.
    const Answer body =
        answer_to({.pieces = {"GET /livez HTTP/1.1\r\nContent-Length: 30000\r\n\r\n" +
                              std::string(30000, 'x')}});
    EXPECT_TRUE(body.is("413") && body.closed_by_broker) << body.text;
    const Answer giant = answer_to(
        {.pieces = {"GET /livez HTTP/1.1\r\nX: " + std::string(30000, 'x') + "\r\n\r\n"}});
    EXPECT_TRUE(giant.is("431") && giant.holds("8192 bytes") && giant.closed_by_broker)
        << giant.text;
    const Answer kafka =
        answer_to({.pieces = {std::string("\0\0\0\x10\0\x12\0\0\0\0\0\x01\0\0", 14)}});
    EXPECT_TRUE(kafka.is("400") && kafka.holds("ports of `listeners`")) << kafka.text;
}

TEST_F(HttpTest, WhoDoesNotGetOnIsCutOff) {
    start();
    const http::Limits limits;
    // Nothing at all.
    const Answer silent = answer_to({.patience = seconds(600)});
    EXPECT_TRUE(silent.closed_by_broker && silent.text.empty());
    EXPECT_NEAR(static_cast<double>(silent.taken.count()),
                static_cast<double>(limits.request_within.count()), 1e9);
    // A byte a second.
    Request slow{.pause = seconds(1), .patience = seconds(600)};
    for (const char c : std::string("GET /livez HTTP/1.1\r\nHost: broker\r\n"))
        slow.pieces.emplace_back(1, c);
    const Answer dripping = answer_to(slow);
    EXPECT_TRUE(dripping.closed_by_broker && dripping.text.empty()) << dripping.text;
    // One request, then silence: longer, because the next scrape comes on the same connection.
    const Answer idle =
        answer_to({.pieces = {"GET /livez HTTP/1.1\r\n\r\n"}, .patience = seconds(600)});
    EXPECT_TRUE(idle.is("200") && idle.closed_by_broker);
    EXPECT_NEAR(static_cast<double>(idle.taken.count()), static_cast<double>(limits.idle.count()),
                1e9);
}

TEST_F(HttpTest, IdleConnectionsKeepNobodyOut) {
    start();
    const std::size_t most = http::Limits{}.connections;
    std::vector<std::shared_ptr<Answer>> idle;
    for (std::size_t i = 0; i < most + 10; ++i)
        idle.push_back(send({.patience = seconds(8)}));
    world.run_for(seconds(2));
    const Answer ready = get("/readyz");
    EXPECT_TRUE(ready.is("200")) << ready.text;
    EXPECT_LT(ready.taken, seconds(1));
    std::size_t cut_off = 0;
    for (const auto& answer : idle)
        cut_off += answer->closed_by_broker ? 1 : 0;
    EXPECT_EQ(cut_off, 11u);  // one made room for the probe
}

TEST_F(HttpTest, WhatHappensIsCounted) {
    start();
    bool done = false;
    struct Work {
        static Task<void> run(NodeSeams& seams, bool& into) {
            client::ClusterOptions options;
            options.bootstrap = {{"broker", 9092}};
            client::Cluster cluster(seams.net, seams.shards, options);
            const MonoTime deadline = seams.shards.clock().now() + seconds(30);
            std::vector<client::NewTopic> topics(1);
            topics[0].name = "orders";
            topics[0].partitions = 4;
            const auto made = co_await client::create_topics(cluster, topics, false, deadline);
            CHECK(made.has_value());
            client::Producer producer(cluster, {});
            for (int i = 0; i < 100; ++i) {
                client::ProducerRecord record;
                record.topic = "orders";
                record.partition = i % 4;
                record.value = Buffer(10, 'x');
                const client::Producer::Delivered delivered = [](const auto&) {};
                CHECK((co_await producer.send(std::move(record), delivered)).has_value());
            }
            co_await producer.close();
            co_await cluster.close();
            into = true;
        }
    };
    run_client([&done](NodeSeams& seams, unsigned) { return Work::run(seams, done); });
    ASSERT_TRUE(world.run_until([&] { return done; }, world.now() + seconds(60)));
    const Answer metrics = get("/metrics");
    for (const std::string line : {
             "kafka_server_brokertopicmetrics_messagesin_total{topic=\"orders\"} 100",
             "kafka_server_replicamanager_leadercount 4",
             "kafka_topic_partitions{topic=\"orders\"} 4",
             "kafka_topic_partition_current_offset{topic=\"orders\",partition=\"3\"} 25",
             "kafka_log_log_logendoffset{topic=\"orders\",partition=\"0\"} 25",
             "kafka_network_requestmetrics_requests_total{request=\"CreateTopics\"} 1",
         })
        EXPECT_TRUE(metrics.holds("\n" + line + "\n")) << line << "\n" << metrics.text;
}

TEST_F(HttpTest, IsNotReadyBeforeAndAfter) {
    broker.start();
    // Asked again and again while the node starts: the first answers are no.
    std::vector<std::shared_ptr<Answer>> answers;
    while (!broker.serving() && answers.size() < 10'000) {
        answers.push_back(send({.pieces = {"GET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n"}}));
        world.run_for(milliseconds(1));
    }
    ASSERT_TRUE(broker.serving());
    for (const auto& answer : answers)
        wait_for(*answer);
    std::size_t not_ready = 0;
    for (const auto& answer : answers)
        not_ready += answer->is("503") && answer->holds("not ready: ") ? 1 : 0;
    EXPECT_GT(not_ready, 0u);
    EXPECT_TRUE(get("/readyz").is("200"));
    broker.stop();
    ASSERT_TRUE(world.run_until([&] { return !broker.running(); }, world.now() + seconds(60)));
    ASSERT_TRUE(broker.outcome() && broker.outcome()->has_value());
}

TEST_F(HttpTest, AStopWaitsForNoIdleConnection) {
    start();
    const auto idle = send({.pieces = {"GET /livez HTTP/1.1\r\n\r\n"}, .patience = seconds(60)});
    world.run_for(seconds(1));
    const MonoTime before = world.now();
    broker.stop();
    ASSERT_TRUE(world.run_until([&] { return !broker.running(); }, world.now() + seconds(60)));
    EXPECT_LT(world.now() - before, Duration(seconds(10)));
    wait_for(*idle);
    EXPECT_TRUE(idle->closed_by_broker);
}

}  // namespace
}  // namespace cauce::sim
