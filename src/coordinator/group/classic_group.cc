#include "coordinator/group/classic_group.h"

#include "base/check.h"
#include "base/mutant.h"
#include "coordinator/group/errors.h"
#include "wire/messages/group_metadata_value.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/sync_group_request.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace cauce::coordinator::group {
namespace {

// A member id is this much of the client id, or of the group.instance.id, and 37 characters more.
// A string on the wire holds 32767 bytes.
constexpr std::size_t kMemberIdPrefixMax = 32'000;

// A rebalance to which nobody came is tried again no sooner than this, whatever timeout its members
// chose: nothing but the end of a session, or a JoinGroup, changes anything.
constexpr milliseconds kEmptyJoinRetryMin{1'000};

Buffer to_buffer(BytesView bytes) {
    return Buffer(bytes.begin(), bytes.end());
}

std::string join_text(std::string_view a, std::string_view b, std::string_view c = {},
                      std::string_view d = {}) {
    std::string text;
    text.reserve(a.size() + b.size() + c.size() + d.size());
    text.append(a).append(b).append(c).append(d);
    return text;
}

// "client-0f8fad5b-d9cb-469f-a165-70867728950e"
std::string new_member_id(std::string_view prefix, Uuid fresh) {
    constexpr char kHex[] = "0123456789abcdef";
    if (prefix.size() > kMemberIdPrefixMax) {
        prefix = prefix.substr(0, kMemberIdPrefixMax);
        // Not through the middle of a character.
        while (!prefix.empty() && (static_cast<unsigned char>(prefix.back()) & 0xc0) == 0x80)
            prefix.remove_suffix(1);
        if (!prefix.empty() && static_cast<unsigned char>(prefix.back()) >= 0xc0) {
            prefix.remove_suffix(1);
        }
    }
    std::string id;
    id.reserve(prefix.size() + 37);
    id.append(prefix);
    for (unsigned digit = 0; digit < 32; ++digit) {
        if (digit == 0 || digit == 8 || digit == 12 || digit == 16 || digit == 20) id += '-';
        const std::uint64_t half = digit < 16 ? fresh.high : fresh.low;
        id += kHex[half >> (60 - digit % 16 * 4) & 0xf];
    }
    return id;
}

Member::Protocols protocols_of(const wire::JoinGroupRequest& request) {
    Member::Protocols protocols;
    protocols.reserve(request.protocols.size());
    for (const auto& protocol : request.protocols)
        protocols.emplace_back(protocol.name, to_buffer(protocol.metadata));
    return protocols;
}

bool matches(const Member& member, const wire::JoinGroupRequest& request) {
    return std::ranges::equal(
        member.protocols, request.protocols, [](const auto& ours, const auto& theirs) {
            return ours.first == theirs.name && std::ranges::equal(ours.second, theirs.metadata);
        });
}

// Kafka takes a string for the reason of a client, and "not provided" for none.
std::string_view reason_of(const wire::JoinGroupRequest& request) {
    return request.reason && !request.reason->empty() ? *request.reason : "not provided";
}

}  // namespace

// A JoinGroup with what its version leaves to interpretation.
struct ClassicGroup::Joining {
    const wire::JoinGroupRequest& request;
    const RequestInfo& info;
    ReplyId reply;

    // Version 0 has one timeout for both.
    std::int32_t rebalance_timeout_ms() const {
        return info.api_version == 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
    }
};

std::string_view state_name(GroupState state) {
    switch (state) {
        case GroupState::empty:
            return "Empty";
        case GroupState::preparing_rebalance:
            return "PreparingRebalance";
        case GroupState::completing_rebalance:
            return "CompletingRebalance";
        case GroupState::stable:
            return "Stable";
        case GroupState::dead:
            return "Dead";
    }
    return "Unknown";
}

ClassicGroup::ClassicGroup(std::string id, WallTime created)
    : id_(std::move(id)), state_since_ms_(created.ms) {}

// The record comes from the disk: nothing in it is taken for granted.
ClassicGroup::ClassicGroup(std::string id, const wire::GroupMetadataValue& value)
    : id_(std::move(id)), generation_(value.generation) {
    if (value.current_state_timestamp != -1) state_since_ms_ = value.current_state_timestamp;
    if (!value.protocol_type.empty()) protocol_type_.emplace(value.protocol_type);
    if (value.protocol) protocol_name_.emplace(*value.protocol);
    for (const auto& stored : value.members) {
        if (members_.contains(stored.member_id)) continue;
        Member member;
        member.id = stored.member_id;
        if (stored.group_instance_id) {
            member.group_instance_id.emplace(*stored.group_instance_id);
            if (!static_members_.emplace(*member.group_instance_id, member.id).second) continue;
        }
        member.client_id = stored.client_id;
        member.client_host = stored.client_host;
        member.session_timeout_ms = stored.session_timeout;
        member.rebalance_timeout_ms =
            stored.rebalance_timeout == -1 ? stored.session_timeout : stored.rebalance_timeout;
        member.protocols.emplace_back(value.protocol.value_or(""), to_buffer(stored.subscription));
        member.assignment = to_buffer(stored.assignment);
        count_protocols(member, +1);
        members_.emplace(member.id, std::move(member));
    }
    if (!members_.empty()) {
        state_ = GroupState::stable;
        if (!protocol_name_) protocol_name_.emplace();
        const bool known = value.leader && members_.contains(*value.leader);
        leader_ = known ? std::string(*value.leader) : members_.begin()->first;
    }
}

bool ClassicGroup::supports(std::string_view protocol_type,
                            const wire::JoinGroupRequest& request) const {
    if (state_ == GroupState::empty) return !protocol_type.empty() && !request.protocols.empty();
    if (protocol_type_ != protocol_type) return false;
    return std::ranges::any_of(request.protocols, [&](const auto& protocol) {
        const auto at = supported_.find(protocol.name);
        return (at == supported_.end() ? 0 : at->second) == members_.size();
    });
}

// --- JoinGroup ---

void ClassicGroup::join(Step& step, const wire::JoinGroupRequest& request, const RequestInfo& info,
                        Uuid fresh, ReplyId reply) {
    const Joining joining{request, info, reply};
    if (!accepts(step, request.member_id)) {
        remove(step, request.member_id);
        return refuse_join(step, reply, "", ErrorCode::group_max_size_reached);
    }
    if (!supports(request.protocol_type, request)) {
        return refuse_join(step, reply, request.member_id, ErrorCode::inconsistent_group_protocol);
    }
    if (request.member_id.empty()) {
        join_new_member(step, joining, fresh);
    } else {
        join_known_member(step, joining);
    }
}

bool ClassicGroup::accepts(const Step& step, std::string_view member_id) const {
    const auto size_max = static_cast<std::size_t>(step.config.size_max);
    const auto at = members_.find(member_id);
    const bool member = at != members_.end();
    switch (state_) {
        case GroupState::preparing_rebalance:
            // Who waits already stays. Counting those who wait, and not the members, lets a group
            // that is over a lowered limit get rid of those who come back last.
            return (member && at->second.awaits_join()) || awaiting_join_ < size_max;
        case GroupState::completing_rebalance:
        case GroupState::stable:
            return member || members_.size() < size_max;
        case GroupState::empty:
        case GroupState::dead:
            break;
    }
    return true;
}

void ClassicGroup::join_new_member(Step& step, const Joining& joining, Uuid fresh) {
    const wire::JoinGroupRequest& request = joining.request;
    const auto prefix = request.group_instance_id.value_or(joining.info.client_id);
    std::string member_id = new_member_id(prefix, fresh);
    if (request.group_instance_id) {
        if (static_members_.contains(*request.group_instance_id)) {
            return replace_static_member(step, joining, std::move(member_id));
        }
        return add_member(step, joining, std::move(member_id));
    }
    if (joining.info.api_version >= 4) {
        // KIP-394: it comes back with the id, so that a lost answer leaves no ghost member behind.
        const MonoTime deadline =
            step.now.mono + milliseconds(std::max(request.session_timeout_ms, 0));
        refuse_join(step, joining.reply, member_id, ErrorCode::member_id_required);
        set_deadline(pending_[std::move(member_id)], deadline);
        return;
    }
    add_member(step, joining, std::move(member_id));
}

void ClassicGroup::join_known_member(Step& step, const Joining& joining) {
    const wire::JoinGroupRequest& request = joining.request;
    if (pending_.contains(request.member_id)) {
        // Only members without an instance id were ever told to come back.
        if (request.group_instance_id) {
            return refuse_join(step, joining.reply, "", ErrorCode::unknown_server_error);
        }
        return add_member(step, joining, std::string(request.member_id));
    }
    const ErrorCode error = validate(request.member_id, request.group_instance_id);
    if (error != ErrorCode::none) {
        return refuse_join(step, joining.reply, request.member_id, error);
    }
    Member& member = *find(request.member_id);
    const auto current = [&] {
        step.effects.replies.push_back({joining.reply, current_generation(member)});
    };
    switch (state_) {
        case GroupState::preparing_rebalance:
            return rejoin(step, joining, member, "is joining during the rebalance");
        case GroupState::completing_rebalance:
            // Nothing new: it did not get the answer to its first JoinGroup.
            if (matches(member, request)) return current();
            return rejoin(step, joining, member, "changed its metadata during the rebalance");
        case GroupState::stable:
            // The leader may know of changes that its metadata does not show, such as new
            // partitions.
            if (leader_ == member.id) return rejoin(step, joining, member, "(leader) rejoins");
            if (!matches(member, request)) {
                return rejoin(step, joining, member, "changed its metadata");
            }
            return current();
        case GroupState::empty:
        case GroupState::dead:
            break;
    }
    refuse_join(step, joining.reply, request.member_id, ErrorCode::unknown_member_id);
}

void ClassicGroup::add_member(Step& step, const Joining& joining, std::string member_id) {
    const wire::JoinGroupRequest& request = joining.request;
    DCHECK(!members_.contains(member_id), member_id);
    pending_.erase(member_id);
    // A first rebalance is put off for the sake of those who come during the delay.
    if (state_ == GroupState::preparing_rebalance && previous_state_ == GroupState::empty) {
        new_member_added_ = true;
    }
    if (members_.empty()) protocol_type_.emplace(request.protocol_type);
    if (!leader_) leader_ = member_id;

    Member& member = members_[member_id];
    member.id = std::move(member_id);
    if (request.group_instance_id) {
        member.group_instance_id.emplace(*request.group_instance_id);
        static_members_.emplace(*member.group_instance_id, member.id);
    }
    member.client_id = joining.info.client_id;
    member.client_host = joining.info.client_host;
    member.rebalance_timeout_ms = joining.rebalance_timeout_ms();
    member.session_timeout_ms = request.session_timeout_ms;
    member.protocols = protocols_of(request);
    member.is_new = true;
    count_protocols(member, +1);
    member.join = joining.reply;
    ++awaiting_join_;
    // It cannot send heartbeats before it knows its id, and a client that has gone while it waits
    // here is not noticed: such ghosts end by this longer time.
    set_deadline(member.deadline, step.now.mono + kNewMemberJoinTimeout);
    rebalance_or_complete_join(
        step, join_text("new member ", member.id, "; client reason: ", reason_of(request)));
}

void ClassicGroup::rejoin(Step& step, const Joining& joining, Member& member,
                          std::string_view why) {
    const std::string text = join_text(join_text("member ", member.id, " ", why),
                                       "; client reason: ", reason_of(joining.request));
    update(member, protocols_of(joining.request), joining.rebalance_timeout_ms(),
           joining.request.session_timeout_ms);
    if (member.awaits_join()) {
        refuse_join(step, member.join, member.id, ErrorCode::rebalance_in_progress);
    } else {
        ++awaiting_join_;
    }
    member.join = joining.reply;
    rebalance_or_complete_join(step, text);
}

void ClassicGroup::update(Member& member, Member::Protocols protocols,
                          std::int32_t rebalance_timeout_ms, std::int32_t session_timeout_ms) {
    count_protocols(member, -1);
    member.protocols = std::move(protocols);
    count_protocols(member, +1);
    member.rebalance_timeout_ms = rebalance_timeout_ms;
    member.session_timeout_ms = session_timeout_ms;
}

// KIP-345: a static member that starts anew takes the place of what it was. In a stable group
// nobody else notices, unless the group's protocol would change.
void ClassicGroup::replace_static_member(Step& step, const Joining& joining,
                                         std::string new_member_id) {
    const wire::JoinGroupRequest& request = joining.request;
    StaticMemberReplaced sequel;
    sequel.group_instance_id = *request.group_instance_id;
    sequel.old_member_id = static_members_.find(*request.group_instance_id)->second;
    sequel.new_member_id = new_member_id;
    sequel.old_leader = leader_.value_or("");

    Member& member = rename_static_member(step, *find(sequel.old_member_id), new_member_id);
    sequel.old_rebalance_timeout_ms = member.rebalance_timeout_ms;
    sequel.old_session_timeout_ms = member.session_timeout_ms;
    sequel.old_protocols = member.protocols;
    update(member, protocols_of(request), joining.rebalance_timeout_ms(),
           request.session_timeout_ms);
    member.join = joining.reply;
    ++awaiting_join_;
    extend_session(step, member);

    switch (state_) {
        case GroupState::stable: {
            if (protocol_name_ != select_protocol()) {
                return rebalance_or_complete_join(
                    step, join_text("static member ", member.id, " brings a change of protocol; ",
                                    reason_of(request)));
            }
            sequel.group_id = id_;
            sequel.generation = generation_;
            sequel.may_skip_assignment = joining.info.api_version >= 9;
            sequel.join = joining.reply;
            Append& append = step.effects.appends.emplace_back();
            record(append.records, [](const Member& m) { return BytesView(m.assignment); });
            append.sequel = std::move(sequel);
            return;
        }
        case GroupState::completing_rebalance:
            // The leader may be assigning to the old member id at this moment.
            return prepare_rebalance(
                step, join_text("static member ", member.id, " came back; ", reason_of(request)));
        case GroupState::preparing_rebalance:
            return maybe_complete_join(step);
        case GroupState::empty:
        case GroupState::dead:
            break;
    }
    CHECK(false, "a static member in an empty group", id_);
}

Member& ClassicGroup::rename_static_member(Step& step, Member& old, std::string new_member_id) {
    // Two processes under one instance id: the older one is fenced at once.
    if (old.awaits_join()) {
        JoinGroupReply fenced;
        fenced.error = ErrorCode::fenced_instance_id;
        fenced.member_id = old.id;
        answer_join(step, old, std::move(fenced));
    }
    if (old.awaits_sync()) {
        SyncGroupReply fenced;
        fenced.error = ErrorCode::fenced_instance_id;
        answer_sync(step, old, std::move(fenced));
    }
    auto node = members_.extract(old.id);
    Member member = std::move(node.mapped());
    if (leader_ == member.id) leader_ = new_member_id;
    static_members_[*member.group_instance_id] = new_member_id;
    member.id = new_member_id;
    member.is_new = false;
    return members_.emplace(std::move(new_member_id), std::move(member)).first->second;
}

JoinGroupReply ClassicGroup::current_generation(const Member& member) const {
    JoinGroupReply reply;
    reply.generation = generation_;
    reply.protocol_type = protocol_type_;
    reply.protocol_name = protocol_name_;
    reply.leader = leader_.value_or("");
    reply.member_id = member.id;
    // The leader of a stable group is never answered in this way: it makes a rebalance.
    if (leader_ == member.id && state_ == GroupState::completing_rebalance) {
        reply.members = subscriptions();
    }
    return reply;
}

std::vector<JoinGroupReply::Member> ClassicGroup::subscriptions() const {
    std::vector<JoinGroupReply::Member> all;
    all.reserve(members_.size());
    for (const auto& [id, member] : members_) {
        const Buffer* metadata = member.metadata(protocol_name_.value_or(""));
        CHECK(metadata != nullptr, id_, id);
        all.push_back({id, member.group_instance_id, *metadata});
    }
    return all;
}

// --- the rebalance ---

bool ClassicGroup::can_rebalance() const {
    return state_ == GroupState::stable || state_ == GroupState::completing_rebalance ||
           state_ == GroupState::empty;
}

void ClassicGroup::rebalance_or_complete_join(Step& step, std::string_view why) {
    if (can_rebalance()) {
        prepare_rebalance(step, why);
    } else {
        maybe_complete_join(step);
    }
}

void ClassicGroup::prepare_rebalance(Step& step, std::string_view why) {
    // Who waits for an assignment has to join again.
    if (state_ == GroupState::completing_rebalance) {
        for (auto& [id, member] : members_)
            member.assignment.clear();
        propagate(step, ErrorCode::rebalance_in_progress);
    }
    clear_owed_syncs();
    initial_ = state_ == GroupState::empty;
    transition(step, GroupState::preparing_rebalance);
    if (step.log.enabled(LogLevel::info)) {
        step.log.info(join_text("group ", id_, ": rebalance from generation ",
                                std::to_string(generation_) + ": " + std::string(why)));
    }
    if (initial_) {
        initial_delay_ = step.config.initial_rebalance_delay;
        initial_left_ = std::max(rebalance_timeout() - initial_delay_, milliseconds(0));
        new_member_added_ = false;
        set_deadline(join_deadline_, step.now.mono + initial_delay_);
    } else if (all_joined()) {
        complete_join(step);
    } else {
        set_deadline(join_deadline_, step.now.mono + rebalance_timeout());
    }
}

void ClassicGroup::maybe_complete_join(Step& step) {
    if (state_ != GroupState::preparing_rebalance) return;
    if (previous_state_ == GroupState::empty) return;  // Its delay decides.
    if (all_joined()) complete_join(step);
}

void ClassicGroup::initial_delay_over(Step& step) {
    if (!new_member_added_ || initial_left_ == milliseconds(0)) return complete_join(step);
    new_member_added_ = false;
    const milliseconds delay = std::min(step.config.initial_rebalance_delay, initial_left_);
    initial_left_ = std::max(initial_left_ - initial_delay_, milliseconds(0));
    initial_delay_ = delay;
    set_deadline(join_deadline_, step.now.mono + delay);
}

void ClassicGroup::complete_join(Step& step) {
    CHECK(state_ == GroupState::preparing_rebalance, id_, state_name(state_));
    join_deadline_ = MonoTime::never();
    initial_ = false;
    // Dynamic members who did not come are gone; static ones keep their place for their session.
    std::vector<std::string> absent;
    for (const auto& [id, member] : members_)
        if (!member.awaits_join() && !member.is_static()) absent.push_back(id);
    for (const std::string& id : absent)
        remove(step, id);

    if (!elect_leader_among_joined(step) && !members_.empty()) {
        // Static members only, and none came: wait until their sessions decide.
        set_deadline(join_deadline_,
                     step.now.mono + std::max(rebalance_timeout(), kEmptyJoinRetryMin));
        return;
    }
    next_generation(step);
    if (state_ == GroupState::empty) {
        // Should this not be stored, the generation before would come back after a restart, and
        // end with the sessions of its members.
        record(step.effects.appends.emplace_back().records,
               [](const Member&) { return BytesView(); });
        return;
    }
    for (auto& [id, member] : members_) {
        // Whoever owes a sync now and does not bring it in time is removed.
        member.owes_sync = true;
        ++owed_syncs_;
        member.is_new = false;
        if (member.awaits_join()) answer_join(step, member, current_generation(member));
        extend_session(step, member);
    }
    set_deadline(sync_deadline_, step.now.mono + rebalance_timeout());
}

bool ClassicGroup::elect_leader_among_joined(Step& step) {
    if (!leader_) return false;
    const auto leader = members_.find(*leader_);
    CHECK(leader != members_.end(), id_, *leader_);
    if (leader->second.awaits_join()) return true;
    for (const auto& [id, member] : members_) {
        if (!member.awaits_join()) continue;
        if (step.log.enabled(LogLevel::info)) {
            step.log.info(join_text("group ", id_, ": leader did not come back, now it is ", id));
        }
        leader_ = id;
        return true;
    }
    return false;
}

void ClassicGroup::next_generation(Step& step) {
    // A negative generation means "none" in requests, so the count starts again behind the last.
    generation_ = generation_ == std::numeric_limits<std::int32_t>::max() ? 1 : generation_ + 1;
    if (CAUCE_MUTANT("generation-given-twice") && generation_ > 1) --generation_;
    if (members_.empty()) {
        protocol_name_.reset();
        transition(step, GroupState::empty);
    } else {
        protocol_name_ = select_protocol();
        transition(step, GroupState::completing_rebalance);
    }
    clear_owed_syncs();
    if (step.log.enabled(LogLevel::info)) {
        step.log.info(join_text("group ", id_,
                                ": generation " + std::to_string(generation_) + " with " +
                                    std::to_string(members_.size()) + " members",
                                protocol_name_ ? ", protocol " + *protocol_name_ : std::string()));
    }
}

void ClassicGroup::sync_expired(Step& step) {
    if (owed_syncs_ == 0) return;
    std::vector<std::string> late;
    for (const auto& [id, member] : members_)
        if (member.owes_sync) late.push_back(id);
    for (const std::string& id : late)
        remove(step, id);
    prepare_rebalance(step, std::to_string(late.size()) + " members did not sync in time");
}

void ClassicGroup::session_expired(Step& step, const std::string& member_id) {
    if (pending_.erase(member_id) != 0) {
        if (state_ == GroupState::preparing_rebalance && all_joined()) complete_join(step);
        return;
    }
    Member* member = find(member_id);
    if (member == nullptr) return;
    // Who waits for us is alive, but for a new member, of whom we know nothing else.
    if (!member->is_new && (member->awaits_join() || member->awaits_sync())) {
        member->deadline = MonoTime::never();
        return;
    }
    const std::string why = join_text("member ", member_id, " failed: no heartbeat in time");
    remove(step, member_id);
    if (state_ == GroupState::stable || state_ == GroupState::completing_rebalance) {
        prepare_rebalance(step, why);
    } else if (state_ == GroupState::preparing_rebalance && all_joined()) {
        complete_join(step);
    }
}

void ClassicGroup::transition(const Step& step, GroupState to) {
    const auto valid = [&] {
        switch (to) {
            case GroupState::preparing_rebalance:
                return can_rebalance();
            case GroupState::completing_rebalance:
            case GroupState::empty:
                return state_ == GroupState::preparing_rebalance;
            case GroupState::stable:
                return state_ == GroupState::completing_rebalance;
            case GroupState::dead:
                break;
        }
        return false;
    };
    CHECK(valid(), id_, state_name(state_), state_name(to));
    previous_state_ = state_;
    state_ = to;
    state_since_ms_ = step.now.wall.ms;
}

}  // namespace cauce::coordinator::group
