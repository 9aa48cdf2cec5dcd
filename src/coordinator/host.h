// Serves groups: one Host a shard, for the partitions of `__consumer_offsets` that this shard
// leads. It owns the groups' state machines (group/), loads them when leadership comes, appends
// their records, keeps requests waiting until what they rest on is committed, and runs one timer
// for all of them. Everything happens on its shard; another shard asks through Shards::on().
//
// Answers are never late beyond offsets.commit.timeout.ms for what waits for the log, except
// JoinGroup and SyncGroup, which wait for other members as long as the protocol says.
//
// The caller has checked authorisation, and for OffsetCommit, OffsetFetch and OffsetDelete that
// topics exist:
// with version 10 it fills in `name` for every `topic_id` it knows and answers for the others
// itself.
//
// Requests are borrowed for the duration of the call; replies own what they hold.
#pragma once

#include "base/ids.h"
#include "base/log.h"
#include "coordinator/group/config.h"
#include "coordinator/group/effects.h"
#include "coordinator/group/replies.h"
#include "coordinator/group/requests.h"
#include "coordinator/offsets_log.h"
#include "runtime/shards.h"
#include "runtime/task.h"
#include "runtime/task_group.h"
#include "runtime/timers.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cauce::wire {
struct HeartbeatRequest;
struct JoinGroupRequest;
struct LeaveGroupRequest;
struct ListGroupsRequest;
struct OffsetCommitRequest;
struct OffsetDeleteRequest;
struct OffsetFetchRequest;
struct SyncGroupRequest;
}  // namespace cauce::wire

namespace cauce::coordinator {

class ServedPartition;

using group::DeleteGroupReply;
using group::DescribedGroup;
using group::GroupConfig;
using group::HeartbeatReply;
using group::JoinGroupReply;
using group::LeaveGroupReply;
using group::ListGroupsReply;
using group::OffsetCommitReply;
using group::OffsetDeleteReply;
using group::OffsetFetchQuery;
using group::OffsetFetchReply;
using group::RequestInfo;
using group::SyncGroupReply;

class Host {
public:
    Host(runtime::Shards& shards, GroupConfig config, Logger log);
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    // At run time close() comes first. Without it everything stops where it stands, as in a crash.
    ~Host();

    // --- leadership, told by who applies metadata deltas ---

    // How many partitions `__consumer_offsets` has; until told, as many as the configuration says.
    // Told before any leadership that depends on it.
    void set_partition_count(std::int32_t count);

    // Starts to load; requests are answered COORDINATOR_LOAD_IN_PROGRESS until that is done. `log`
    // lives until resign() or close() has ended. Being told again under a higher epoch means a
    // resign() came between.
    void become_leader(std::int32_t partition, LeaderEpoch epoch, OffsetsLog& log);
    // Forgets the partition's groups: who waits is answered NOT_COORDINATOR, at once. Ends when
    // nothing of ours touches the log any more, so the log must have been told first that the
    // leadership is over. Nothing happens when the partition is not led here.
    runtime::Task<void> resign(std::int32_t partition);
    // Resigns everything; the last call. Waits for appends under way, but no longer than
    // offsets.commit.timeout.ms: one that cannot be committed must not hold up the stop.
    runtime::Task<void> close();

    // The partition of a group, for FindCoordinator and for choosing the shard to ask.
    std::int32_t partition_for(std::string_view group_id) const;

    // --- the APIs ---

    runtime::Task<JoinGroupReply> join_group(const wire::JoinGroupRequest& request,
                                             RequestInfo info);
    runtime::Task<SyncGroupReply> sync_group(const wire::SyncGroupRequest& request,
                                             RequestInfo info);
    runtime::Task<HeartbeatReply> heartbeat(const wire::HeartbeatRequest& request,
                                            RequestInfo info);
    runtime::Task<LeaveGroupReply> leave_group(const wire::LeaveGroupRequest& request,
                                               RequestInfo info);
    runtime::Task<OffsetCommitReply> commit_offsets(const wire::OffsetCommitRequest& request,
                                                    RequestInfo info);
    // Deletes groups that nobody is in, with all they committed; an answer each, in this order. All
    // of them wait for their partitions' logs together.
    runtime::Task<std::vector<DeleteGroupReply>> delete_groups(
        std::vector<std::string_view> group_ids);
    // Deletes positions that nobody in the group uses.
    runtime::Task<OffsetDeleteReply> delete_offsets(const wire::OffsetDeleteRequest& request,
                                                    RequestInfo info);
    // Sees what is committed. With require_stable it first waits for the commits under way.
    runtime::Task<OffsetFetchReply> fetch_offsets(const OffsetFetchQuery& query);
    // One group a call; groups of one request may live on different shards.
    runtime::Task<DescribedGroup> describe_group(std::string_view group_id, RequestInfo info);
    // The groups of this shard. The caller merges the shards' answers; an error of one is the
    // answer of all.
    runtime::Task<ListGroupsReply> list_groups(const wire::ListGroupsRequest& request);

    // Topics were deleted: what groups committed for them goes too. Every shard is told.
    void partitions_deleted(std::span<const TopicPartition> partitions);

    // Every committed position of this shard, for the live view.
    using VisitCommitted = std::function<void(std::string_view group_id, std::string_view topic,
                                              std::int32_t partition, Offset committed)>;
    void for_each_committed(const VisitCommitted& visit) const;
    // Every group of this shard, for metrics and the live view. One that only commits offsets has
    // no members.
    using VisitGroup = std::function<void(std::string_view group_id, std::size_t members)>;
    void for_each_group(const VisitGroup& visit) const;
    // Every member of a group of this shard, for the live view. What it is to read is ordered, and
    // null where that is not known (group/assigned_partitions.h).
    using VisitMember = std::function<void(std::string_view group_id, std::string_view client_id,
                                           std::string_view client_host,
                                           const std::vector<TopicPartition>* assigned)>;
    void for_each_member(const VisitMember& visit) const;

private:
    friend class ServedPartition;
    class Waiting;
    struct Alarm : runtime::Timer {
        explicit Alarm(Host* host) : Timer(&Alarm::fired), owner(host) {}
        static void fired(Timer* self);
        Host* owner;
    };

    // Who serves the group, or why nobody does.
    std::expected<std::shared_ptr<ServedPartition>, ErrorCode> served(
        std::string_view group_id) const;
    group::Now now() const;
    void answer(group::Effects::Reply& reply);
    void wake_by(std::optional<MonoTime> deadline);
    void alarm();

    // Constant after construction.
    runtime::Shards& shards_;
    const GroupConfig config_;
    const Logger log_;

    // State.
    std::int32_t partition_count_;
    std::map<std::int32_t, std::shared_ptr<ServedPartition>> served_;
    MonoTime retention_check_ = MonoTime::never();
    bool closed_ = false;

    // Waiters.
    std::unordered_map<std::uint64_t, Waiting*> waiting_;
    std::uint64_t last_waiting_ = 0;
    MonoTime alarm_at_ = MonoTime::never();
    Alarm alarm_{this};

    runtime::TaskGroup tasks_;
};

}  // namespace cauce::coordinator
