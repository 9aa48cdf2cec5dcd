#include "coordinator/host.h"

#include "base/check.h"
#include "coordinator/group/assigned_partitions.h"
#include "coordinator/group/errors.h"
#include "coordinator/group/groups.h"
#include "coordinator/group/partition_for.h"
#include "coordinator/responses.h"
#include "coordinator/served_partition.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/leave_group_request.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/offset_delete_request.h"
#include "wire/messages/sync_group_request.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <variant>

namespace cauce::coordinator {

using group::error_for_client;
using runtime::Task;

namespace {

// Appends that one request waits for, each for one of its answers. Lives in its coroutine's frame.
class AwaitedAppends {
public:
    struct Awaited {
        Awaited(std::shared_ptr<ServedPartition> by, std::size_t of)
            : served(std::move(by)), commit(*served), answer(of) {}
        std::shared_ptr<ServedPartition> served;  // outlives `commit`
        ServedPartition::Commit commit;
        std::size_t answer;
    };

    // Queues the appends of a step that has nothing else to do.
    void queue(const std::shared_ptr<ServedPartition>& served, group::Effects& effects,
               std::size_t answer) {
        CHECK(effects.replies.empty(), answer);
        for (group::Append& append : effects.appends) {
            Awaited& awaited = all_.emplace_back(served, answer);
            served->append(std::move(append), &awaited.commit);
        }
        effects.clear();
    }
    std::deque<Awaited>& all() { return all_; }

private:
    std::deque<Awaited> all_;
};

}  // namespace

// A JoinGroup or SyncGroup that waits; lives in its coroutine's frame.
class Host::Waiting {
public:
    explicit Waiting(Host& host) : host_(&host), id_(++host.last_waiting_) {
        host.waiting_.emplace(id_, this);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
        if (host_ != nullptr) host_->waiting_.erase(id_);
    }

    group::ReplyId id() const { return group::ReplyId{id_}; }
    runtime::Event::Wait answered() { return answered_.wait(); }
    template <typename Reply>
    Reply take() {
        return std::get<Reply>(std::move(reply_));
    }

private:
    friend class Host;

    Host* host_;
    const std::uint64_t id_;
    std::variant<JoinGroupReply, SyncGroupReply> reply_;
    runtime::Event answered_;
};

Host::Host(runtime::Shards& shards, GroupConfig config, Logger log)
    : shards_(shards),
      config_(std::move(config)),
      log_(std::move(log)),
      partition_count_(config_.offsets_topic_partitions),
      tasks_(shards.ready()) {}

Host::~Host() {
    for (auto& [id, waiting] : waiting_)
        waiting->host_ = nullptr;
}

// --- leadership ---

void Host::set_partition_count(std::int32_t count) {
    if (count > 0) partition_count_ = count;
}

void Host::become_leader(std::int32_t partition, LeaderEpoch epoch, OffsetsLog& log) {
    if (closed_) return;  // Metadata may still arrive while the node stops.
    CHECK(!served_.contains(partition), partition);
    const auto served = std::make_shared<ServedPartition>(*this, partition, epoch, log);
    served_.emplace(partition, served);
    tasks_.spawn(ServedPartition::run(served));
    if (retention_check_ == MonoTime::never()) {
        retention_check_ = shards_.clock().now() + config_.offsets_retention_check_interval;
        wake_by(retention_check_);
    }
}

Task<void> Host::resign(std::int32_t partition) {
    const auto node = served_.extract(partition);
    if (node.empty()) co_return;
    const std::shared_ptr<ServedPartition> served = node.mapped();
    served->resign();
    co_await served->finished();
}

Task<void> Host::close() {
    closed_ = true;
    const auto all = std::exchange(served_, {});
    for (const auto& [partition, served] : all)
        served->resign();
    const MonoTime deadline = shards_.clock().now() + config_.commit_timeout;
    for (const auto& [partition, served] : all)
        co_await served->finished_until(deadline);
    alarm_.disarm();
}

std::int32_t Host::partition_for(std::string_view group_id) const {
    return group::partition_for(group_id, partition_count_);
}

std::expected<std::shared_ptr<ServedPartition>, ErrorCode> Host::served(
    std::string_view group_id) const {
    if (closed_) return std::unexpected(ErrorCode::coordinator_not_available);
    const auto at = served_.find(partition_for(group_id));
    if (at == served_.end()) return std::unexpected(ErrorCode::not_coordinator);
    switch (at->second->phase()) {
        case ServedPartition::Phase::serving:
            return at->second;
        case ServedPartition::Phase::loading:
            return std::unexpected(ErrorCode::coordinator_load_in_progress);
        case ServedPartition::Phase::failed:
        case ServedPartition::Phase::resigned:
            break;
    }
    return std::unexpected(ErrorCode::not_coordinator);
}

// --- the APIs ---

Task<JoinGroupReply> Host::join_group(const wire::JoinGroupRequest& request, RequestInfo info) {
    JoinGroupReply refused;
    refused.error = group::refusal(config_, request);
    if (refused.error != ErrorCode::none) {
        refused.member_id = request.member_id;
        co_return refused;
    }
    const auto served = this->served(request.group_id);
    if (!served) {
        refused.error = served.error();
        co_return refused;
    }
    Waiting waiting(*this);
    group::Effects effects;
    (*served)->groups().join(request, info, shards_.random().uuid(), waiting.id(), now(), effects);
    (*served)->carry_out(effects);
    co_await waiting.answered();
    co_return waiting.take<JoinGroupReply>();
}

Task<SyncGroupReply> Host::sync_group(const wire::SyncGroupRequest& request, RequestInfo info) {
    SyncGroupReply refused;
    refused.error = group::refusal(request, info.api_version);
    if (refused.error != ErrorCode::none) co_return refused;
    const auto served = this->served(request.group_id);
    if (!served) {
        refused.error = served.error();
        co_return refused;
    }
    Waiting waiting(*this);
    group::Effects effects;
    (*served)->groups().sync(request, info.api_version, waiting.id(), now(), effects);
    (*served)->carry_out(effects);
    co_await waiting.answered();
    co_return waiting.take<SyncGroupReply>();
}

Task<HeartbeatReply> Host::heartbeat(const wire::HeartbeatRequest& request, RequestInfo) {
    HeartbeatReply reply;
    if (request.group_id.empty()) {
        reply.error = ErrorCode::invalid_group_id;
        co_return reply;
    }
    const auto served = this->served(request.group_id);
    if (served) {
        reply = (*served)->groups().heartbeat(request, now());
        wake_by((*served)->groups().next_deadline());
        co_return reply;
    }
    // While the group is read from the log its members need not be troubled.
    const bool loading = served.error() == ErrorCode::coordinator_load_in_progress;
    reply.error = loading ? ErrorCode::none : served.error();
    co_return reply;
}

Task<LeaveGroupReply> Host::leave_group(const wire::LeaveGroupRequest& request, RequestInfo info) {
    LeaveGroupReply reply;
    if (request.group_id.empty()) {
        reply.error = ErrorCode::invalid_group_id;
        co_return reply;
    }
    const auto served = this->served(request.group_id);
    if (!served) {
        reply.error = served.error();
        co_return reply;
    }
    group::Effects effects;
    reply = (*served)->groups().leave(request, info.api_version, now(), effects);
    const bool writes = !effects.appends.empty();
    ServedPartition::Commit commit(**served);
    (*served)->carry_out(effects, &commit);
    if (!writes) co_return reply;
    co_await commit.done();
    if (commit.error() != ErrorCode::none) {
        reply.error = error_for_client(commit.error());
        reply.members.clear();
    }
    co_return reply;
}

Task<OffsetCommitReply> Host::commit_offsets(const wire::OffsetCommitRequest& request,
                                             RequestInfo info) {
    const auto served = this->served(request.group_id);
    if (!served) co_return group::failed_commit(request, served.error());
    group::CommitPlan plan = (*served)->groups().commit(request, info.api_version, now());
    wake_by((*served)->groups().next_deadline());
    if (plan.records.empty()) co_return std::move(plan.reply);
    group::Append append;
    append.records = std::move(plan.records);
    append.replay = true;
    ServedPartition::Commit commit(**served);
    (*served)->append(std::move(append), &commit);
    co_await commit.done();
    if (commit.error() != ErrorCode::none) {
        co_return group::failed_commit(request, error_for_client(commit.error()));
    }
    co_return std::move(plan.reply);
}

Task<std::vector<DeleteGroupReply>> Host::delete_groups(std::vector<std::string_view> group_ids) {
    std::vector<DeleteGroupReply> replies;
    AwaitedAppends appends;
    for (const std::string_view group_id : group_ids) {
        const auto served = this->served(group_id);
        if (!served) {
            DeleteGroupReply& refused = replies.emplace_back();
            refused.group_id = group_id;
            refused.error = served.error();
            continue;
        }
        group::Effects effects;
        replies.push_back(
            (*served)->groups().delete_group(group_id, (*served)->under_way(group_id), effects));
        appends.queue(*served, effects, replies.size() - 1);
    }
    for (AwaitedAppends::Awaited& awaited : appends.all()) {
        co_await awaited.commit.done();
        ErrorCode& error = replies[awaited.answer].error;
        if (error == ErrorCode::none) error = error_for_client(awaited.commit.error());
    }
    co_return replies;
}

Task<OffsetDeleteReply> Host::delete_offsets(const wire::OffsetDeleteRequest& request,
                                             RequestInfo) {
    OffsetDeleteReply reply;
    if (request.group_id.empty()) {
        reply.error = ErrorCode::invalid_group_id;
        co_return reply;
    }
    const auto served = this->served(request.group_id);
    if (!served) {
        reply.error = served.error();
        co_return reply;
    }
    group::Effects effects;
    reply = (*served)->groups().delete_offsets(request, (*served)->under_way(request.group_id),
                                               effects);
    AwaitedAppends appends;
    appends.queue(*served, effects, 0);
    for (AwaitedAppends::Awaited& awaited : appends.all()) {
        co_await awaited.commit.done();
        if (reply.error == ErrorCode::none) reply.error = error_for_client(awaited.commit.error());
    }
    if (reply.error != ErrorCode::none) reply.topics.clear();
    co_return reply;
}

Task<OffsetFetchReply> Host::fetch_offsets(const OffsetFetchQuery& query) {
    const auto served = this->served(query.group_id);
    if (!served) co_return failed_fetch(query, served.error());
    if (query.require_stable) {
        const MonoTime deadline = now().mono + config_.commit_timeout;
        const bool settled = co_await (*served)->settled(deadline);
        // Consumers of old know no better error for "ask again".
        if (!settled || (*served)->phase() != ServedPartition::Phase::serving) {
            co_return failed_fetch(query, ErrorCode::not_coordinator);
        }
    }
    co_return (*served)->groups().fetch(query);
}

Task<DescribedGroup> Host::describe_group(std::string_view group_id, RequestInfo info) {
    const auto served = this->served(group_id);
    if (served) co_return (*served)->groups().describe(group_id, info.api_version);
    DescribedGroup refused;
    refused.group_id = group_id;
    refused.error = served.error();
    co_return refused;
}

Task<ListGroupsReply> Host::list_groups(const wire::ListGroupsRequest& request) {
    ListGroupsReply reply;
    if (closed_) reply.error = ErrorCode::coordinator_not_available;
    for (const auto& [partition, served] : served_) {
        if (served->phase() == ServedPartition::Phase::loading) {
            reply.error = ErrorCode::coordinator_load_in_progress;
            reply.groups.clear();
            co_return reply;
        }
        served->groups().list(request, reply.groups);
    }
    std::ranges::sort(reply.groups, {}, &ListGroupsReply::Group::group_id);
    co_return reply;
}

void Host::partitions_deleted(std::span<const TopicPartition> partitions) {
    for (const auto& [number, served] : served_)
        served->forget(partitions);
}

void Host::for_each_committed(const VisitCommitted& visit) const {
    for (const auto& [number, served] : served_) {
        const group::Groups& groups = served->groups();
        for (const std::string& id : groups.group_ids())
            for (const auto& [topic, partitions] : groups.offsets(id)->topics())
                for (const auto& [partition, offset] : partitions)
                    visit(id, topic, partition, offset.committed);
    }
}

void Host::for_each_group(const VisitGroup& visit) const {
    for (const auto& [number, served] : served_) {
        const group::Groups& groups = served->groups();
        for (const std::string& id : groups.group_ids()) {
            const group::ClassicGroup* group = groups.find(id);
            visit(id, group == nullptr ? 0 : group->members().size());
        }
    }
}

void Host::for_each_member(const VisitMember& visit) const {
    for (const auto& [number, served] : served_) {
        const group::Groups& groups = served->groups();
        for (const std::string& id : groups.group_ids()) {
            const group::ClassicGroup* group = groups.find(id);
            if (group == nullptr) continue;
            for (const auto& [member_id, member] : group->members()) {
                const auto assigned = group::assigned_partitions(*group, member);
                visit(id, member.client_id, member.client_host, assigned ? &*assigned : nullptr);
            }
        }
    }
}

// --- time ---

group::Now Host::now() const {
    return {shards_.clock().now(), shards_.clock().wall()};
}

void Host::answer(group::Effects::Reply& reply) {
    const auto at = waiting_.find(static_cast<std::uint64_t>(reply.id));
    if (at == waiting_.end()) return;  // Whoever asked has gone.
    at->second->reply_ = std::move(reply.reply);
    at->second->answered_.set();
}

// One timer for all, set to the earliest time known. It is moved only to earlier: what was put off
// meanwhile is noticed when it rings.
void Host::wake_by(std::optional<MonoTime> deadline) {
    if (!deadline || closed_ || *deadline >= alarm_at_) return;
    alarm_at_ = *deadline;
    shards_.timers().arm(alarm_, alarm_at_);
}

void Host::Alarm::fired(Timer* self) {
    static_cast<Alarm*>(self)->owner->alarm();
}

void Host::alarm() {
    alarm_at_ = MonoTime::never();
    const MonoTime time = shards_.clock().now();
    for (const auto& [partition, served] : served_)
        served->tick();
    if (time >= retention_check_) {
        for (const auto& [partition, served] : served_)
            served->expire_offsets();
        retention_check_ =
            served_.empty() ? MonoTime::never() : time + config_.offsets_retention_check_interval;
    }
    MonoTime next = retention_check_;
    for (const auto& [partition, served] : served_)
        next = std::min(next, served->next_deadline().value_or(MonoTime::never()));
    wake_by(next);
}

}  // namespace cauce::coordinator
