// The membership of one group under the classic rebalance protocol (JoinGroup, SyncGroup,
// Heartbeat, LeaveGroup): who belongs to it, in which generation, with which assignment.
//
//   Empty --join--> PreparingRebalance --all joined, or time is up--> CompletingRebalance
//     ^                  ^    ^                                              |
//     |                  |    +---------- member comes, goes, changes -------+ leader's assignment
//     |                  +------------------------------- as above --- Stable <--- is committed
//     +---- PreparingRebalance ends without members
//
// Dead is the absence of a group. Behaviour and error codes are Apache Kafka 4.4's, KIP-62, -134,
// -345 (static members), -394 (member ids), -559, -814 included.
//
// A state machine without I/O: every call gets the time and leaves replies and records in the
// effects. One object of Groups; one shard.
#pragma once

#include "base/error_code.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/time.h"
#include "coordinator/group/config.h"
#include "coordinator/group/effects.h"
#include "coordinator/group/member.h"
#include "coordinator/group/replies.h"
#include "coordinator/group/requests.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::wire {
struct GroupMetadataValue;
struct HeartbeatRequest;
struct JoinGroupRequest;
struct SyncGroupRequest;
}  // namespace cauce::wire

namespace cauce::coordinator::group {

enum class GroupState : std::uint8_t {
    empty,
    preparing_rebalance,
    completing_rebalance,
    stable,
    dead,
};

// As clients see it: "PreparingRebalance".
std::string_view state_name(GroupState state);

// Where a step happens and what it leaves behind.
struct Step {
    Now now;
    const GroupConfig& config;
    const Logger& log;
    Effects& effects;
};

class ClassicGroup {
public:
    // An empty group that nobody has used.
    ClassicGroup(std::string id, WallTime created);
    // The group that a record describes; stable if it has members. Their sessions start with
    // loaded().
    ClassicGroup(std::string id, const wire::GroupMetadataValue& value);

    const std::string& id() const { return id_; }
    GroupState state() const { return state_; }
    std::int32_t generation() const { return generation_; }
    const std::optional<std::string>& protocol_type() const { return protocol_type_; }
    const std::optional<std::string>& protocol_name() const { return protocol_name_; }
    const std::optional<std::string>& leader() const { return leader_; }
    const std::map<std::string, Member, std::less<>>& members() const { return members_; }
    // When the state began; nothing when a record of old did not say.
    std::optional<std::int64_t> state_since_ms() const { return state_since_ms_; }

    // Nobody is in it or on the way to it.
    bool quiet() const { return members_.empty() && pending_.empty(); }

    // Whether a member with these protocols can join.
    bool supports(std::string_view protocol_type, const wire::JoinGroupRequest& request) const;

    // --- requests ---

    // `fresh` makes the id of a new member.
    void join(Step& step, const wire::JoinGroupRequest& request, const RequestInfo& info,
              Uuid fresh, ReplyId reply);
    void sync(Step& step, const wire::SyncGroupRequest& request, ReplyId reply);
    ErrorCode heartbeat(Step& step, const wire::HeartbeatRequest& request);
    // One member of a LeaveGroup; after the last one, members_left() draws the consequences.
    ErrorCode leave(Step& step, std::string_view member_id,
                    std::optional<std::string_view> group_instance_id);
    void members_left(Step& step);
    // Whether a commit is acceptable; if so it counts as a sign of life.
    ErrorCode commit(Step& step, std::string_view member_id,
                     std::optional<std::string_view> group_instance_id, std::int32_t generation);
    void describe(DescribedGroup& out) const;

    // --- time, the log, life and death ---

    // No timer of this group is due earlier; may be too early, never too late.
    MonoTime wake_at() const { return wake_at_; }
    void tick(Step& step);

    void stored(Step& step, AssignmentStored& sequel, ErrorCode error);
    void stored(Step& step, StaticMemberReplaced& sequel, ErrorCode error);

    // The log has been read: sessions begin, and a group grown too large shrinks.
    void loaded(Step& step);
    // Everyone who waits gets `error`; the group is not used any more.
    void abandon(Effects& effects, ErrorCode error);

    // The record of an empty group that was just made.
    void record_creation(Effects& effects) const;
    // The group as a record; `assignment` gives each member's bytes.
    void record(RecordList& records,
                const std::function<BytesView(const Member&)>& assignment) const;

    // Invariants, for tests and DCHECKs.
    void check() const;

private:
    struct Joining;

    // JoinGroup
    bool accepts(const Step& step, std::string_view member_id) const;
    void join_new_member(Step& step, const Joining& joining, Uuid fresh);
    void join_known_member(Step& step, const Joining& joining);
    void add_member(Step& step, const Joining& joining, std::string member_id);
    void replace_static_member(Step& step, const Joining& joining, std::string new_member_id);
    void rejoin(Step& step, const Joining& joining, Member& member, std::string_view why);
    void update(Member& member, Member::Protocols protocols, std::int32_t rebalance_timeout_ms,
                std::int32_t session_timeout_ms);
    Member& rename_static_member(Step& step, Member& old, std::string new_member_id);
    JoinGroupReply current_generation(const Member& member) const;
    std::vector<JoinGroupReply::Member> subscriptions() const;

    // Rebalance
    bool can_rebalance() const;
    void rebalance_or_complete_join(Step& step, std::string_view why);
    void prepare_rebalance(Step& step, std::string_view why);
    void maybe_complete_join(Step& step);
    void complete_join(Step& step);
    void initial_delay_over(Step& step);
    bool all_joined() const { return members_.size() == awaiting_join_ && pending_.empty(); }
    bool elect_leader_among_joined(Step& step);
    void next_generation(Step& step);
    void sync_expired(Step& step);
    void session_expired(Step& step, const std::string& member_id);
    void transition(const Step& step, GroupState to);

    // Members
    void store_assignment(Step& step, const wire::SyncGroupRequest& request);
    ErrorCode validate(std::string_view member_id,
                       std::optional<std::string_view> group_instance_id) const;
    Member* find(std::string_view member_id);
    // Answers what it waits for, and takes it out. Also forgets a pending id.
    void remove(Step& step, std::string_view member_id);
    void count_protocols(const Member& member, int sign);
    std::string select_protocol() const;
    milliseconds rebalance_timeout() const;
    void propagate(Step& step, ErrorCode error);
    void synced(Member& member);
    void clear_owed_syncs();

    // Deadlines
    void extend_session(const Step& step, Member& member);
    void set_deadline(MonoTime& deadline, MonoTime at);
    MonoTime earliest_deadline() const;

    // Replies
    void answer_join(Step& step, Member& member, JoinGroupReply reply);
    void answer_sync(Step& step, Member& member, SyncGroupReply reply);
    static void refuse_join(Step& step, ReplyId reply, std::string_view member_id, ErrorCode error);
    static void refuse_sync(Step& step, ReplyId reply, ErrorCode error);

    const std::string id_;

    GroupState state_ = GroupState::empty;
    GroupState previous_state_ = GroupState::dead;
    std::optional<std::int64_t> state_since_ms_;
    std::int32_t generation_ = 0;
    std::optional<std::string> protocol_type_;
    std::optional<std::string> protocol_name_;
    std::optional<std::string> leader_;  // a member id

    // By member id. Ordered, because who is first becomes leader when nothing else decides.
    std::map<std::string, Member, std::less<>> members_;
    // Member id of each group.instance.id.
    std::map<std::string, std::string, std::less<>> static_members_;
    // Ids given out with MEMBER_ID_REQUIRED and not come back yet, with their deadlines (KIP-394).
    std::map<std::string, MonoTime, std::less<>> pending_;
    // How many members support a protocol.
    std::map<std::string, std::size_t, std::less<>> supported_;
    std::size_t awaiting_join_ = 0;
    std::size_t owed_syncs_ = 0;

    // The join phase ends at the latest...
    MonoTime join_deadline_ = MonoTime::never();
    // ... and for a first rebalance this much of the rebalance timeout is left for extensions.
    bool initial_ = false;
    bool new_member_added_ = false;
    milliseconds initial_delay_{0};
    milliseconds initial_left_{0};
    // Members who have not collected their assignment by then are removed.
    MonoTime sync_deadline_ = MonoTime::never();

    MonoTime wake_at_ = MonoTime::never();
};

}  // namespace cauce::coordinator::group
