// Log: the records of one partition on this node, as a row of segments in a folder of Kafka's own
// layout (docs/formats/segment.md). It owns the segments, their indexes, the producer state and the
// leader epochs, and belongs to one shard.
//
// What must hold: batches stand in offset order without overlap; start_offset <= flushed_offset <=
// end_offset, and written_offset between the last two; everything below flushed_offset is on the
// device, with the names and indexes needed to find it again.
//
// Suspension: append, roll and try_read do not wait for anything. While truncate_to,
// truncate_fully_and_start_at, close or remove run, nothing else may be called but the plain
// accessors; everything else may overlap. A round of compaction that runs when one of these begins
// is ended by it.
//
// Errors: ENOSPC and EDQUOT from append mean that nothing was appended and the log is as before.
// Any other failed write, and a failed flush, takes the directory offline (DirectoryShard); appends
// answer EIO from then on.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/mutant.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/disk.h"
#include "runtime/event.h"
#include "runtime/net.h"
#include "runtime/stop.h"
#include "runtime/task.h"
#include "storage/cleanable.h"
#include "storage/cleaning_order.h"
#include "storage/directory_shard.h"
#include "storage/flush.h"
#include "storage/leader_epochs.h"
#include "storage/log_config.h"
#include "storage/producer_state.h"
#include "storage/retention.h"
#include "storage/transaction_index.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cauce::storage {

struct BatchHead;
class ReadPlaces;
class Segment;
class TailBuffer;

struct LogOpenOptions {
    TopicPartition partition;
    TopicId topic_id;  // zero: unknown; partition.metadata is not written then
    std::shared_ptr<const LogConfig> config;
    // The directory was stopped cleanly: nothing is scanned.
    bool clean = false;
    // From the checkpoints of the directory.
    Offset recovery_point;
    Offset start_offset;
    std::optional<Offset> cleaned_upto;
};

// What opening found.
struct RecoveryReport {
    bool clean = true;
    std::uint64_t scanned_bytes = 0;
    std::uint64_t cut_bytes = 0;     // behind the last whole batch, removed
    std::uint64_t cut_segments = 0;  // segments behind the cut, removed
    Offset recovery_point;           // as given
    Offset end_offset;               // as found
    std::string reason;              // why it was cut; empty when it was not
};

struct AppendInfo {
    Offset first;
    Offset last;
    std::int64_t max_timestamp = -1;
    bool rolled = false;
    // flush.messages is reached: answer only when all of it has been flushed, whatever the mode.
    bool wait_for_flush = false;
};

struct ReadRequest {
    Offset from;
    // Nothing at or above it is returned. A batch boundary: end offset, high watermark, last stable
    // offset.
    Offset upper_bound;
    std::size_t max_bytes = 0;
    // The first batch is returned whole even when it is larger than max_bytes.
    bool at_least_one = false;
};

// Whole batches of one segment: a range of its file, or bytes in memory. The first batch holds
// `from` but may begin before it. Empty (size 0) at the upper bound, or when not even one batch
// fits.
struct ReadResult {
    runtime::WritePart data;
    std::uint64_t size = 0;
    Offset first;  // base offset of the first batch
    Offset next;   // the offset after the last batch
    // Holds the file open, or the bytes alive. May be destroyed on any shard.
    std::shared_ptr<const void> keep_alive;
};

struct TimestampOffset {
    std::int64_t timestamp = -1;
    Offset offset{-1};
    LeaderEpoch leader_epoch;
};

// The oldest segment, and what retention makes of it.
struct RetentionOutlook {
    std::size_t segment_count = 0;
    Offset first;          // of the segment, whether it is still there or not
    OldestSegment oldest;  // without a record that has a time: the file's
    bool has_times = false;
    bool is_last = false;  // appended to
    RetentionForecast forecast;
};

// Told when something of a log moves without its owner having asked. On the log's shard; must not
// destroy it.
class LogObserver {
public:
    // flushed_offset grew: the high watermark may follow.
    virtual void log_flushed() = 0;
    // The directory went offline: nothing unflushed will ever be.
    virtual void log_failed() = 0;

protected:
    ~LogObserver() = default;
};

class Log final : public Flushable {
public:
    // Opens the folder of the partition, recovering it when the stop was not clean. A partition
    // without a folder is an empty log that begins at options.start_offset; its folder and files
    // are made with its first record. `home` outlives the log.
    static runtime::Task<IoResult<std::unique_ptr<Log>>> open(DirectoryShard& home,
                                                              LogOpenOptions options);
    // After close(), or where it stands: a crash.
    ~Log();

    const TopicPartition& partition() const { return partition_; }
    TopicId topic_id() const { return topic_id_; }
    const LogConfig& config() const { return *config_; }
    // Takes effect with the next append, roll or retention pass.
    void reconfigure(std::shared_ptr<const LogConfig> config);
    void observe(LogObserver* observer) { observer_ = observer; }
    const RecoveryReport& recovery() const { return *recovery_; }
    DirectoryShard& home() { return home_; }
    const DirectoryShard& home() const { return home_; }
    std::string folder() const;

    Offset start_offset() const { return start_offset_; }
    // One past the last record.
    Offset end_offset() const { return end_offset_; }
    // Everything below it is in the files, where it survives the process. Between append_gathering
    // and write_gathered it is behind end_offset.
    Offset written_offset() const { return written_offset_; }
    // Everything below it is on the device.
    Offset flushed_offset() const { return flushed_offset_; }
    // What belongs into the recovery-point checkpoint. It falls when the log is truncated below it;
    // the owner then writes the checkpoint before it appends again, or a crash could take the new
    // records for checked ones.
    Offset recovery_point() const {
        return CAUCE_MUTANT("recovery-point-unflushed") ? end_offset_ : flushed_offset_;
    }
    // True when the start lies inside a segment, so that the log-start checkpoint must hold it.
    bool start_inside_segment() const;
    std::uint64_t size_bytes() const;
    std::size_t segment_count() const { return segments_.size(); }

    // Producers, read only; append keeps them up to date. high_watermark_moved and expire are the
    // owner's to call.
    ProducerState& producers() { return producers_; }
    const ProducerState& producers() const { return producers_; }
    // Leader epochs. append assigns the epochs of the batches it is given.
    const LeaderEpochs& leader_epochs() const { return epochs_; }
    // A new leader assigns its epoch at the end offset before its first record.
    void assign_epoch(LeaderEpoch epoch, Offset start_offset);

    // Appends batches of format 2; older ones are only read. Each view holds one or more whole
    // batches, checked by the caller, with base offset and leader epoch already in place; the first
    // begins at or after end_offset. They are written by one call, and in `flush` mode they enter
    // the next round. EMSGSIZE when they do not fit into a segment.
    IoResult<AppendInfo> append(std::span<const BytesView> batches);
    IoResult<AppendInfo> append(BytesView batches) { return append(std::span(&batches, 1)); }
    // As append, but a small batch is written a little later, in one call with those that come in
    // the same turn. Whoever appended lets the others go first (runtime::yield) and then calls
    // write_gathered: until that has returned the bytes stay where they are, and nobody is told
    // that they were appended. Reads, flushes, cuts and other appends write them before.
    IoResult<AppendInfo> append_gathering(BytesView batch);
    IoResult<void> write_gathered();

    // Begins a new segment at the end offset; the next append goes there. Nothing to do for an
    // empty active one.
    IoResult<void> roll();

    // Answers at once when no device needs to be asked: at the tail, and where a reader goes on
    // that was here before. Nothing: use read().
    std::optional<IoResult<ReadResult>> try_read(const ReadRequest& request);
    // ERANGE: `from` is not in [start_offset, end_offset].
    runtime::Task<IoResult<ReadResult>> read(ReadRequest request);
    // The bytes of a result, for whoever cannot send them from the file.
    runtime::Task<IoResult<void>> copy_out(const ReadResult& result, Buffer& into);

    // The aborted transactions that a read_committed reader of [from, upper_bound) has to skip.
    runtime::Task<IoResult<std::vector<AbortedTransaction>>> aborted_transactions(
        Offset from, Offset upper_bound);

    // ListOffsets: the first record at or after `timestamp`, below `upper_bound`; nothing when
    // there is none.
    runtime::Task<IoResult<std::optional<TimestampOffset>>> offset_for_timestamp(
        std::int64_t timestamp, Offset upper_bound);
    // ListOffsets -3: the record with the largest timestamp; nothing when the log is empty.
    runtime::Task<IoResult<std::optional<TimestampOffset>>> offset_of_max_timestamp();

    // Removes all batches that hold `end` or begin behind it. Nothing to do when `end` is at or
    // above end_offset.
    runtime::Task<IoResult<void>> truncate_to(Offset end);
    // Removes everything; the log is empty and begins at `start`.
    runtime::Task<IoResult<void>> truncate_fully_and_start_at(Offset start);
    // DeleteRecords, or what the leader says: records below `start` are gone. Segments go with
    // retention. False when it is not above the present one; ERANGE when above end_offset.
    IoResult<bool> advance_start_offset(Offset start);

    // Retention: drops whole old segments by start offset, time and size (retention.h), none of
    // which may hold anything at or above `keep_from` (the high watermark). Returns how many.
    runtime::Task<IoResult<std::size_t>> delete_old_segments(Offset keep_from);
    // What it would do, and what it waits for; nothing when the log is empty.
    runtime::Task<IoResult<std::optional<RetentionOutlook>>> retention_outlook(Offset keep_from);

    // Compaction (docs/formats/compaction.md), whatever cleanup.policy says: that is for the caller
    // to ask. How much of the log there is to compact when nothing at or above `stable` may be
    // looked at.
    runtime::Task<IoResult<Dirt>> dirt(Offset stable);
    // One round: of each key the newest record stays. One at a time. ECANCELED: the log was cut or
    // closed meanwhile, or its segments went; EBADMSG: a batch is damaged. What was done until then
    // stays done, and the log is as complete as before.
    runtime::Task<IoResult<CleaningReport>> clean(CleaningOrder order);
    // A round that runs ends soon, with ECANCELED.
    void interrupt_cleaning() {
        if (cleaning_ != nullptr) cleaning_->request();
    }
    // Where the last round stopped; what belongs into cleaner-offset-checkpoint.
    std::optional<Offset> cleaned_upto() const { return cleaned_upto_; }
    // Nothing when there was none since the log was opened.
    const std::optional<LastRound>& last_round() const { return last_round_; }

    // Ends when everything below `upto` is on the device; asks for it when nobody has. EIO: the
    // directory is offline.
    runtime::Task<IoResult<void>> wait_flushed(Offset upto);
    // Enters the next flush round when anything is unflushed; does not wait.
    void request_flush();
    bool offline() const { return home_.offline(); }
    // flush.messages: so many are unflushed that whoever appended is not to be answered before they
    // are.
    bool flush_messages_reached() const;
    // flush.ms: asks for a flush when the oldest unflushed record is older than that.
    void flush_if_due();

    // Makes recovery short, whatever happens next: writes what indexes and producers hold in
    // memory. Called before the recovery-point checkpoint is written; cheap when nothing was
    // appended since.
    runtime::Task<IoResult<void>> prepare_checkpoint();
    // Lets go of buffers and files; they come back when needed. For a partition that has been
    // quiet.
    void release_memory();

    // Clean stop: everything flushed, preallocated space cut, producer snapshot taken. Destroy it
    // afterwards.
    runtime::Task<IoResult<void>> close();
    // The partition is gone from this node: renames its folder to topic-N.<id>-delete and removes
    // it after file.delete.delay.ms. Destroy it afterwards.
    runtime::Task<IoResult<void>> remove();

private:
    // What the next flush has to make durable.
    struct Dirty {
        std::vector<std::shared_ptr<runtime::File>> files;  // closed segments, indexes, snapshots
        std::shared_ptr<runtime::File>
            active;                // the active segment's file, held open until flushed
        bool folder = false;       // names in the partition's folder
        bool parent = false;       // the folder's own name
        bool epochs = false;       // leader-epoch-checkpoint
        bool with_active = false;  // somebody asked for the active segment in page-cache mode
    };
    struct FlushWork;
    class CleaningRound;
    using Segments = std::vector<std::shared_ptr<Segment>>;

    Log(DirectoryShard& home, LogOpenOptions options);

    runtime::Task<IoResult<Flushed>> flush() override;
    void flush_done() override;
    void flush_postponed() override;
    void flush_failed(const IoError& error) override;
    FlushWork take_flush_work();
    static runtime::Task<IoResult<Flushed>> run_flush(FlushWork work);

    bool flush_mode() const { return config_->durability == Durability::flush; }
    std::unexpected<IoError> offline_error() const;
    Segment& active() { return *segments_.back(); }
    // The segment that holds `offset`, and where the next one begins or the log ends.
    std::pair<std::shared_ptr<Segment>, Offset> segment_at(Offset offset) const;
    std::int64_t next_jitter();

    IoResult<void> make_files();
    IoResult<void> write_topic_id();
    IoResult<void> begin_segment(Offset base);
    IoResult<void> roll_to(Offset base);
    IoResult<void> write_snapshot(Offset offset);
    enum class Write : std::uint8_t { now, gather };
    IoResult<AppendInfo> append(std::span<const BytesView> batches, Write write);
    IoResult<void> append_run(std::span<const BytesView> batches, std::uint64_t bytes, Write write);
    void note(const BatchHead& head, BytesView batch, std::uint32_t position);
    void note_marker(const EndTransaction& end);
    void after_append(AppendInfo& info);
    IoResult<void> drop_segments(std::size_t count);
    void warn_of_future(const OldestSegment& oldest, Offset base);
    runtime::Task<IoResult<void>> cut_at(Offset end);
    runtime::Task<void> end_cleaning();
    // Whether these segments stand in the log as they did, one behind the other.
    bool holds(const Segments& row) const;
    runtime::Task<IoResult<void>> exchange(std::shared_ptr<Segment> successor, Segments row);
    IoResult<void> retire(Segment& segment);
    void drop_snapshot(Offset offset, std::vector<std::string>& renamed);
    runtime::Task<IoResult<ReadResult>> read_from_files(ReadRequest request);
    IoResult<ReadResult> range(Segment& segment, std::uint32_t begin, std::uint32_t end,
                               Offset first, Offset next);

    // Constant after construction.
    DirectoryShard& home_;
    TopicPartition partition_;
    TopicId topic_id_;
    std::shared_ptr<const std::string> folder_;

    std::shared_ptr<const LogConfig> config_;
    LogObserver* observer_ = nullptr;
    std::unique_ptr<RecoveryReport> recovery_;

    // State.
    Offset start_offset_;
    Offset end_offset_;
    Offset written_offset_;
    Offset flushed_offset_;
    Offset flushing_upto_;           // what the flush under way will have made durable
    Segments segments_;              // by base offset; the last is the active one
    std::vector<Offset> snapshots_;  // producer snapshots on disk
    ProducerState producers_;
    LeaderEpochs epochs_;
    Dirty dirty_;
    MonoTime dirty_since_;              // when the oldest unflushed record was appended
    std::uint64_t snapshot_bytes_ = 0;  // appended since the last snapshot
    Offset checkpointed_{-1};           // end at the last prepare_checkpoint()
    std::uint32_t cuts_ = 0;  // truncations so far: a suspended read looks whether it still holds
    std::uint32_t exchanges_ = 0;  // of segments for compacted ones: the same
    bool busy_ = false;            // truncating or closing
    bool closed_ = false;
    bool has_topic_id_ = false;
    bool told_future_ = false;  // of the oldest segment: its time lies ahead
    std::unique_ptr<ReadPlaces> places_;
    std::unique_ptr<TailBuffer> tail_;  // since somebody reads there
    std::optional<Offset> cleaned_upto_;
    std::optional<LastRound> last_round_;
    runtime::Stop* cleaning_ = nullptr;  // of the round that runs

    // Waiters.
    runtime::WaitList flushed_;
    runtime::WaitList cleaning_ended_;
};

}  // namespace cauce::storage
