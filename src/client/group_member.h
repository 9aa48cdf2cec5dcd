// GroupMember: one member of a classic consumer group: joins, is given partitions, shows that it is
// alive, commits, leaves. It keeps its identity between the calls and asks the group's coordinator;
// when to call what is for the Consumer to say.
//
// One shard. One call at a time, but for commit(), which may run beside heartbeat(), and
// interrupt().
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "client/assignor.h"
#include "client/cluster.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cauce::client {

// How far a partition was read.
struct Position {
    Offset next;
    LeaderEpoch leader_epoch{-1};  // of the last record before `next`; -1: not known

    bool operator==(const Position&) const = default;
};

// The names are Kafka's, and so are the defaults.
struct GroupOptions {
    std::string group;
    std::optional<std::string> instance_id;
    Duration session_timeout = seconds(45);
    Duration rebalance_timeout = seconds(300);
    Duration heartbeat_interval = seconds(3);
    // In the order of preference; the group settles on one that all its members have.
    std::vector<Strategy> strategies{Strategy::range, Strategy::cooperative_sticky};
    bool auto_commit = true;
    Duration auto_commit_interval = seconds(5);

    // With only cooperative strategies a member keeps reading while its group rebalances.
    bool is_cooperative() const;
};

class GroupMember {
public:
    // `cluster` must outlive it.
    GroupMember(Cluster& cluster, GroupOptions options);

    // Joins, or joins again, and ends with this member's partitions. As the leader it also computes
    // everybody's. Errors that mean the membership is lost: is_lost(). Others that pass: try again.
    runtime::Task<Result<std::vector<TopicPartition>>> join(std::vector<std::string> topics,
                                                            std::vector<TopicPartition> owned);
    // rebalance_in_progress: the group wants everybody to join again.
    runtime::Task<Result<void>> heartbeat();
    // Errors of single partitions come as one.
    runtime::Task<Result<void>> commit(std::map<TopicPartition, Position> positions,
                                       MonoTime deadline);
    // Tells the group, unless the member is static: those may come back.
    runtime::Task<void> leave(MonoTime deadline);

    // Ends a pending join() or heartbeat().
    void interrupt();
    // After this the next join() is that of a new member.
    void forget_identity();

    bool is_member() const { return generation_ >= 0; }
    bool is_leader() const { return leader_; }
    // Of the topics, as the leader assigned them; empty for others.
    const std::map<std::string, std::int32_t>& partition_counts() const { return counts_; }
    const GroupOptions& options() const { return options_; }

private:
    struct Joined {
        std::string protocol;
        std::vector<Subscription> members;  // of the leader only
    };
    runtime::Task<Result<Joined>> join_once(std::vector<std::string> topics,
                                            std::vector<TopicPartition> owned);
    runtime::Task<Result<Assignment>> assign_all(Joined joined);
    runtime::Task<Result<std::vector<TopicPartition>>> sync(std::string protocol,
                                                            Assignment assignment);
    runtime::Task<Result<ConnectionPtr>> coordinator(MonoTime deadline);
    // Errors that say the coordinator is elsewhere: it is looked for again.
    Error coordinator_error(ErrorCode code);

    Cluster& cluster_;
    GroupOptions options_;

    std::string member_id_;
    std::int32_t generation_ = -1;
    bool leader_ = false;
    std::map<std::string, std::int32_t> counts_;
    ConnectionPtr in_use_;
    bool interrupted_ = false;
};

// True when the group no longer knows the member: what it read belongs to others.
bool is_lost(ErrorCode code);

}  // namespace cauce::client
