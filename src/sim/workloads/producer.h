// Producer: sends numbered records to its partitions, several requests at a time, and sends what
// was not answered again, in order, over a new connection. With a producer id it is what Kafka
// calls idempotent, and the only one of that kind in its partitions.
#pragma once

#include "sim/workloads/broker_client.h"
#include "sim/workloads/load.h"
#include "wire/compression.h"

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

namespace cauce::wire {
struct ProduceRequest;
struct ProduceResponse;
}  // namespace cauce::wire

namespace cauce::sim {

struct ProducerOptions {
    std::vector<TopicPartition> partitions;
    bool idempotent = true;
    std::int16_t acks = -1;
    std::size_t requests_in_flight = 5;
    wire::Codec codec = wire::Codec::none;
    Duration pause = milliseconds(5);  // up to this, after an answer
    // Where the numbers of one without producer id begin; they are then nobody else's.
    RecordNumber first_number = 0;
};

class Producer {
public:
    Producer(NodeSeams& seams, Load& load, ProducerOptions options);

    // Ends when the load is drained and everything was answered.
    runtime::Task<void> run();

private:
    struct Partition {
        TopicPartition name;
        HistoryKey key = 0;
        RecordNumber next_number = 0;
        std::int32_t next_sequence = 0;
        // The broker acknowledged a batch. Before that it takes any sequence, so that a second
        // batch behind a refused first one would shut the first out.
        bool known = false;
        std::size_t pending = 0;
    };
    struct Batch {
        std::size_t partition = 0;
        RecordNumber first = 0;
        std::int32_t count = 0;
        Buffer bytes;
        std::size_t event = 0;  // of the first record's send in the history; the others follow
        bool sent = false;      // over the present connection
    };
    using Batches = std::list<Batch>;

    runtime::Task<bool> get_producer_id(BrokerClient& client);
    runtime::Task<void> produce(BrokerClient& client);
    runtime::Task<bool> send_next(BrokerClient& client);
    runtime::Task<bool> take_answer(BrokerClient& client);
    // False when the connection has to be given up.
    bool settle(Batches::iterator batch, std::int16_t error, std::int64_t base_offset,
                std::int16_t version);
    void make_batches();
    void forget(Batches::iterator batch);

    NodeSeams& seams_;
    Load& load_;
    ProducerOptions options_;
    std::uint64_t& progress_;  // batches that are settled
    const std::int32_t process_;
    std::vector<Partition> partitions_;
    std::optional<ProducerId> producer_id_;
    std::int16_t producer_epoch_ = -1;
    Batches batches_;  // not acknowledged, in the order in which they were made
    std::deque<std::vector<Batches::iterator>> in_flight_;
};

}  // namespace cauce::sim
