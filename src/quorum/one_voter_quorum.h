// OneVoterQuorum: agreement with oneself. The engine of a cluster of one: it elects itself at every
// start, in a new epoch, and what it has flushed is committed.
//
// The log is `__cluster_metadata-0` in Kafka's KRaft layout (docs/formats/metadata-log.md): an
// epoch begins with a LeaderChange batch (and, the first one of a cluster, KRaftVersion and
// KRaftVoters), every proposal is one batch, the epoch stands in `quorum-state` before the first
// batch that carries it, snapshots are NNN-EEE.checkpoint files.
//
// What must hold: only what was flushed is told to the listener; what was told is there after any
// crash, or the start is refused; no epoch is used twice.
//
// Shard 0.
#pragma once

#include "base/log.h"
#include "metadata/effective_config.h"
#include "quorum/commit_mark.h"
#include "quorum/log_check.h"
#include "quorum/quorum.h"
#include "quorum/quorum_state.h"
#include "storage/directory_shard.h"
#include "storage/log.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::quorum {

// The settings of the metadata log itself: metadata.log.segment.bytes and metadata.log.segment.ms.
std::shared_ptr<const storage::LogConfig> metadata_log_config(const metadata::StaticConfig& file);

struct OneVoterOptions {
    NodeId node;
    Uuid directory_id;
    std::shared_ptr<const storage::LogConfig> log;  // null: storage's defaults
};

class OneVoterQuorum final : public Quorum, private storage::LogObserver {
public:
    // The log directory outlives it.
    OneVoterQuorum(storage::DirectoryShard& home, OneVoterOptions options, Logger log);
    ~OneVoterQuorum() override;

    runtime::Task<IoResult<void>> start(Listener& listener) override;
    runtime::Task<void> stop() override;

    bool is_leader() const override { return leading_; }
    Offset next_offset() const override { return log_->end_offset(); }
    Result<Proposed> propose(const metadata::RecordList& records) override;
    QuorumStatus status() const override;

    std::uint64_t size_bytes_since_snapshot() const override { return size_bytes_since_snapshot_; }
    runtime::Task<IoResult<void>> write_snapshot(SnapshotId id, WallTime last_contained,
                                                 SnapshotSource& source) override;

private:
    // Appended and not delivered yet.
    struct Pending {
        Offset base_offset;
        Offset last_offset;
        WallTime appended;
        metadata::RecordList records;  // none: a control batch
        std::size_t size_bytes = 0;
    };

    // Base offsets of the first and the last batch of an epoch in the log.
    struct EpochSeen {
        LeaderEpoch epoch;
        Offset first;
        Offset last;
    };
    class Replay;

    void log_flushed() override { progress_.notify_all(); }
    void log_failed() override { progress_.notify_all(); }

    // The steps of start().
    runtime::Task<IoResult<void>> load_snapshot();
    runtime::Task<IoResult<std::vector<EpochSeen>>> replay_log(Offset end);
    IoResult<void> check_voters(const QuorumState& state);
    runtime::Task<IoResult<void>> open_log(LogCheck check);
    IoResult<void> check_epochs(const std::vector<EpochSeen>& seen) const;
    runtime::Task<IoResult<void>> begin_epoch(LeaderEpoch at_least);
    IoResult<void> append_control_batch();

    // Gives one batch of the log or a snapshot to the listener, and takes what concerns the quorum
    // itself.
    IoResult<void> hand_over(const wire::BatchHeader& batch, bool from_snapshot,
                             std::string_view file);
    IoResult<void> take_control_record(const wire::Record& record, bool from_snapshot);
    // Tells the listener what has been flushed, in order, as long as the quorum lives.
    runtime::Task<void> deliver();
    void deliver_front();
    // Snapshots and segments that the snapshot at `id` makes superfluous.
    runtime::Task<IoResult<void>> clean_up_before(SnapshotId id);
    Offset snapshot_end() const { return snapshot_ ? snapshot_->end_offset : Offset{0}; }

    // Constant after construction.
    storage::DirectoryShard& home_;
    const OneVoterOptions options_;
    const Logger logger_;
    const std::string folder_;

    // State.
    Listener* listener_ = nullptr;
    std::unique_ptr<storage::Log> log_;
    std::optional<CommitMarkWriter> mark_;
    std::optional<SnapshotId> snapshot_;
    LeaderEpoch epoch_{0};
    std::int16_t kraft_version_ = 0;
    bool voters_in_log_ = false;  // written since the bootstrap snapshot
    std::vector<Voter> voters_;
    std::vector<NodeId> static_voters_;  // as the last leader told them
    bool leading_ = false;
    bool told_leader_ = false;
    bool stopping_ = false;
    Offset committed_;
    std::deque<Pending> pending_;
    std::uint64_t size_bytes_since_snapshot_ = 0;

    // Waiters.
    runtime::WaitList progress_;
    runtime::TaskGroup tasks_;
};

}  // namespace cauce::quorum
