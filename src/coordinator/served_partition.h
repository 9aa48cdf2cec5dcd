// One partition of `__consumer_offsets` under this node's leadership: its groups, their log, and
// the requests that wait for records to be committed. Owned by Host, and by the requests that wait;
// one shard.
//
// The order of things: a step of the state machines takes effect in memory at once; its records
// join a queue. One batch is under way at a time; what queues up meanwhile makes the next one
// (group commit). When a batch is committed, its offsets are applied by replay, and then, in order,
// whoever waited for them is told. So an OffsetFetch never shows what is not committed, and a reply
// never promises it.
#pragma once

#include "base/ids.h"
#include "base/log.h"
#include "base/time.h"
#include "coordinator/group/groups.h"
#include "coordinator/offsets_log.h"
#include "runtime/event.h"
#include "runtime/shards.h"
#include "runtime/task.h"
#include "wire/batch_builder.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::coordinator {

class Host;

class ServedPartition {
public:
    enum class Phase : std::uint8_t { loading, serving, failed, resigned };

    ServedPartition(Host& host, std::int32_t partition, LeaderEpoch epoch, OffsetsLog& log);
    ServedPartition(const ServedPartition&) = delete;
    ServedPartition& operator=(const ServedPartition&) = delete;
    ~ServedPartition();

    Phase phase() const { return phase_; }
    group::Groups& groups() { return groups_; }
    const group::Groups& groups() const { return groups_; }

    // Loads, then writes until resign(). The owner spawns it once; it keeps the partition alive.
    static runtime::Task<void> run(std::shared_ptr<ServedPartition> self);
    // At once: nobody waits any more, nothing is written any more. finished() ends when run() has.
    void resign();
    runtime::Event::Wait finished() { return finished_.wait(); }
    runtime::Event::Wait finished_until(MonoTime deadline);

    // Someone who waits until records are committed. Lives where it is awaited.
    class Commit {
    public:
        explicit Commit(ServedPartition& partition) : partition_(&partition) {}
        Commit(const Commit&) = delete;
        Commit& operator=(const Commit&) = delete;
        ~Commit();

        runtime::Event::Wait done() { return done_.wait(); }
        // Of the log; error_for_client() says what clients are told.
        ErrorCode error() const { return error_; }

    private:
        friend class ServedPartition;
        void tell(ErrorCode error);

        ServedPartition* partition_;  // null once told
        runtime::Event done_;
        ErrorCode error_ = ErrorCode::none;
    };

    // Queues records; `commit`, if any, is told of their fate.
    void append(group::Append append, Commit* commit);
    // Sends the replies and queues the appends of a step; `commit` waits for the last append.
    void carry_out(group::Effects& effects, Commit* commit = nullptr);

    // Positions of a group whose records, commits or tombstones, are not committed yet.
    std::vector<TopicPartition> under_way(std::string_view group_id) const;

    // Ends when everything queued before is committed or has failed; false when `deadline` came
    // first.
    runtime::Task<bool> settled(MonoTime deadline);

    // The next time tick() has something to do.
    std::optional<MonoTime> next_deadline() const;
    void tick();

    // Chores are done between two batches, when what is in memory is what the log says.
    void expire_offsets();
    void forget(std::span<const TopicPartition> partitions);

private:
    struct Write {
        group::Append append;
        MonoTime deadline;
        Commit* commit = nullptr;
        bool told = false;  // its time was over before the log was done with it
    };
    class Loader;

    runtime::Task<void> load();
    runtime::Task<void> write();
    runtime::Task<void> do_chores();
    // Takes as much of the queue as one batch holds.
    Buffer take_batch();
    void finish_batch(const Result<Offset>& result);
    void tell(Write& write, ErrorCode error);
    // The groups that records in the queue are about.
    std::set<std::string, std::less<>> queued_groups() const;
    void note_expired(const group::Effects& effects) const;
    bool has_chores() const { return expire_ || !forgotten_.empty(); }

    // Constant after construction.
    Host& host_;
    const std::int32_t partition_;
    const LeaderEpoch epoch_;
    OffsetsLog& log_;

    // State.
    Phase phase_ = Phase::loading;
    group::Groups groups_;
    std::vector<Write> queue_;
    std::vector<Write> in_flight_;
    // Writes queued, and done with, since the beginning.
    std::uint64_t queued_ = 0;
    std::uint64_t done_ = 0;
    bool expire_ = false;
    std::vector<TopicPartition> forgotten_;
    wire::BatchBuilder builder_{wire::BatchOptions{}};

    // Waiters.
    runtime::WaitList work_;
    runtime::WaitList progress_;
    runtime::Event finished_;
};

}  // namespace cauce::coordinator
