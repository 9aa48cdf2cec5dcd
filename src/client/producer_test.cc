#include "client/producer.h"

#include "client/testing/two_brokers.h"

#include <gtest/gtest.h>

namespace cauce::client {
namespace {

using runtime::Task;

Buffer bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

// Two brokers, a topic of three partitions, and a producer.
class ProducerTest : public testing::TwoBrokers {
public:
    ProducerTest() : TwoBrokers(true) {
        log.serve(one, 1);
        log.serve(two, 2);
    }
    Task<void> close_client() override {
        if (producer) co_await producer->close();
    }

    Producer& make(ProducerOptions options = {}) {
        producer = std::make_unique<Producer>(cluster, options);
        return *producer;
    }

    // Sends values one after the other and waits for all.
    void send_all(const std::vector<ProducerRecord>& records) { loop.run(send_and_flush(records)); }
    Task<void> send_and_flush(const std::vector<ProducerRecord>& records) {
        for (const ProducerRecord& record : records)
            co_await send_one(record);
        co_await producer->flush();
    }
    Task<void> send_one(ProducerRecord record) {
        const std::size_t index = deliveries.size();
        deliveries.emplace_back();
        const auto delivered = [this, index](const Result<Delivery>& delivery) {
            EXPECT_FALSE(deliveries[index]) << "told twice";
            deliveries[index] = delivery;
        };
        const Result<void> taken = co_await producer->send(std::move(record), delivered);
        if (!taken) deliveries[index] = std::unexpected(taken.error());
    }

    static ProducerRecord to(std::int32_t partition, std::string_view value) {
        ProducerRecord record;
        record.topic = "blog";
        record.partition = partition;
        record.value = bytes(value);
        return record;
    }
    std::vector<std::string> values(std::int32_t partition) {
        std::vector<std::string> list;
        for (const auto& record : log.partitions[{"blog", partition}].records)
            list.push_back(record.value);
        return list;
    }
    ErrorCode code(std::size_t index) const {
        if (!deliveries[index]) return ErrorCode::unknown_server_error;
        return *deliveries[index] ? ErrorCode::none : deliveries[index]->error().code;
    }

    std::unique_ptr<Producer> producer;
    std::vector<std::optional<Result<Delivery>>> deliveries;
};

TEST_F(ProducerTest, RecordsArriveWholeAndInOrder) {
    make();
    ProducerRecord full = to(1, "value");
    full.key = bytes("key");
    full.timestamp = 123;
    full.headers = {{"a", bytes("1")}, {"b", std::nullopt}};
    ProducerRecord tombstone = to(1, "");
    tombstone.value.reset();
    send_all({full, tombstone, to(0, "x")});

    const auto& records = log.partitions[{"blog", 1}].records;
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].key, "key");
    EXPECT_EQ(records[0].timestamp, 123);
    EXPECT_EQ(records[0].headers,
              (std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "<null>"}}));
    EXPECT_EQ(records[1].key, "<null>");
    EXPECT_EQ(records[1].value, "<null>");
    EXPECT_EQ(records[1].timestamp, loop.wall().ms - loop.passed().count() + 1000);
    EXPECT_EQ(values(0), std::vector<std::string>{"x"});

    ASSERT_TRUE(deliveries[1] && *deliveries[1]);
    EXPECT_EQ((*deliveries[1])->partition, (TopicPartition{"blog", 1}));
    EXPECT_EQ((*deliveries[1])->offset, 1);
    EXPECT_EQ((*deliveries[0])->timestamp, 123);
}

TEST_F(ProducerTest, BatchesBySizeAndLinger) {
    ProducerOptions o;
    o.batch_size_bytes = 1000;
    o.linger = milliseconds(50);
    make(o);
    std::vector<std::string> expected;
    runtime::TaskGroup tasks(loop.ready());
    for (int i = 0; i < 20; ++i) {
        expected.push_back(std::string(100, static_cast<char>('a' + i)));
        tasks.spawn(send_one(to(0, expected.back())));
    }
    loop.run_for(milliseconds(40));
    // By the most a record may take, a batch holds six: three are full, the fourth waits for more.
    EXPECT_EQ(values(0).size(), 18u);
    loop.run_for(milliseconds(30));
    EXPECT_EQ(values(0), expected);
    EXPECT_EQ((log.partitions[{"blog", 0}].appends), 4);
}

TEST_F(ProducerTest, KeysPickThePartitionAsTheJavaClientDoes) {
    make();
    std::vector<ProducerRecord> records;
    for (const char* key : {"21", "foobar", "abc", "21"}) {
        ProducerRecord record;
        record.topic = "blog";
        record.key = bytes(key);
        record.value = bytes(key);
        records.push_back(record);
    }
    send_all(records);
    for (std::size_t i = 0; i < records.size(); ++i)
        EXPECT_EQ((*deliveries[i])->partition.partition, partition_for_key(*records[i].key, 3));
}

TEST_F(ProducerTest, EveryCodec) {
    for (const wire::Codec codec :
         {wire::Codec::gzip, wire::Codec::snappy, wire::Codec::lz4, wire::Codec::zstd}) {
        ProducerOptions o;
        o.codec = codec;
        make(o);
        log.partitions.clear();
        send_all({to(0, std::string(3000, 'z')), to(0, "end")});
        EXPECT_EQ(values(0), (std::vector<std::string>{std::string(3000, 'z'), "end"}));
        EXPECT_EQ((log.partitions[{"blog", 0}].codec), codec);
        loop.run(producer->close());
        producer.reset();
    }
}

TEST_F(ProducerTest, ALostAnswerDoublesNothing) {
    make();
    int lost = 0;
    log.after = [&](testing::Manner& manner) {
        if (lost < 3) {
            ++lost;
            manner.hang_up = true;  // taken, but nobody is told
        }
    };
    send_all({to(0, "a"), to(0, "b"), to(1, "c")});
    EXPECT_EQ(lost, 3);
    EXPECT_EQ(values(0), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(values(1), std::vector<std::string>{"c"});
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(code(i), ErrorCode::none);
    EXPECT_EQ((*deliveries[1])->offset, 1);
    EXPECT_EQ(log.producer_ids_given, 1);
}

TEST_F(ProducerTest, FollowsTheLeader) {
    make();
    send_all({to(0, "a")});
    metadata.topics["blog"].leaders = {2, 2, 2};
    metadata.topics["blog"].epoch = 1;
    send_all({to(0, "b"), to(0, "c")});
    EXPECT_EQ(values(0), (std::vector<std::string>{"a", "b", "c"}));
    one.stop();
    send_all({to(0, "d")});
    EXPECT_EQ(values(0).back(), "d");
    EXPECT_EQ(code(3), ErrorCode::none);
}

TEST_F(ProducerTest, OrderHoldsWhenBatchesAreRefusedForATime) {
    ProducerOptions o;
    o.batch_size_bytes = 300;
    make(o);
    runtime::Random random(5);
    log.refuse = [&](const TopicPartition&, const wire::BatchHeader&) {
        return random.one_in(3) ? ErrorCode::not_enough_replicas : ErrorCode::none;
    };
    log.after = [&](testing::Manner& manner) { manner.hang_up = random.one_in(4); };
    std::vector<ProducerRecord> records;
    std::vector<std::string> expected;
    for (int i = 0; i < 200; ++i) {
        expected.push_back("value " + std::to_string(i));
        records.push_back(to(2, expected.back()));
    }
    send_all(records);
    EXPECT_EQ(values(2), expected);
}

TEST_F(ProducerTest, ABatchThatIsTooLargeIsSplit) {
    ProducerOptions o;
    o.linger = milliseconds(20);
    make(o);
    log.refuse = [&](const TopicPartition&, const wire::BatchHeader& batch) {
        return batch.count() > 3 ? ErrorCode::message_too_large : ErrorCode::none;
    };
    std::vector<ProducerRecord> records;
    std::vector<std::string> expected;
    for (int i = 0; i < 17; ++i) {
        expected.push_back(std::to_string(i));
        records.push_back(to(0, expected.back()));
    }
    records.push_back(to(1, "after"));
    send_all(records);
    EXPECT_EQ(values(0), expected);
    EXPECT_EQ((*deliveries[16])->offset, 16);
    // A single record that is too large has no halves.
    log.refuse = [&](const TopicPartition&, const wire::BatchHeader&) {
        return ErrorCode::message_too_large;
    };
    send_all({to(0, "big")});
    EXPECT_EQ(code(18), ErrorCode::message_too_large);
    // And what follows goes on.
    log.refuse = nullptr;
    send_all({to(0, "next")});
    EXPECT_EQ(code(19), ErrorCode::none);
    EXPECT_EQ(values(0).back(), "next");
}

TEST_F(ProducerTest, ARefusalThatStaysFailsItsBatchOnly) {
    make();
    log.refuse = [&](const TopicPartition& tp, const wire::BatchHeader&) {
        return tp.partition == 0 ? ErrorCode::topic_authorization_failed : ErrorCode::none;
    };
    send_all({to(0, "a"), to(1, "b")});
    EXPECT_EQ(code(0), ErrorCode::topic_authorization_failed);
    EXPECT_EQ(code(1), ErrorCode::none);
}

TEST_F(ProducerTest, WhatCannotBeDeliveredInTimeFailsAndTheRestGoesOnUnderANewIdentity) {
    ProducerOptions o;
    o.delivery_timeout = seconds(3);
    make(o);
    send_all({to(0, "a")});
    const MonoTime before = loop.now();
    log.refuse = [&](const TopicPartition&, const wire::BatchHeader&) {
        return ErrorCode::not_enough_replicas;
    };
    send_all({to(0, "lost")});
    EXPECT_EQ(code(1), ErrorCode::request_timed_out);
    EXPECT_EQ(deliveries[1]->error().message, "not delivered in time: NOT_ENOUGH_REPLICAS");
    EXPECT_GE(loop.now() - before, seconds(2));
    EXPECT_LE(loop.now() - before, seconds(5));
    log.refuse = nullptr;
    send_all({to(0, "b")});
    EXPECT_EQ(values(0), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(log.producer_ids_given, 2);
}

TEST_F(ProducerTest, AcksOneAndNone) {
    ProducerOptions o;
    o.acks = Acks::leader;
    make(o);
    send_all({to(0, "one")});
    EXPECT_EQ((*deliveries[0])->offset, 0);
    EXPECT_EQ(log.producer_ids_given, 0);  // no idempotence without all acks
    loop.run(producer->close());

    o.acks = Acks::none;
    make(o);
    send_all({to(0, "none"), to(1, "none")});
    EXPECT_EQ(code(1), ErrorCode::none);
    EXPECT_EQ((*deliveries[1])->offset, -1);
    loop.run_for(milliseconds(1));
    EXPECT_EQ(values(0), (std::vector<std::string>{"one", "none"}));
}

TEST_F(ProducerTest, TheBufferIsBounded) {
    ProducerOptions o;
    o.buffer_bytes_max = 10'000;
    o.batch_size_bytes = 2'000;
    make(o);
    bool open = false;
    log.refuse = [&](const TopicPartition&, const wire::BatchHeader&) {
        return open ? ErrorCode::none : ErrorCode::not_enough_replicas;
    };
    std::vector<ProducerRecord> records(30, to(0, std::string(1000, 'x')));
    runtime::TaskGroup tasks(loop.ready());
    tasks.spawn(send_and_flush(records));
    loop.run_for(seconds(5));
    EXPECT_EQ(deliveries.size(), 10u);  // nine are in, the tenth waits for room
    open = true;
    loop.run(tasks.join());
    EXPECT_EQ(values(0).size(), 30u);
}

TEST_F(ProducerTest, RecordsThatNoRequestHolds) {
    ProducerOptions o;
    o.request_size_bytes_max = 1000;
    make(o);
    send_all({to(0, std::string(1000, 'x')), to(0, "fine")});
    EXPECT_EQ(code(0), ErrorCode::message_too_large);
    EXPECT_EQ(code(1), ErrorCode::none);
}

TEST_F(ProducerTest, TopicsThatDoNotExist) {
    ProducerOptions o;
    o.unknown_topics = Unknown::fails;
    make(o);
    ProducerRecord record;
    record.topic = "nothing";
    record.value = bytes("x");
    send_all({record, to(7, "no such partition")});
    EXPECT_EQ(code(0), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(code(1), ErrorCode::unknown_topic_or_partition);
    loop.run(producer->close());

    metadata.auto_create = true;
    make();
    send_all({record});
    EXPECT_EQ(code(2), ErrorCode::none);
    EXPECT_EQ(log.partitions[(TopicPartition{"nothing", 0})].records.size(), 1u);
}

TEST_F(ProducerTest, OlderBrokersTakeNamesAndNoZstd) {
    log.serve(one, 1, 6);
    log.serve(two, 2, 6);
    make();
    send_all({to(0, "a")});
    EXPECT_EQ(code(0), ErrorCode::none);
    loop.run(producer->close());
    ProducerOptions o;
    o.codec = wire::Codec::zstd;
    make(o);
    send_all({to(0, "b")});
    EXPECT_EQ(code(1), ErrorCode::unsupported_compression_type);
}

TEST_F(ProducerTest, AbortFailsWhatIsNotSettled) {
    ProducerOptions o;
    o.batch_size_bytes = 100;
    make(o);
    log.after = [](testing::Manner& manner) { manner.delay = seconds(20); };
    runtime::TaskGroup tasks(loop.ready());
    const std::vector<ProducerRecord> records(5, to(0, "some value"));
    tasks.spawn(send_and_flush(records));
    loop.run_for(seconds(1));
    const MonoTime before = loop.now();
    producer->abort();
    cluster.abort();
    loop.run(tasks.join());
    EXPECT_EQ(loop.now(), before);
    for (std::size_t i = 0; i < 5; ++i)
        EXPECT_EQ(code(i), ErrorCode::network_exception) << i;
}

}  // namespace
}  // namespace cauce::client
