// Quorum: agreement on one sequence of record batches, the metadata log. Two engines stand behind
// it: OneVoterQuorum (a cluster of one) and the Raft core.
//
// Lives on shard 0 with its one listener. propose() is a plain call that appends and returns: the
// host may go on proposing while earlier batches are being flushed (that is the group commit). What
// becomes of a proposal is told by what commits at its place: the same epoch, it counts; another
// one, it is lost. Whoever proposed keeps what it owes its client until then.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "metadata/record_list.h"
#include "runtime/task.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cauce::quorum {

// Of the metadata log, in the log directory that metadata.log.dir names.
inline constexpr std::string_view kMetadataFolder = "__cluster_metadata-0";

// Names a snapshot: it holds everything before `end_offset`; `epoch` is that of its last batch.
struct SnapshotId {
    Offset end_offset;
    std::int32_t epoch = 0;

    constexpr auto operator<=>(const SnapshotId&) const = default;
    // "00000000000000000042-0000000003"
    std::string to_string() const;
};

struct VoterEndpoint {
    std::string listener;
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const VoterEndpoint&) const = default;
};

struct Voter {
    NodeId id;
    Uuid directory_id;
    std::vector<VoterEndpoint> endpoints;
    // The levels of kraft.version it can work at.
    std::int16_t kraft_version_min = 0;
    std::int16_t kraft_version_max = 1;

    bool operator==(const Voter&) const = default;
};

struct LeaderAndEpoch {
    std::optional<NodeId> leader;
    LeaderEpoch epoch;

    bool operator==(const LeaderAndEpoch&) const = default;
};

// A batch that counts. Views are valid during the call.
struct CommittedBatch {
    Offset base_offset;
    Offset last_offset;
    LeaderEpoch epoch;
    WallTime appended;
    // The records as proposed; none in a control batch (leader change, voters), which is delivered
    // all the same because it takes offsets.
    std::span<const BytesView> values;
    std::size_t size_bytes = 0;
};

// What the quorum tells. Called from the quorum's own task on shard 0, never from inside propose().
class Listener {
public:
    virtual ~Listener() = default;

    // A snapshot replaces everything known so far: begin, any number of batches, end. At most once
    // at start, and whenever a follower fell too far behind.
    virtual void on_snapshot_begin(const SnapshotId& id) = 0;
    virtual void on_snapshot_batch(const CommittedBatch& batch) = 0;
    virtual void on_snapshot_end(const SnapshotId& id, WallTime last_contained) = 0;
    // In the order of the offsets, without gaps.
    virtual void on_commit(const CommittedBatch& batch) = 0;
    // Everything on the disk has been delivered and nothing written yet. False: this log is not for
    // this listener to go on from, and the start ends without a change to it.
    virtual bool on_replayed() { return true; }
    // Told to its new leader only after everything of former epochs was delivered.
    virtual void on_leader_change(const LeaderAndEpoch& leader) = 0;
    // The log cannot be written or flushed any more (D20). Nothing further commits here.
    virtual void on_failure(const IoError& error) = 0;
};

struct Proposed {
    Offset base_offset;
    Offset last_offset;
    LeaderEpoch epoch;
};

// Yields the records of a snapshot, some at a time; keeps what it needs alive itself.
class SnapshotSource {
public:
    virtual ~SnapshotSource() = default;
    // Adds records to `into`, about `size_bytes_wanted` at most. False when there are no more.
    virtual bool next(metadata::RecordList& into, std::size_t size_bytes_wanted) = 0;
};

struct QuorumStatus {
    LeaderAndEpoch leader;
    bool is_leader = false;
    Offset log_start;
    // Everything before it is committed.
    Offset high_watermark;
    Offset log_end;
    std::int16_t kraft_version = 0;
    std::vector<Voter> voters;
};

class Quorum {
public:
    virtual ~Quorum() = default;

    // Recovers the log, delivers snapshot and committed batches to `listener`, takes part from then
    // on. The listener outlives the quorum. An error: the log on disk is not to be trusted, with
    // the file, the place and the reason; or the listener would not go on from it (ECANCELED).
    virtual runtime::Task<IoResult<void>> start(Listener& listener) = 0;
    // Ends when nothing is in flight any more. Proposals that did not commit are told to nobody.
    virtual runtime::Task<void> stop() = 0;

    virtual bool is_leader() const = 0;
    // The offset the next proposal's first record will take; valid until the next propose() or
    // suspension. Only while is_leader().
    virtual Offset next_offset() const = 0;
    // Appends all records as one batch: all of them count or none. not_controller: somebody else
    // leads, or nobody. kafka_storage_error: no space, nothing was appended. message_too_large.
    virtual Result<Proposed> propose(const metadata::RecordList& records) = 0;

    virtual QuorumStatus status() const = 0;

    // Bytes of records committed since the newest snapshot; the host compares it with
    // metadata.log.max.record.bytes.between.snapshots.
    virtual std::uint64_t size_bytes_since_snapshot() const = 0;
    // Writes the state at `id` (an offset that was delivered), then drops log segments and older
    // snapshots that are not needed any more. One at a time.
    virtual runtime::Task<IoResult<void>> write_snapshot(SnapshotId id, WallTime last_contained,
                                                         SnapshotSource& source) = 0;
};

}  // namespace cauce::quorum
