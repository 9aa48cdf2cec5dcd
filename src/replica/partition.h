// Partition: one replica of one partition on this node, and the rules of being its leader: what may
// be appended, what may be read, when an append is committed. Owned by the shard's PartitionTable;
// everything happens on that shard.
//
// What must hold: log start <= high watermark <= log end. The high watermark never goes back while
// this replica leads. In `flush` mode it is the smallest flushed offset over the ISR (D11), in
// `page-cache` mode the smallest log end. Consumers, and producers with acks=all, see nothing above
// it.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "live/counters.h"
#include "replica/topic_settings.h"
#include "runtime/event.h"
#include "runtime/shards.h"
#include "runtime/task.h"
#include "storage/log.h"
#include "wire/record_batch.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cauce::replica {

using runtime::Task;

// Who may see what.
enum class Isolation : std::uint8_t { read_uncommitted, read_committed };

struct AppendOptions {
    enum class Origin : std::uint8_t { client, coordinator };
    Origin origin = Origin::client;
    // -1 = all in-sync replicas, which must then be at least min.insync.replicas.
    std::int16_t required_acks = -1;
    live::ClientToken client = 0;  // 0: the node itself
    // The batch stays where it is until write_gathered: it is written along with others.
    bool gather = false;
};

struct Appended {
    Offset first;
    Offset next;  // after the last record; committed when the high watermark reaches it
    std::int64_t log_append_time_ms = -1;  // -1 with CreateTime
    Offset log_start;
    bool duplicate = false;  // sent before: nothing was appended
    // flush.messages is reached: nobody is to be told before flushed(next), with acks=1 neither.
    bool wait_for_flush = false;
};

struct FetchLimits {
    Offset from;
    std::size_t max_bytes = 0;
    bool at_least_one = false;  // the first batch is returned whole, however large
    Isolation isolation = Isolation::read_uncommitted;
};

// What a reader gets, and the marks it is told with it.
struct Fetched {
    storage::ReadResult records;
    Offset high_watermark;
    Offset last_stable_offset;
    Offset log_start;
};

struct EpochEnd {
    LeaderEpoch epoch;
    Offset end;
};

// DeleteRecords: everything below the high watermark.
inline constexpr Offset kToHighWatermark{-1};

struct RecordsDeleted {
    Offset low_watermark;
    // The log's start moved, and in `flush` mode nobody may be told before the checkpoint of log
    // starts has it: deleted records must not come back.
    bool start_to_be_kept = false;
};

// ListOffsets: timestamps below zero are questions of their own.
inline constexpr std::int64_t kLatest = -1;
inline constexpr std::int64_t kEarliest = -2;
inline constexpr std::int64_t kMaxTimestamp = -3;
inline constexpr std::int64_t kEarliestLocal = -4;
inline constexpr std::int64_t kLatestTiered = -5;
inline constexpr std::int64_t kEarliestPendingUpload = -6;

// What is known of a partition's compaction: as the cleaner found it when it last looked.
struct Compaction {
    storage::Dirt dirt;
    // Why it is not compacted any more until the node starts again: a batch is damaged.
    std::string refused;
    // The disk has no room for it; said once.
    bool lacks_room = false;
};

// What compaction would do with it now, and what it waits for.
struct CompactionOutlook {
    storage::Dirt dirt;
    bool wanted = false;  // it is worth a round
    // Of this process, if there was one; what it left to time.
    std::optional<storage::LastRound> last;
    std::string refused;
};

// Told when the high watermark or the log end of a partition it watches moves, or its leadership
// ends. Destroying it ends the watch. Must not destroy the partition.
class Watcher {
public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    virtual void partition_moved() = 0;

protected:
    virtual ~Watcher();

private:
    friend class Partition;
    void unlink();
    class Partition* partition_ = nullptr;
    Watcher* next_ = nullptr;
    Watcher* previous_ = nullptr;
};

class Partition final : private storage::LogObserver {
public:
    // `log` is open. The partition serves nobody until become_leader().
    Partition(runtime::Shards& shards, TopicId topic_id, std::unique_ptr<storage::Log> log,
              std::shared_ptr<const TopicSettings> settings);
    ~Partition();
    Partition(const Partition&) = delete;
    Partition& operator=(const Partition&) = delete;

    const TopicPartition& name() const { return log_->partition(); }
    TopicId topic_id() const { return topic_id_; }
    LeaderEpoch leader_epoch() const { return leader_epoch_; }
    bool is_leader() const { return leading_; }
    storage::Log& log() { return *log_; }
    const storage::Log& log() const { return *log_; }
    const TopicSettings& settings() const { return *settings_; }
    const live::PartitionCounters& counters() const { return counters_; }
    // Of the last leadership, which may go on.
    const live::Edges& edges() const { return edges_; }

    Offset log_start() const { return log_->start_offset(); }
    Offset high_watermark() const { return high_watermark_; }
    Offset log_end() const { return log_->end_offset(); }
    // The first offset a read_committed reader must not see.
    Offset last_stable_offset() const;

    // Metadata says that this replica leads from now on. `isr_size` counts this replica.
    void become_leader(LeaderEpoch epoch, std::int32_t isr_size,
                       Offset checkpointed_high_watermark);
    // Waiters are told NOT_LEADER_OR_FOLLOWER.
    void resign();
    void reconfigure(std::shared_ptr<const TopicSettings> settings);

    // Appends one batch as the leader: checks it, patches its base offset and leader epoch where it
    // lies, and writes it. Does not wait; the order of calls is the order in the log.
    Result<Appended> append_as_leader(MutableBytes batch, const AppendOptions& options);

    // Writes what was appended with AppendOptions::gather. The caller has let others append first
    // (runtime::yield); before this returns nobody is told of the batch, and its bytes stay.
    Result<void> write_gathered();

    // Where an acks=all Produce waits: ends when the high watermark has reached `next`.
    // REQUEST_TIMED_OUT: the deadline came first; the records may be committed later all the same.
    Task<Result<void>> committed(Offset next, MonoTime deadline);
    // Where Appended::wait_for_flush waits: ends when the device has everything below `next`, and
    // asks for that when nobody has. The same errors.
    Task<Result<void>> flushed(Offset next, MonoTime deadline);

    // KIP-320: FENCED_LEADER_EPOCH when the client's epoch is older than ours, UNKNOWN_LEADER_EPOCH
    // when newer. -1 passes.
    Result<void> check_leader_epoch(std::int32_t current_leader_epoch) const;
    // The same for a request that only the leader serves. As in Kafka the epoch is looked at first.
    Result<void> check_leads(std::int32_t current_leader_epoch = -1) const;

    // Reads committed records. try_read answers when no device needs to be asked.
    std::optional<Result<Fetched>> try_read(const FetchLimits& limits);
    Task<Result<Fetched>> read(FetchLimits limits);
    // A consumer was given `fetched`: counted for the live view.
    void count_fetch(const Fetched& fetched, live::ClientToken client);
    // The aborted transactions among [from, end), which a read_committed reader has to skip.
    Task<Result<std::vector<storage::AbortedTransaction>>> aborted_transactions(Offset from,
                                                                                Offset end);

    // ListOffsets: by timestamp, or one of the special ones. Offset -1: there is none.
    Task<Result<storage::TimestampOffset>> list_offset(std::int64_t timestamp, Isolation isolation);

    // DeleteRecords: the log starts at `before` from now on, or stays where it is when it starts
    // later. Segments go with retention. POLICY_VIOLATION on a topic that is only compacted,
    // OFFSET_OUT_OF_RANGE above the high watermark.
    Result<RecordsDeleted> delete_records(Offset before);
    // The smallest log start over the replicas: ours, there is one.
    Offset low_watermark() const { return log_->start_offset(); }

    // Retention: drops old segments below the high watermark.
    Task<void> delete_old_segments();

    // What that would do, and what it waits for; nothing when the log is empty, or cannot be read.
    Task<std::optional<storage::RetentionOutlook>> retention_outlook();

    // Compaction. Looks at how much there is to do, and whether that is worth a round.
    Task<bool> wants_cleaning();
    // One round. `order.stable` is ours to say. Nothing: it came to no end, and the log says why.
    Task<std::optional<storage::CleaningReport>> clean(storage::CleaningOrder order);
    const Compaction& compaction() const { return compaction_; }
    // Nothing when it is not compacted, or cannot be read.
    Task<std::optional<CompactionOutlook>> compaction_outlook();

    // Forgets producers that have been silent for producer.id.expiration.ms.
    void expire_producers();

    // Ends when no read is under way.
    Task<void> quiet();

    // The end of the largest epoch at or below `epoch` (OffsetForLeaderEpoch, truncation detection
    // in Fetch).
    EpochEnd end_of_epoch(LeaderEpoch epoch) const;

    void watch(Watcher& watcher);

private:
    friend class Watcher;

    void log_flushed() override;
    void log_failed() override { notify(); }
    Result<Appended> append(MutableBytes batch, const AppendOptions& options);
    void advance_high_watermark();
    void notify();
    // What Produce and the coordinators may not append; `batch` is the header of a whole batch.
    Result<void> check(const wire::BatchHeader& batch, std::size_t bytes,
                       const AppendOptions& options) const;
    // Why this replica cannot take a request that asks for its leader.
    Error not_leader() const;
    // Whether what was appended in that epoch may still be acknowledged.
    Result<void> check_still_leads(LeaderEpoch since) const;
    // KAFKA_STORAGE_ERROR: the log directory is offline.
    Result<void> check_online() const;
    Offset visible_end(Isolation isolation) const;
    storage::ReadRequest read_request(const FetchLimits& limits) const;
    Result<Fetched> fetched(IoResult<storage::ReadResult> records) const;
    // Once: readers come again and again.
    void say_whether_readable(const IoResult<storage::ReadResult>& records);

    // A read that may suspend is under way.
    class Reading;

    // Constant after construction.
    runtime::Shards& shards_;
    const TopicId topic_id_;
    const std::unique_ptr<storage::Log> log_;

    // State.
    std::shared_ptr<const TopicSettings> settings_;
    bool leading_ = false;
    LeaderEpoch leader_epoch_;
    std::int32_t isr_size_ = 0;
    Offset high_watermark_;
    live::PartitionCounters counters_;
    live::Edges edges_;
    std::int32_t reads_ = 0;
    bool unreadable_ = false;  // the last read failed, and that was said
    Compaction compaction_;

    // Waiters.
    runtime::WaitList moved_;    // the high watermark advanced, or leadership ended
    runtime::WaitList flushed_;  // the log was flushed, or neither that nor leadership will last
    runtime::WaitList quiet_;
    Watcher* watchers_ = nullptr;
};

}  // namespace cauce::replica
