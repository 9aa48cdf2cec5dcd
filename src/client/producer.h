// Producer: collects records into batches by partition and sends them to the partitions' leaders.
//
// A partition has one batch under way at a time, so that its records arrive in the order in which
// they were given, also when a batch has to be sent again; partitions do not wait for each other.
// With idempotence (the default) the broker drops what it has already. One shard; close() before
// destruction.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "client/cluster.h"
#include "client/partitioner.h"
#include "runtime/event.h"
#include "runtime/task_group.h"
#include "wire/compression.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::client {

enum class Acks : std::int16_t {
    none = 0,    // nothing comes back: a record may be lost and nobody knows
    leader = 1,  // the leader has it
    all = -1,    // all in-sync replicas have it
};

// The names are Kafka's, and so are the defaults.
struct ProducerOptions {
    Acks acks = Acks::all;
    bool idempotent = true;  // needs Acks::all; without it there is none
    wire::Codec codec = wire::Codec::none;
    Duration linger = milliseconds(5);
    std::size_t batch_size_bytes = 16 * 1024;
    std::size_t request_size_bytes_max = 1 << 20;
    std::size_t buffer_bytes_max = 32 << 20;
    Duration delivery_timeout = seconds(120);
    // A topic that does not exist is waited for: the broker may make it.
    Unknown unknown_topics = Unknown::waits;
    // How long send() waits to learn a topic's partitions.
    Duration metadata_timeout = seconds(60);
};

struct ProducerRecord {
    std::string topic;
    std::optional<std::int32_t> partition;  // else by key, else any
    std::optional<Buffer> key;
    std::optional<Buffer> value;
    std::vector<std::pair<std::string, std::optional<Buffer>>> headers;
    std::int64_t timestamp = -1;  // -1: now
};

struct Delivery {
    TopicPartition partition;
    std::int64_t offset = -1;  // -1: not known (Acks::none, or a duplicate of a lost answer)
    std::int64_t timestamp = -1;
};

class Producer {
public:
    using Delivered = std::function<void(const Result<Delivery>&)>;

    // `cluster` must outlive it.
    Producer(Cluster& cluster, ProducerOptions options);
    ~Producer();

    // Takes the record; waits for room in the buffer. `delivered` is called once what became of it
    // is known, never from within this call. An error here: the record was not taken.
    runtime::Task<Result<void>> send(ProducerRecord record, Delivered delivered);

    // Sends what waits for more, and ends when everything taken is settled.
    runtime::Task<void> flush();
    // Flushes, then ends. Nothing may be sent afterwards.
    runtime::Task<void> close();
    // Whatever is not settled fails, and close() has nothing to wait for.
    void abort();

private:
    struct Pending {
        ProducerRecord record;
        Delivered delivered;
    };
    // The identity under which a partition's sequence is counted.
    struct Identity {
        ProducerId id;
        std::int16_t epoch = -1;
    };
    struct Batch {
        std::vector<Pending> records;
        std::size_t size_bytes = 0;
        MonoTime opened;
        MonoTime deadline;
        MonoTime not_before;  // after a failed attempt
        std::optional<Backoff> backoff;
        bool full = false;
        // Made at the first attempt and kept: a batch that is sent again must be the same.
        Buffer encoded;
        std::int32_t base_sequence = -1;
        Error last_error{ErrorCode::none, {}};
    };
    struct Partition {
        TopicPartition name;
        std::deque<std::unique_ptr<Batch>> batches;
        bool under_way = false;  // its first batch is being sent, or its leader looked for
        Identity identity;
        std::int32_t next_sequence = 0;
    };
    struct Topic {
        StickyPartition sticky;
        std::map<std::int32_t, Partition> partitions;
    };

    runtime::Task<Result<std::int32_t>> choose_partition(const ProducerRecord& record,
                                                         std::size_t size_bytes);
    void append(Partition& partition, Pending pending, std::size_t size_bytes);

    runtime::Task<void> send_loop();
    // Starts what is ready; returns when something may be ready next.
    MonoTime start_ready();
    // When the first batch may go; `now` or earlier when it is ready.
    MonoTime ready_at(const Partition& partition) const;
    runtime::Task<void> find_leader(Partition& partition);
    runtime::Task<void> deliver(NodeId leader, std::vector<Partition*> partitions);
    // An error is about the request as a whole; what came of each batch is seen to.
    runtime::Task<Result<void>> exchange(NodeId leader, std::vector<Partition*> partitions,
                                         MonoTime deadline);
    Result<void> encode(Partition& partition);
    runtime::Task<Result<Identity>> identity(MonoTime deadline);

    // What becomes of a partition's first batch.
    void settle(Partition& partition, std::int64_t base_offset, std::int64_t append_time);
    void fail_first(Partition& partition, const Error& error);
    void try_again(Partition& partition, Error error);
    void decide(Partition& partition, Error error);
    void split_first(Partition& partition);
    std::unique_ptr<Batch> take_first(Partition& partition);

    // Constant after construction.
    Cluster& cluster_;
    runtime::Shards& shards_;
    ProducerOptions options_;

    std::map<std::string, Topic> topics_;
    std::size_t buffered_bytes_ = 0;
    std::size_t batches_ = 0;
    unsigned flushing_ = 0;
    bool closing_ = false;
    bool aborted_ = false;

    std::optional<Identity> identity_;
    bool identity_asked_ = false;

    runtime::WaitList work_arrived_;
    runtime::WaitList room_;
    runtime::WaitList settled_;
    runtime::WaitList identity_changed_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::client
