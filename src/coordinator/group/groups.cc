#include "coordinator/group/groups.h"

#include "base/check.h"
#include "coordinator/group/errors.h"
#include "wire/messages/heartbeat_request.h"
#include "wire/messages/join_group_request.h"
#include "wire/messages/leave_group_request.h"
#include "wire/messages/list_groups_request.h"
#include "wire/messages/offset_commit_request.h"
#include "wire/messages/sync_group_request.h"

#include <algorithm>
#include <utility>

namespace cauce::coordinator::group {
namespace {

// The length Java sees: characters beyond the basic plane, four bytes of UTF-8, count twice.
std::size_t utf16_units(std::string_view text) {
    std::size_t units = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xc0) != 0x80) units += byte >= 0xf0 ? 2 : 1;
    }
    return units;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string_view type_name(OtherProtocol other) {
    switch (other) {
        case OtherProtocol::none:
            return "classic";
        case OtherProtocol::consumer:
            return "consumer";
        case OtherProtocol::share:
            return "share";
        case OtherProtocol::streams:
            return "streams";
    }
    return "unknown";
}

void answer_join(Effects& effects, ReplyId id, std::string_view member_id, ErrorCode error) {
    JoinGroupReply reply;
    reply.error = error;
    reply.member_id = member_id;
    effects.replies.push_back({id, std::move(reply)});
}

void answer_sync(Effects& effects, ReplyId id, ErrorCode error) {
    SyncGroupReply reply;
    reply.error = error;
    effects.replies.push_back({id, std::move(reply)});
}

}  // namespace

ErrorCode refusal(const GroupConfig& config, const wire::JoinGroupRequest& request) {
    if (request.group_id.empty()) return ErrorCode::invalid_group_id;
    const milliseconds session(request.session_timeout_ms);
    if (session < config.session_timeout_min || session > config.session_timeout_max) {
        return ErrorCode::invalid_session_timeout;
    }
    return ErrorCode::none;
}

ErrorCode refusal(const wire::SyncGroupRequest& request, std::int16_t version) {
    // KIP-559: from version 5 on both are said, so that proxies can read the assignments.
    if (version >= 5 && (!request.protocol_type || !request.protocol_name)) {
        return ErrorCode::inconsistent_group_protocol;
    }
    return request.group_id.empty() ? ErrorCode::invalid_group_id : ErrorCode::none;
}

OffsetCommitReply failed_commit(const wire::OffsetCommitRequest& request, ErrorCode error) {
    OffsetCommitReply reply;
    reply.topics.reserve(request.topics.size());
    for (const auto& topic : request.topics) {
        auto& answered = reply.topics.emplace_back();
        answered.name = topic.name;
        answered.topic_id = topic.topic_id;
        answered.partitions.reserve(topic.partitions.size());
        for (const auto& partition : topic.partitions)
            answered.partitions.push_back({partition.partition_index, error});
    }
    return reply;
}

std::vector<MemberToRemove> members_to_remove(const wire::LeaveGroupRequest& request,
                                              std::int16_t version) {
    if (version < 3) return {{request.member_id, std::nullopt}};
    std::vector<MemberToRemove> members;
    members.reserve(request.members.size());
    for (const auto& member : request.members)
        members.push_back({member.member_id, member.group_instance_id});
    return members;
}

// --- slots ---

Groups::Slot* Groups::slot(std::string_view group_id) {
    const auto at = slots_.find(group_id);
    return at == slots_.end() ? nullptr : &at->second;
}

const Groups::Slot* Groups::slot(std::string_view group_id) const {
    const auto at = slots_.find(group_id);
    return at == slots_.end() ? nullptr : &at->second;
}

Groups::Slot& Groups::make_slot(std::string_view group_id) {
    if (Slot* known = slot(group_id)) return *known;
    return slots_.try_emplace(std::string(group_id)).first->second;
}

const ClassicGroup* Groups::find(std::string_view group_id) const {
    const Slot* known = slot(group_id);
    return known == nullptr ? nullptr : known->classic.get();
}

const CommittedOffsets* Groups::offsets(std::string_view group_id) const {
    const Slot* known = slot(group_id);
    return known == nullptr ? nullptr : &known->offsets;
}

void Groups::remove_classic(std::string_view group_id) {
    Slot* known = slot(group_id);
    if (known == nullptr || !known->classic) return;
    wakes_.remove(*known);
    known->classic.reset();
    drop_if_unused(group_id);
}

void Groups::drop_if_unused(std::string_view group_id) {
    const auto at = slots_.find(group_id);
    if (at == slots_.end() || at->second.exists() || !at->second.offsets.empty()) return;
    if (at->second.deletions != 0) return;
    wakes_.remove(at->second);
    slots_.erase(at);
}

// --- requests ---

void Groups::join(const wire::JoinGroupRequest& request, const RequestInfo& info, Uuid fresh,
                  ReplyId reply, Now now, Effects& effects) {
    const auto refuse = [&](std::string_view member_id, ErrorCode error) {
        answer_join(effects, reply, member_id, error);
    };
    if (const ErrorCode error = refusal(config_, request); error != ErrorCode::none) {
        return refuse(request.member_id, error);
    }
    Slot* known = slot(request.group_id);
    if (known != nullptr && known->other != OtherProtocol::none) {
        return refuse("", ErrorCode::inconsistent_group_protocol);
    }
    Step here = step(now, effects);
    if (known != nullptr && known->classic) {
        known->classic->join(here, request, info, fresh, reply);
        return settle(*known);
    }
    // Only someone without a member id can be the first.
    if (!request.member_id.empty()) {
        return refuse(request.member_id, ErrorCode::unknown_member_id);
    }
    auto made = std::make_shared<ClassicGroup>(std::string(request.group_id), now.wall);
    if (!made->supports(request.protocol_type, request)) {
        return refuse("", ErrorCode::inconsistent_group_protocol);
    }
    made->record_creation(effects);
    made->join(here, request, info, fresh, reply);
    Slot& place = make_slot(request.group_id);
    place.classic = std::move(made);
    settle(place);
}

void Groups::sync(const wire::SyncGroupRequest& request, std::int16_t version, ReplyId reply,
                  Now now, Effects& effects) {
    if (const ErrorCode error = refusal(request, version); error != ErrorCode::none) {
        return answer_sync(effects, reply, error);
    }
    Slot* known = slot(request.group_id);
    if (known == nullptr || !known->classic) {
        return answer_sync(effects, reply, ErrorCode::unknown_member_id);
    }
    Step here = step(now, effects);
    known->classic->sync(here, request, reply);
    settle(*known);
}

HeartbeatReply Groups::heartbeat(const wire::HeartbeatRequest& request, Now now) {
    if (request.group_id.empty()) return {ErrorCode::invalid_group_id};
    Slot* known = slot(request.group_id);
    if (known == nullptr || !known->classic) return {ErrorCode::unknown_member_id};
    Effects none;
    Step here = step(now, none);
    const ErrorCode error = known->classic->heartbeat(here, request);
    settle(*known);
    return {error};
}

LeaveGroupReply Groups::leave(const wire::LeaveGroupRequest& request, std::int16_t version, Now now,
                              Effects& effects) {
    if (request.group_id.empty()) return {ErrorCode::invalid_group_id, {}};
    LeaveGroupReply reply;
    Slot* known = slot(request.group_id);
    ClassicGroup* group = known == nullptr ? nullptr : known->classic.get();
    Step here = step(now, effects);
    bool left = false;
    for (const MemberToRemove& member : members_to_remove(request, version)) {
        auto& answered = reply.members.emplace_back();
        answered.member_id = member.member_id;
        answered.group_instance_id = member.group_instance_id;
        answered.error = group == nullptr
                             ? ErrorCode::unknown_member_id
                             : group->leave(here, member.member_id, member.group_instance_id);
        left = left || answered.error == ErrorCode::none;
    }
    if (left) group->members_left(here);
    if (group != nullptr) settle(*known);
    return reply;
}

CommitPlan Groups::commit(const wire::OffsetCommitRequest& request, std::int16_t version, Now now) {
    const std::int32_t generation = request.generation_id_or_member_epoch;
    Slot* known = slot(request.group_id);
    ErrorCode error = ErrorCode::none;
    if (known != nullptr && known->classic) {
        Effects none;
        Step here = step(now, none);
        error =
            known->classic->commit(here, request.member_id, request.group_instance_id, generation);
        settle(*known);
    } else if (generation >= 0 || (known != nullptr && known->other != OtherProtocol::none)) {
        // Without a group only those who need none may commit; the group comes with the record.
        error = version >= 9 ? ErrorCode::group_id_not_found : ErrorCode::illegal_generation;
    }
    if (error != ErrorCode::none) return {{}, failed_commit(request, error)};

    CommitPlan plan;
    CommittedOffset committed;
    committed.commit_timestamp_ms = now.wall.ms;
    if (request.retention_time_ms != -1) {
        committed.expire_timestamp_ms = now.wall.ms + request.retention_time_ms;
    }
    const auto metadata_max = static_cast<std::size_t>(config_.offset_metadata_size_max);
    plan.reply.topics.reserve(request.topics.size());
    for (const auto& topic : request.topics) {
        auto& answered = plan.reply.topics.emplace_back();
        answered.name = topic.name;
        answered.topic_id = topic.topic_id;
        answered.partitions.reserve(topic.partitions.size());
        for (const auto& partition : topic.partitions) {
            const std::string_view metadata = partition.committed_metadata.value_or("");
            const bool fits =
                metadata.size() <= metadata_max || utf16_units(metadata) <= metadata_max;
            answered.partitions.push_back(
                {partition.partition_index,
                 fits ? ErrorCode::none : ErrorCode::offset_metadata_too_large});
            if (!fits) continue;
            committed.committed = Offset{partition.committed_offset};
            committed.leader_epoch = LeaderEpoch{partition.committed_leader_epoch};
            committed.metadata = metadata;
            committed.topic_id = topic.topic_id;
            plan.records.offset_commit(request.group_id, topic.name, partition.partition_index,
                                       committed);
        }
    }
    return plan;
}

OffsetFetchReply Groups::fetch(const OffsetFetchQuery& query) const {
    OffsetFetchReply reply;
    reply.group_id = query.group_id;
    const Slot* known = slot(query.group_id);
    if (known != nullptr && !known->exists()) known = nullptr;
    const bool may_be_unstable =
        query.require_stable && !transactions_.empty() && transactions_.contains(query.group_id);
    const auto add = [&](OffsetFetchReply::Topic& topic, std::int32_t partition,
                         const CommittedOffset* found) {
        auto& answered = topic.partitions.emplace_back();
        answered.partition = partition;
        if (may_be_unstable && transactions_.contains(query.group_id, topic.name, partition)) {
            answered.error = ErrorCode::unstable_offset_commit;
        } else if (found != nullptr) {
            answered.committed = found->committed;
            answered.leader_epoch = found->leader_epoch;
            answered.metadata = found->metadata;
        }
    };
    if (!query.topics) {
        if (known == nullptr) return reply;
        for (const auto& [name, partitions] : known->offsets.topics()) {
            auto& topic = reply.topics.emplace_back();
            topic.name = name;
            for (const auto& [partition, committed] : partitions)
                add(topic, partition, &committed);
        }
        return reply;
    }
    reply.topics.reserve(query.topics->size());
    for (const OffsetFetchQuery::Topic& asked : *query.topics) {
        auto& topic = reply.topics.emplace_back();
        topic.name = asked.name;
        topic.topic_id = asked.topic_id;
        topic.partitions.reserve(asked.partitions.size());
        const auto* partitions = known == nullptr ? nullptr : known->offsets.find(asked.name);
        for (const std::int32_t partition : asked.partitions) {
            const CommittedOffset* found = nullptr;
            if (partitions != nullptr) {
                const auto at = partitions->find(partition);
                if (at != partitions->end()) found = &at->second;
            }
            // What was committed for a deleted topic of the same name does not count.
            const auto another = [](const TopicId& a, const TopicId& b) {
                return !a.is_zero() && !b.is_zero() && a != b;
            };
            if (found != nullptr && another(found->topic_id, asked.topic_id)) found = nullptr;
            add(topic, partition, found);
        }
    }
    return reply;
}

DescribedGroup Groups::describe(std::string_view group_id, std::int16_t version) const {
    DescribedGroup described;
    described.group_id = group_id;
    const Slot* known = slot(group_id);
    if (known != nullptr && known->classic) {
        known->classic->describe(described);
        return described;
    }
    described.state = state_name(GroupState::dead);
    if (version >= 6) {
        const bool other = known != nullptr && known->exists();
        described.error = ErrorCode::group_id_not_found;
        described.error_message =
            "Group " + described.group_id + (other ? " is not a classic group." : " not found.");
    }
    return described;
}

void Groups::list(const wire::ListGroupsRequest& request,
                  std::vector<ListGroupsReply::Group>& out) const {
    const auto wanted = [](const auto& filter, std::string_view name) {
        return filter.empty() || std::ranges::any_of(filter, [&](std::string_view one) {
                   return same_ignoring_case(trimmed(one), name);
               });
    };
    for (const auto& [id, slot] : slots_) {
        if (!slot.exists()) continue;
        // What state a group of another protocol is in, only its own coordinator would know.
        const std::string_view state = slot.classic ? state_name(slot.classic->state()) : "Unknown";
        const std::string_view type = type_name(slot.other);
        if (!wanted(request.states_filter, state) || !wanted(request.types_filter, type)) continue;
        auto& listed = out.emplace_back();
        listed.group_id = id;
        listed.state = state;
        listed.type = type;
        if (slot.classic) {
            listed.protocol_type = slot.classic->protocol_type().value_or("");
        } else {
            // As Kafka names them: consumer groups are of the same protocol as their forebears.
            listed.protocol_type = type;
        }
    }
}

// --- time and the fate of records ---

void Groups::tick(Now now, Effects& effects) {
    Step here = step(now, effects);
    while (wakes_.next() && *wakes_.next() <= now.mono) {
        auto& due = static_cast<Slot&>(wakes_.first());
        due.classic->tick(here);
        settle(due);
    }
}

void Groups::appended(Sequel& sequel, ErrorCode error, Now now, Effects& effects) {
    Step here = step(now, effects);
    const auto with_group = [&](std::string_view group_id, auto&& call) {
        Slot* known = slot(group_id);
        if (known == nullptr || !known->classic) return;
        call(*known->classic);
        settle(*known);
    };
    if (auto* created = std::get_if<GroupCreated>(&sequel)) {
        // Without its record the group is taken back, unless it has got on meanwhile. When it is
        // only late, it may still come to stand in the log.
        const ClassicGroup* group = find(created->group_id);
        if (error == ErrorCode::none || error == ErrorCode::request_timed_out || group == nullptr ||
            group->generation() > 0) {
            return;
        }
        with_group(created->group_id, [&](ClassicGroup& taken_back) {
            taken_back.abandon(effects, error_for_client(error));
        });
        remove_classic(created->group_id);
    } else if (auto* assignment = std::get_if<AssignmentStored>(&sequel)) {
        with_group(assignment->group_id,
                   [&](ClassicGroup& group) { group.stored(here, *assignment, error); });
    } else if (auto* replaced = std::get_if<StaticMemberReplaced>(&sequel)) {
        with_group(replaced->group_id,
                   [&](ClassicGroup& group) { group.stored(here, *replaced, error); });
    } else if (auto* deleted = std::get_if<GroupDeleted>(&sequel)) {
        taken_out(*deleted, error);
    }
}

void Groups::loaded(Now now, Effects& effects) {
    Step here = step(now, effects);
    for (const std::string& id : group_ids()) {
        Slot& known = *slot(id);
        if (!known.classic) continue;
        known.classic->loaded(here);
        settle(known);
    }
}

void Groups::unload(ErrorCode error, Effects& effects) {
    for (const std::string& id : group_ids()) {
        Slot& known = *slot(id);
        if (known.classic) known.classic->abandon(effects, error);
    }
    while (wakes_.next())
        wakes_.remove(wakes_.first());
    slots_.clear();
}

std::vector<std::string> Groups::group_ids() const {
    std::vector<std::string> ids;
    ids.reserve(slots_.size());
    for (const auto& [id, slot] : slots_)
        ids.push_back(id);
    std::ranges::sort(ids);
    return ids;
}

void Groups::check() const {
    for (const auto& [id, slot] : slots_) {
        CHECK(slot.exists() || !slot.offsets.empty() || slot.deletions > 0, id);
        if (!slot.classic) continue;
        slot.classic->check();
        const bool sleeps = slot.place == static_cast<std::size_t>(-1);
        CHECK(sleeps ? slot.classic->wake_at() == MonoTime::never()
                     : slot.at <= slot.classic->wake_at(),
              id);
    }
}

}  // namespace cauce::coordinator::group
