// All groups of one partition of `__consumer_offsets`: the whole coordinator, without the waiting.
// Requests, the passing of time and the fate of records go in; replies and records come out. What
// the log says goes in through replay(), both when it is loaded and when a commit has been
// committed.
//
// No clock, no I/O, no chance of its own: the same calls give the same effects.
#pragma once

#include "base/bytes.h"
#include "base/error_code.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/time.h"
#include "coordinator/group/classic_group.h"
#include "coordinator/group/committed_offsets.h"
#include "coordinator/group/config.h"
#include "coordinator/group/effects.h"
#include "coordinator/group/pending_transactions.h"
#include "coordinator/group/records.h"
#include "coordinator/group/replies.h"
#include "coordinator/group/requests.h"
#include "coordinator/group/wake_queue.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cauce::wire {
struct LeaveGroupRequest;
struct ListGroupsRequest;
struct OffsetCommitRequest;
struct OffsetDeleteRequest;
}  // namespace cauce::wire

namespace cauce::coordinator::group {

// Groups of other protocols that a log written by Apache Kafka may hold. They are recognised, and
// requests that would use their names for classic groups are refused.
enum class OtherProtocol : std::uint8_t { none, consumer, share, streams };

// A commit that is acceptable: what to append, and what to answer once that is committed.
struct CommitPlan {
    RecordList records;
    OffsetCommitReply reply;
};

// What is wrong with a request whatever the group; none when it has to be asked.
ErrorCode refusal(const GroupConfig& config, const wire::JoinGroupRequest& request);
ErrorCode refusal(const wire::SyncGroupRequest& request, std::int16_t version);

// The reply to a commit that was refused, or could not be stored, as a whole.
OffsetCommitReply failed_commit(const wire::OffsetCommitRequest& request, ErrorCode error);

// Whom a LeaveGroup takes out; one member before version 3.
struct MemberToRemove {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
};
std::vector<MemberToRemove> members_to_remove(const wire::LeaveGroupRequest& request,
                                              std::int16_t version);

class Groups {
public:
    Groups(const GroupConfig& config, Logger log) : config_(config), log_(std::move(log)) {}
    Groups(const Groups&) = delete;
    Groups& operator=(const Groups&) = delete;

    // --- requests ---

    // Answered through the effects, now or in a later step.
    void join(const wire::JoinGroupRequest& request, const RequestInfo& info, Uuid fresh,
              ReplyId reply, Now now, Effects& effects);
    void sync(const wire::SyncGroupRequest& request, std::int16_t version, ReplyId reply, Now now,
              Effects& effects);

    HeartbeatReply heartbeat(const wire::HeartbeatRequest& request, Now now);
    // The reply holds once the records in the effects, if any, are committed.
    LeaveGroupReply leave(const wire::LeaveGroupRequest& request, std::int16_t version, Now now,
                          Effects& effects);
    CommitPlan commit(const wire::OffsetCommitRequest& request, std::int16_t version, Now now);
    // Deletes a group that nobody is in, with its positions; or only positions. `under_way` are
    // those whose records are not committed yet: they stand in front of the tombstones and go too.
    // The reply holds once the records in the effects, if any, are committed.
    DeleteGroupReply delete_group(std::string_view group_id,
                                  std::span<const TopicPartition> under_way, Effects& effects);
    OffsetDeleteReply delete_offsets(const wire::OffsetDeleteRequest& request,
                                     std::span<const TopicPartition> under_way, Effects& effects);
    OffsetFetchReply fetch(const OffsetFetchQuery& query) const;
    DescribedGroup describe(std::string_view group_id, std::int16_t version) const;
    // Adds this partition's groups, in no order.
    void list(const wire::ListGroupsRequest& request,
              std::vector<ListGroupsReply::Group>& out) const;

    // --- time ---

    std::optional<MonoTime> next_deadline() const { return wakes_.next(); }
    // Does what has fallen due.
    void tick(Now now, Effects& effects);

    // --- the log ---

    // The fate of an Append: `error` is none when its records are committed.
    void appended(Sequel& sequel, ErrorCode error, Now now, Effects& effects);

    enum class Replayed : std::uint8_t { applied, unknown_type, malformed };
    // A committed record. With a producer id it belongs to a transaction, and counts when that
    // ends.
    Replayed replay(const RecordView& record, Offset offset, ProducerId transaction = {});
    void replay_transaction_end(ProducerId transaction, bool committed);
    // All has been replayed; the groups' members are expected to show life from now on.
    void loaded(Now now, Effects& effects);
    // The leadership is lost: all who wait get `error`. The last call.
    void unload(ErrorCode error, Effects& effects);

    // --- housekeeping ---

    std::vector<std::string> group_ids() const;  // ordered
    // Forgets offsets that nobody has renewed for the retention time, and a group that has neither
    // offsets nor members left. Not to be asked while records of the group wait to be written: they
    // would stand behind its tombstone.
    void expire(std::string_view group_id, Now now, Effects& effects);
    // Topics were deleted.
    void forget(std::span<const TopicPartition> partitions, Effects& effects);

    std::size_t size() const { return slots_.size(); }
    const ClassicGroup* find(std::string_view group_id) const;
    const CommittedOffsets* offsets(std::string_view group_id) const;
    void check() const;

private:
    // What is known under a group id. Offsets may outlive their group: a group changes its protocol
    // by deletion of the old one, and the offsets stay.
    struct Slot : WakeQueue::Entry {
        // Shared with the sequel of its tombstone only.
        std::shared_ptr<ClassicGroup> classic;
        CommittedOffsets offsets;
        OtherProtocol other = OtherProtocol::none;
        // Tombstones of groups of this name under way.
        int deletions = 0;

        bool exists() const { return classic != nullptr || other != OtherProtocol::none; }
    };
    struct IdHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view id) const {
            return std::hash<std::string_view>()(id);
        }
    };
    using Slots = std::unordered_map<std::string, Slot, IdHash, std::equal_to<>>;

    Step step(Now now, Effects& effects) const { return {now, config_, log_, effects}; }
    Slot* slot(std::string_view group_id);
    const Slot* slot(std::string_view group_id) const;
    Slot& make_slot(std::string_view group_id);
    // After any call to the slot's group: keeps its place in the queue.
    void settle(Slot& slot) {
        wakes_.set(slot, slot.classic ? slot.classic->wake_at() : MonoTime::never());
    }
    void remove_classic(std::string_view group_id);
    // Out of memory at once, its tombstone to be written.
    void take_out(std::string_view group_id, Slot& slot, Effects& effects);
    void taken_out(GroupDeleted& deleted, ErrorCode error);
    void drop_if_unused(std::string_view group_id);

    Replayed replay_offset(const RecordView& record, Offset offset, ProducerId transaction);
    Replayed replay_group(const RecordView& record);
    Replayed replay_other(const RecordView& record, OtherProtocol protocol);

    const GroupConfig& config_;
    const Logger log_;
    Slots slots_;
    WakeQueue wakes_;
    PendingTransactions transactions_;
};

}  // namespace cauce::coordinator::group
