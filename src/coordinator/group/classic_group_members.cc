// ClassicGroup: what members do between rebalances, their sessions, and the group's records.
#include "base/check.h"
#include "coordinator/group/classic_group.h"
#include "coordinator/group/errors.h"
#include "wire/messages/group_metadata_value.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/sync_group_request.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace cauce::coordinator::group {

// --- SyncGroup ---

void ClassicGroup::sync(Step& step, const wire::SyncGroupRequest& request, ReplyId reply) {
    if (const ErrorCode error = validate(request.member_id, request.group_instance_id);
        error != ErrorCode::none) {
        return refuse_sync(step, reply, error);
    }
    if (request.generation_id != generation_) {
        return refuse_sync(step, reply, ErrorCode::illegal_generation);
    }
    const auto differs = [](const std::optional<std::string_view>& theirs,
                            const std::optional<std::string>& ours) {
        return theirs && ours && *theirs != *ours;
    };
    if (differs(request.protocol_type, protocol_type_) ||
        differs(request.protocol_name, protocol_name_)) {
        return refuse_sync(step, reply, ErrorCode::inconsistent_group_protocol);
    }
    Member& member = *find(request.member_id);
    switch (state_) {
        case GroupState::preparing_rebalance:
            return refuse_sync(step, reply, ErrorCode::rebalance_in_progress);
        case GroupState::completing_rebalance:
            if (member.awaits_sync()) {
                refuse_sync(step, member.sync, ErrorCode::rebalance_in_progress);
            }
            member.sync = reply;
            synced(member);
            if (leader_ == member.id) store_assignment(step, request);
            return;
        case GroupState::stable: {
            synced(member);
            SyncGroupReply current;
            current.protocol_type = protocol_type_;
            current.protocol_name = protocol_name_;
            current.assignment = member.assignment;
            step.effects.replies.push_back({reply, std::move(current)});
            return;
        }
        case GroupState::empty:
        case GroupState::dead:
            break;
    }
    refuse_sync(step, reply, ErrorCode::unknown_member_id);
}

// What the leader decided becomes the group's assignment once it is committed; until then everyone
// waits. Members it says nothing about get an empty assignment.
void ClassicGroup::store_assignment(Step& step, const wire::SyncGroupRequest& request) {
    AssignmentStored sequel{id_, generation_, {}};
    for (const auto& [id, member] : members_)
        sequel.assignments.emplace(id, Buffer());
    for (const auto& assignment : request.assignments) {
        const auto at = sequel.assignments.find(assignment.member_id);
        if (at == sequel.assignments.end()) continue;
        at->second.assign(assignment.assignment.begin(), assignment.assignment.end());
    }
    Append& append = step.effects.appends.emplace_back();
    record(append.records, [&](const Member& member) {
        return BytesView(sequel.assignments.find(member.id)->second);
    });
    append.sequel = std::move(sequel);
}

void ClassicGroup::stored(Step& step, AssignmentStored& sequel, ErrorCode error) {
    // Somebody may have joined or left meanwhile; then the next generation decides.
    if (state_ != GroupState::completing_rebalance || generation_ != sequel.generation) return;
    if (error != ErrorCode::none) {
        for (auto& [id, member] : members_)
            member.assignment.clear();
        propagate(step, error_for_client(error));
        return prepare_rebalance(step, "the assignment could not be stored");
    }
    for (auto& [id, member] : members_) {
        const auto at = sequel.assignments.find(id);
        CHECK(at != sequel.assignments.end(), id_, id);
        member.assignment = std::move(at->second);
    }
    propagate(step, ErrorCode::none);
    transition(step, GroupState::stable);
    if (step.log.enabled(LogLevel::info)) {
        step.log.info("group " + id_ + ": stable in generation " + std::to_string(generation_));
    }
}

void ClassicGroup::propagate(Step& step, ErrorCode error) {
    for (auto& [id, member] : members_) {
        if (!member.awaits_sync()) continue;
        SyncGroupReply reply;
        reply.error = error;
        if (error == ErrorCode::none) {
            reply.protocol_type = protocol_type_;
            reply.protocol_name = protocol_name_;
            reply.assignment = member.assignment;
        }
        answer_sync(step, member, std::move(reply));
        // Its session may have run out while it waited for us.
        extend_session(step, member);
    }
}

void ClassicGroup::stored(Step& step, StaticMemberReplaced& sequel, ErrorCode error) {
    Member* member = find(sequel.new_member_id);
    // A rebalance has begun meanwhile: the member's JoinGroup has become part of it, or has been
    // answered.
    if (member == nullptr || member->join != sequel.join || state_ != GroupState::stable ||
        generation_ != sequel.generation) {
        return;
    }
    JoinGroupReply reply = current_generation(*member);
    if (error == ErrorCode::none) {
        if (sequel.may_skip_assignment) {
            // KIP-814: it leads, and knows from the members what it leads, but assigns nothing.
            reply.skip_assignment = leader_ == member->id;
            if (reply.skip_assignment) reply.members = subscriptions();
        } else {
            // Told of the leader as it was, it does not take itself for one, and assigns nothing.
            reply.leader = sequel.old_leader;
        }
        answer_join(step, *member, std::move(reply));
        return extend_session(step, *member);
    }
    reply.error = error_for_client(error);
    reply.member_id.clear();
    reply.leader = sequel.old_leader;
    answer_join(step, *member, std::move(reply));
    update(*member, std::move(sequel.old_protocols), sequel.old_rebalance_timeout_ms,
           sequel.old_session_timeout_ms);
    extend_session(step, rename_static_member(step, *member, sequel.old_member_id));
    // A record made since then, for another static member say, has the new id in it.
    record(step.effects.appends.emplace_back().records,
           [](const Member& m) { return BytesView(m.assignment); });
}

// --- Heartbeat, LeaveGroup, OffsetCommit ---

ErrorCode ClassicGroup::heartbeat(Step& step, const wire::HeartbeatRequest& request) {
    const ErrorCode error = validate(request.member_id, request.group_instance_id);
    if (error != ErrorCode::none) return error;
    if (request.generation_id != generation_) return ErrorCode::illegal_generation;
    extend_session(step, *find(request.member_id));
    return state_ == GroupState::preparing_rebalance ? ErrorCode::rebalance_in_progress
                                                     : ErrorCode::none;
}

ErrorCode ClassicGroup::leave(Step& step, std::string_view member_id,
                              std::optional<std::string_view> group_instance_id) {
    if (member_id.empty()) {
        // An administrator removes a static member by its name (KIP-345).
        if (!group_instance_id) return ErrorCode::unknown_member_id;
        const auto at = static_members_.find(*group_instance_id);
        if (at == static_members_.end()) return ErrorCode::unknown_member_id;
        remove(step, std::string(at->second));
        return ErrorCode::none;
    }
    if (!pending_.contains(member_id)) {
        const ErrorCode error = validate(member_id, group_instance_id);
        if (error != ErrorCode::none) return error;
    }
    remove(step, member_id);
    return ErrorCode::none;
}

void ClassicGroup::members_left(Step& step) {
    if (state_ == GroupState::stable || state_ == GroupState::completing_rebalance) {
        prepare_rebalance(step, "members left");
    } else {
        maybe_complete_join(step);
    }
}

ErrorCode ClassicGroup::commit(Step& step, std::string_view member_id,
                               std::optional<std::string_view> group_instance_id,
                               std::int32_t generation) {
    // Consumers that choose their partitions themselves, and administrators, commit without a
    // generation: to a group in which nobody is.
    if (generation < 0 && state_ == GroupState::empty) return ErrorCode::none;
    if (generation < 0 && member_id.empty() && !group_instance_id) {
        return ErrorCode::unknown_member_id;
    }
    const ErrorCode error = validate(member_id, group_instance_id);
    if (error != ErrorCode::none) return error;
    if (generation != generation_) return ErrorCode::illegal_generation;
    // It has the generation from its JoinGroup, so it may finish the old one's work after the
    // rebalance.
    if (state_ == GroupState::completing_rebalance) return ErrorCode::rebalance_in_progress;
    extend_session(step, *find(member_id));
    return ErrorCode::none;
}

void ClassicGroup::describe(DescribedGroup& out) const {
    out.state = state_name(state_);
    out.protocol_type = protocol_type_.value_or("");
    const bool stable = state_ == GroupState::stable;
    if (stable) out.protocol_data = protocol_name_.value_or("");
    out.members.reserve(members_.size());
    for (const auto& [id, member] : members_) {
        DescribedGroup::Member& described = out.members.emplace_back();
        described.member_id = id;
        described.group_instance_id = member.group_instance_id;
        described.client_id = member.client_id;
        described.client_host = member.client_host;
        described.assignment = member.assignment;
        const Buffer* metadata = stable ? member.metadata(*protocol_name_) : nullptr;
        if (metadata != nullptr) described.metadata = *metadata;
    }
}

// --- members ---

ErrorCode ClassicGroup::validate(std::string_view member_id,
                                 std::optional<std::string_view> group_instance_id) const {
    if (group_instance_id) {
        const auto at = static_members_.find(*group_instance_id);
        if (at == static_members_.end()) return ErrorCode::unknown_member_id;
        if (at->second != member_id) return ErrorCode::fenced_instance_id;
    }
    return members_.contains(member_id) ? ErrorCode::none : ErrorCode::unknown_member_id;
}

Member* ClassicGroup::find(std::string_view member_id) {
    const auto at = members_.find(member_id);
    return at == members_.end() ? nullptr : &at->second;
}

void ClassicGroup::remove(Step& step, std::string_view member_id) {
    if (const auto at = pending_.find(member_id); at != pending_.end()) pending_.erase(at);
    const auto at = members_.find(member_id);
    if (at == members_.end()) return;
    Member& member = at->second;
    if (member.awaits_join()) {
        JoinGroupReply unknown;
        unknown.error = ErrorCode::unknown_member_id;
        answer_join(step, member, std::move(unknown));
    }
    if (member.awaits_sync()) {
        SyncGroupReply unknown;
        unknown.error = ErrorCode::unknown_member_id;
        answer_sync(step, member, std::move(unknown));
    }
    synced(member);
    count_protocols(member, -1);
    if (member.group_instance_id) static_members_.erase(*member.group_instance_id);
    const bool led = leader_ == member.id;
    members_.erase(at);
    if (!led) return;
    leader_.reset();
    if (!members_.empty()) leader_ = members_.begin()->first;
}

void ClassicGroup::count_protocols(const Member& member, int sign) {
    // A name said twice counts once.
    std::set<std::string_view> seen;
    for (const auto& [name, metadata] : member.protocols) {
        if (!seen.insert(name).second) continue;
        if (sign > 0) {
            ++supported_[name];
        } else {
            const auto at = supported_.find(name);
            CHECK(at != supported_.end() && at->second > 0, id_, name);
            if (--at->second == 0) supported_.erase(at);
        }
    }
}

// Every member votes for what it likes best of what all support. Of equals, the leader's choice.
std::string ClassicGroup::select_protocol() const {
    std::map<std::string_view, std::size_t> votes;
    const auto common = [&](const std::string& name) {
        const auto at = supported_.find(name);
        return at != supported_.end() && at->second == members_.size();
    };
    for (const auto& [id, member] : members_) {
        for (const auto& [name, metadata] : member.protocols) {
            if (!common(name)) continue;
            ++votes[name];
            break;
        }
    }
    const auto leader = leader_ ? members_.find(*leader_) : members_.begin();
    CHECK(leader != members_.end(), id_);
    const std::string* best = nullptr;
    std::size_t most = 0;
    for (const auto& [name, metadata] : leader->second.protocols) {
        if (!common(name)) continue;
        const auto at = votes.find(name);
        const std::size_t count = at == votes.end() ? 0 : at->second;
        if (best != nullptr && count <= most) continue;
        best = &name;
        most = count;
    }
    // A member is let in only if it shares a protocol with all others.
    CHECK(best != nullptr, id_);
    return *best;
}

milliseconds ClassicGroup::rebalance_timeout() const {
    std::int32_t longest = 0;
    for (const auto& [id, member] : members_)
        longest = std::max(longest, member.rebalance_timeout_ms);
    return milliseconds(longest);
}

void ClassicGroup::synced(Member& member) {
    if (!member.owes_sync) return;
    member.owes_sync = false;
    if (--owed_syncs_ == 0) sync_deadline_ = MonoTime::never();
}

void ClassicGroup::clear_owed_syncs() {
    for (auto& [id, member] : members_)
        member.owes_sync = false;
    owed_syncs_ = 0;
    sync_deadline_ = MonoTime::never();
}

void ClassicGroup::answer_join(Step& step, Member& member, JoinGroupReply reply) {
    CHECK(member.awaits_join() && awaiting_join_ > 0, id_, member.id);
    step.effects.replies.push_back({member.join, std::move(reply)});
    member.join = ReplyId::none;
    --awaiting_join_;
}

void ClassicGroup::answer_sync(Step& step, Member& member, SyncGroupReply reply) {
    CHECK(member.awaits_sync(), id_, member.id);
    step.effects.replies.push_back({member.sync, std::move(reply)});
    member.sync = ReplyId::none;
}

void ClassicGroup::refuse_join(Step& step, ReplyId id, std::string_view member_id,
                               ErrorCode error) {
    JoinGroupReply reply;
    reply.error = error;
    reply.member_id = member_id;
    step.effects.replies.push_back({id, std::move(reply)});
}

void ClassicGroup::refuse_sync(Step& step, ReplyId id, ErrorCode error) {
    SyncGroupReply reply;
    reply.error = error;
    step.effects.replies.push_back({id, std::move(reply)});
}

// --- time ---

void ClassicGroup::extend_session(const Step& step, Member& member) {
    set_deadline(member.deadline,
                 step.now.mono + milliseconds(std::max(member.session_timeout_ms, 0)));
}

// Setting a later time moves nothing: the group wakes at the old one and finds nothing due. So a
// heartbeat is two stores.
void ClassicGroup::set_deadline(MonoTime& deadline, MonoTime at) {
    deadline = at;
    wake_at_ = std::min(wake_at_, at);
}

MonoTime ClassicGroup::earliest_deadline() const {
    MonoTime earliest = std::min(join_deadline_, sync_deadline_);
    for (const auto& [id, member] : members_)
        earliest = std::min(earliest, member.deadline);
    for (const auto& [id, deadline] : pending_)
        earliest = std::min(earliest, deadline);
    return earliest;
}

void ClassicGroup::tick(Step& step) {
    // In the order in which they fell due, as if time had been looked at all along. What one of
    // them does may put off or cancel others, so each is looked at again when its turn comes.
    enum class Kind : std::uint8_t { session, join, sync };
    const MonoTime now = step.now.mono;
    std::vector<std::tuple<MonoTime, Kind, std::string>> due;
    const auto add = [&](MonoTime at, Kind kind, const std::string& member_id) {
        if (at <= now) due.emplace_back(at, kind, member_id);
    };
    add(join_deadline_, Kind::join, {});
    add(sync_deadline_, Kind::sync, {});
    for (const auto& [id, member] : members_)
        add(member.deadline, Kind::session, id);
    for (const auto& [id, deadline] : pending_)
        add(deadline, Kind::session, id);
    std::ranges::sort(due);
    for (const auto& [at, kind, member_id] : due) {
        switch (kind) {
            case Kind::join:
                if (join_deadline_ > now) break;
                join_deadline_ = MonoTime::never();
                if (initial_) {
                    initial_delay_over(step);
                } else {
                    complete_join(step);
                }
                break;
            case Kind::sync:
                if (sync_deadline_ > now) break;
                sync_deadline_ = MonoTime::never();
                sync_expired(step);
                break;
            case Kind::session: {
                const Member* member = find(member_id);
                const auto waiting = pending_.find(member_id);
                const bool over = (member != nullptr && member->deadline <= now) ||
                                  (waiting != pending_.end() && waiting->second <= now);
                if (over) session_expired(step, member_id);
                break;
            }
        }
    }
    wake_at_ = earliest_deadline();
}

void ClassicGroup::loaded(Step& step) {
    for (auto& [id, member] : members_)
        extend_session(step, member);
    if (members_.size() > static_cast<std::size_t>(step.config.size_max)) {
        prepare_rebalance(step,
                          "the group is larger than the limit; members may commit, and the "
                          "last to come back are left out");
    }
}

void ClassicGroup::abandon(Effects& effects, ErrorCode error) {
    for (auto& [id, member] : members_) {
        if (member.awaits_join()) {
            JoinGroupReply reply;
            reply.error = error;
            reply.member_id = id;
            effects.replies.push_back(
                {std::exchange(member.join, ReplyId::none), std::move(reply)});
        }
        if (member.awaits_sync()) {
            SyncGroupReply reply;
            reply.error = error;
            effects.replies.push_back(
                {std::exchange(member.sync, ReplyId::none), std::move(reply)});
        }
    }
}

// --- records ---

void ClassicGroup::record_creation(Effects& effects) const {
    wire::GroupMetadataValue value;
    value.protocol.reset();
    value.leader.reset();
    value.current_state_timestamp = state_since_ms_.value_or(-1);
    Append& append = effects.appends.emplace_back();
    append.records.group_metadata(id_, value);
    append.sequel = GroupCreated{id_};
}

void ClassicGroup::record(RecordList& records,
                          const std::function<BytesView(const Member&)>& assignment) const {
    wire::GroupMetadataValue value;
    value.protocol_type = protocol_type_ ? std::string_view(*protocol_type_) : std::string_view();
    value.generation = generation_;
    value.protocol = protocol_name_;
    value.leader = leader_;
    value.current_state_timestamp = state_since_ms_.value_or(-1);
    value.members.reserve(members_.size());
    for (const auto& [id, member] : members_) {
        const Buffer* subscription = member.metadata(protocol_name_.value_or(""));
        CHECK(subscription != nullptr, id_, id);
        auto& stored = value.members.emplace_back();
        stored.member_id = id;
        if (member.group_instance_id) stored.group_instance_id = *member.group_instance_id;
        stored.client_id = member.client_id;
        stored.client_host = member.client_host;
        stored.rebalance_timeout = member.rebalance_timeout_ms;
        stored.session_timeout = member.session_timeout_ms;
        stored.subscription = BytesView(*subscription);
        stored.assignment = assignment(member);
    }
    records.group_metadata(id_, value);
}

void ClassicGroup::check() const {
    std::size_t joining = 0;
    std::size_t owed = 0;
    std::size_t named = 0;
    for (const auto& [id, member] : members_) {
        CHECK(id == member.id, id, member.id);
        CHECK(!pending_.contains(id), id);
        joining += member.awaits_join();
        owed += member.owes_sync;
        if (!member.group_instance_id) continue;
        ++named;
        const auto at = static_members_.find(*member.group_instance_id);
        CHECK(at != static_members_.end() && at->second == id, id);
    }
    CHECK(joining == awaiting_join_, id_, joining, awaiting_join_);
    CHECK(owed == owed_syncs_, id_, owed, owed_syncs_);
    CHECK(named == static_members_.size(), id_, named, static_members_.size());
    CHECK(leader_.has_value() == !members_.empty(), id_);
    if (leader_) CHECK(members_.contains(*leader_), id_, *leader_);
    CHECK(state_ != GroupState::empty || members_.empty(), id_);
    const bool settled = state_ == GroupState::stable || state_ == GroupState::completing_rebalance;
    if (settled) CHECK(protocol_name_ && !members_.empty(), id_);
    CHECK((join_deadline_ != MonoTime::never()) == (state_ == GroupState::preparing_rebalance),
          id_);
    CHECK((sync_deadline_ != MonoTime::never()) == (owed_syncs_ > 0), id_);
    CHECK(owed_syncs_ == 0 || settled, id_);
    CHECK(wake_at_ <= earliest_deadline(), id_);
}

}  // namespace cauce::coordinator::group
