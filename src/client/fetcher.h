// Fetcher: reads partitions from their leaders, each from a position on. One long poll a leader
// asks for all its partitions whose last records were taken; so at most one answer a partition
// waits.
//
// One shard; close() before destruction.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "client/cluster.h"
#include "client/fetched_records.h"
#include "runtime/event.h"
#include "runtime/task_group.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace cauce::client {

// What to do about a position that the log does not have (any more).
enum class OffsetReset : std::uint8_t { earliest, latest, none };

// The names are Kafka's, and so are the defaults.
struct FetchOptions {
    Duration wait_max = milliseconds(500);
    std::int32_t min_bytes = 1;
    std::int32_t bytes_max = 50 << 20;
    std::int32_t partition_bytes_max = 1 << 20;
    Isolation isolation = Isolation::read_uncommitted;
    OffsetReset reset = OffsetReset::latest;
    // A topic that is gone may come back: a broker that has just started does not know all.
    Duration unknown_topic_patience = seconds(10);
};

class Fetcher {
public:
    // `cluster` must outlive it.
    Fetcher(Cluster& cluster, FetchOptions options);
    ~Fetcher();

    // Reads from `position` on. A partition that is there already goes on from there.
    void add(const TopicPartition& partition, Offset position);
    // What was fetched and not taken is dropped.
    void remove(const TopicPartition& partition);
    bool reads(const TopicPartition& partition) const { return partitions_.contains(partition); }
    std::size_t partition_count() const { return partitions_.size(); }

    // The next records of any partition; nothing when none came until `deadline`, or after stop().
    // Empty records tell that a position moved or that the end was reached. An error is for good.
    runtime::Task<Result<std::optional<FetchedRecords>>> next(MonoTime deadline);

    // Ends next() now and for ever.
    void stop();
    // Stops, and waits for what runs.
    runtime::Task<void> close();

private:
    struct Partition {
        Offset position;                // to be asked for next
        std::uint64_t incarnation = 0;  // another one after remove() and add()
        std::optional<NodeId> leader;   // nothing: to be found
        bool looking = false;           // for the leader, or for where to go on
        std::size_t waiting_bytes = 0;  // fetched and not taken
        bool end_told = false;          // what was fetched last reached the end
        MonoTime not_before{};
        std::optional<Backoff> backoff;
        std::int32_t bytes_max = 0;
    };
    struct Ready {
        std::uint64_t incarnation;
        FetchedBytes bytes;
    };
    struct Asked {
        TopicPartition name;
        std::uint64_t incarnation;
        Offset position;
    };

    Partition* find(const TopicPartition& name, std::uint64_t incarnation);
    runtime::Task<void> route_loop();
    runtime::Task<void> find_leader(TopicPartition name, std::uint64_t incarnation);
    runtime::Task<void> reset_position(TopicPartition name, std::uint64_t incarnation);
    runtime::Task<void> fetch_loop(NodeId leader);
    std::vector<Asked> what_to_ask(NodeId leader, MonoTime& next);
    runtime::Task<Result<void>> fetch(NodeId leader, std::vector<Asked> asked);
    void take_answer(const Asked& asked, FetchedBytes bytes);
    void handle_error(const Asked& asked, ErrorCode error);
    void back_off(Partition& partition);
    void fail_for_good(Error error);

    // Constant after construction.
    Cluster& cluster_;
    runtime::Shards& shards_;
    FetchOptions options_;

    std::map<TopicPartition, Partition> partitions_;
    std::uint64_t incarnations_ = 0;
    std::deque<Ready> ready_;
    std::size_t ready_bytes_ = 0;
    std::set<NodeId> loops_;
    std::map<NodeId, ConnectionPtr> polling_;  // where a long poll is under way
    std::optional<Error> failure_;
    bool stopped_ = false;

    runtime::WaitList work_changed_;
    runtime::WaitList arrived_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::client
