// What a step of the state machines asks for: replies to send and records to append. The host does
// both, and tells the machines when records are committed or will not be.
#pragma once

#include "base/time.h"
#include "coordinator/group/records.h"
#include "coordinator/group/replies.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cauce::coordinator::group {

class ClassicGroup;

// Names a request that waits for its answer. The host gives it out and knows what it means.
enum class ReplyId : std::uint64_t { none = 0 };

// Both clocks as they stand in this step.
struct Now {
    MonoTime mono;
    WallTime wall;
};

// --- what follows once records are committed, or are not: given back to Groups::appended() ---

// The record of a group that a JoinGroup brought into being.
struct GroupCreated {
    std::string group_id;
};

// The assignment that a leader handed in.
struct AssignmentStored {
    std::string group_id;
    std::int32_t generation = 0;
    std::map<std::string, Buffer, std::less<>> assignments;  // by member id
};

// A static member came back under a new member id, and took its predecessor's place in a stable
// group.
struct StaticMemberReplaced {
    std::string group_id;
    std::int32_t generation = 0;
    std::string group_instance_id;
    std::string old_member_id;
    std::string new_member_id;
    std::string old_leader;
    bool may_skip_assignment = false;  // JoinGroup 9 and later
    ReplyId join = ReplyId::none;
    // For taking it back when the record could not be stored.
    std::int32_t old_rebalance_timeout_ms = 0;
    std::int32_t old_session_timeout_ms = 0;
    std::vector<std::pair<std::string, Buffer>> old_protocols;
};

// The tombstone of a group. The group is out of memory from the start: who joins before this is
// committed makes a new group, whose records stand behind the tombstone.
struct GroupDeleted {
    std::string group_id;
    // Goes back to its place when the log did not take the tombstone.
    std::shared_ptr<ClassicGroup> group;
};

// Nothing follows (monostate) for records whose effect is in memory already, and for offsets.
using Sequel = std::variant<std::monostate, GroupCreated, AssignmentStored, StaticMemberReplaced,
                            GroupDeleted>;

// Records that stand in one batch or not at all.
struct Append {
    RecordList records;
    // Offsets are applied from their records once committed; a group's own record only says what is
    // in memory already.
    bool replay = false;
    Sequel sequel;
};

struct Effects {
    struct Reply {
        ReplyId id = ReplyId::none;
        std::variant<JoinGroupReply, SyncGroupReply> reply;
    };

    std::vector<Reply> replies;
    std::vector<Append> appends;

    void clear() {
        replies.clear();
        appends.clear();
    }
};

}  // namespace cauce::coordinator::group
