// How groups and positions end: deleted on request, expired, or gone with their topics. What the
// log says of an end is in groups_log.cc.
#include "coordinator/group/groups.h"
#include "coordinator/group/subscribed_topics.h"
#include "coordinator/group/tombstones.h"
#include "wire/messages/offset_delete_request.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace cauce::coordinator::group {
namespace {

bool contains(std::span<const TopicPartition> list, std::string_view topic,
              std::int32_t partition) {
    return std::ranges::any_of(list, [&](const TopicPartition& one) {
        return one.partition == partition && one.topic == topic;
    });
}

}  // namespace

// --- requests ---

DeleteGroupReply Groups::delete_group(std::string_view group_id,
                                      std::span<const TopicPartition> under_way, Effects& effects) {
    DeleteGroupReply reply;
    reply.group_id = group_id;
    Slot* known = slot(group_id);
    // Positions whose group is gone already are what is left of a deletion that the log took in
    // part; it is finished here.
    const bool left_over = known != nullptr && known->deletions == 0 && !known->offsets.empty();
    if (known == nullptr || (!known->exists() && !left_over)) {
        reply.error = ErrorCode::group_id_not_found;
        return reply;
    }
    if (known->other != OtherProtocol::none) {
        // Whether somebody is in it, only a coordinator of that protocol would know.
        reply.error = ErrorCode::non_empty_group;
        reply.error_message = "Group " + reply.group_id +
                              " is not a classic group, and this broker cannot tell whether it has "
                              "members.";
        return reply;
    }
    // Someone on the way to an empty group does not keep it: who comes back with the member id that
    // was given out is told UNKNOWN_MEMBER_ID and begins anew.
    if (known->classic && known->classic->state() != GroupState::empty) {
        reply.error = ErrorCode::non_empty_group;
        return reply;
    }
    std::set<TopicPartition> positions(under_way.begin(), under_way.end());
    for (const auto& [topic, partitions] : known->offsets.topics())
        for (const auto& [partition, offset] : partitions)
            positions.insert({topic, partition});
    transactions_.add_positions(group_id, positions);
    Tombstones tombstones(effects);
    for (const TopicPartition& position : positions)
        tombstones.next().offset_tombstone(group_id, position.topic, position.partition);
    if (known->classic) take_out(group_id, *known, effects);
    return reply;
}

OffsetDeleteReply Groups::delete_offsets(const wire::OffsetDeleteRequest& request,
                                         std::span<const TopicPartition> under_way,
                                         Effects& effects) {
    OffsetDeleteReply reply;
    Slot* known = slot(request.group_id);
    if (known == nullptr || !known->exists()) {
        reply.error = ErrorCode::group_id_not_found;
        return reply;
    }
    const ClassicGroup* group = known->classic.get();
    const bool in_use = group == nullptr || group->state() != GroupState::empty;
    // Of those in use only groups of consumers say what they read.
    if (in_use && (group == nullptr || group->protocol_type() != "consumer")) {
        reply.error = ErrorCode::non_empty_group;
        return reply;
    }
    const std::optional<TopicSet> subscribed = in_use ? subscribed_topics(*group) : TopicSet();
    Tombstones tombstones(effects);
    reply.topics.reserve(request.topics.size());
    for (const auto& topic : request.topics) {
        auto& answered = reply.topics.emplace_back();
        answered.name = topic.name;
        // Who reads what is not known: it may be this.
        const bool is_read = !subscribed || subscribed->contains(topic.name);
        answered.partitions.reserve(topic.partitions.size());
        for (const auto& partition : topic.partitions) {
            const std::int32_t number = partition.partition_index;
            answered.partitions.push_back(
                {number, is_read ? ErrorCode::group_subscribed_to_topic : ErrorCode::none});
            if (is_read) continue;
            // To forget what never was is no error.
            const bool exists = known->offsets.find(topic.name, number) != nullptr ||
                                transactions_.contains(request.group_id, topic.name, number) ||
                                contains(under_way, topic.name, number);
            if (exists) tombstones.next().offset_tombstone(request.group_id, topic.name, number);
        }
    }
    return reply;
}

// --- a group goes ---

// Not by replay of the tombstone: someone who joins before that is committed makes a new group,
// whose records stand behind it.
void Groups::take_out(std::string_view group_id, Slot& slot, Effects& effects) {
    Append& append = effects.appends.emplace_back();
    append.records.group_tombstone(group_id);
    wakes_.remove(slot);
    ++slot.deletions;
    append.sequel = GroupDeleted{std::string(group_id), std::move(slot.classic)};
    slot.classic.reset();
}

// A tombstone that is only late may still come to stand in the log. Then memory holds an empty
// group that the log does not, which is deleted or expires like any other.
void Groups::taken_out(GroupDeleted& deleted, ErrorCode error) {
    Slot* known = slot(deleted.group_id);
    if (known == nullptr || known->deletions == 0) return;  // Everything was unloaded meanwhile.
    --known->deletions;
    if (!known->exists() && error != ErrorCode::none) {
        known->classic = std::move(deleted.group);
        settle(*known);
    }
    drop_if_unused(deleted.group_id);
}

// --- housekeeping ---

void Groups::expire(std::string_view group_id, Now now, Effects& effects) {
    Slot* known = slot(group_id);
    if (known == nullptr || known->other != OtherProtocol::none) return;
    // From when the retention of an offset counts; nothing = its group is in use, offsets stay.
    enum class Since : std::uint8_t { nothing, commit, state };
    Since since = Since::commit;
    std::optional<TopicSet> subscribed;
    const ClassicGroup* group = known->classic.get();
    if (group != nullptr && group->protocol_type()) {
        if (group->state() == GroupState::empty) {
            since = group->state_since_ms() ? Since::state : Since::commit;
        } else if (group->state() == GroupState::stable) {
            subscribed = subscribed_topics(*group);
            if (!subscribed) since = Since::nothing;
        } else {
            since = Since::nothing;
        }
    }
    bool all = true;
    Tombstones tombstones(effects);
    for (const auto& [topic, partitions] : known->offsets.topics()) {
        const bool in_use = subscribed && subscribed->contains(topic);
        for (const auto& [partition, offset] : partitions) {
            bool expired = false;
            if (since == Since::nothing || in_use) {
                // Not even its own expiry time counts.
            } else if (offset.expire_timestamp_ms != -1) {
                expired = now.wall.ms >= offset.expire_timestamp_ms;
            } else {
                const std::int64_t start =
                    since == Since::state ? *group->state_since_ms() : offset.commit_timestamp_ms;
                expired = now.wall.ms - start >= config_.offsets_retention.count();
            }
            const bool pending =
                !transactions_.empty() && transactions_.contains(group_id, topic, partition);
            if (expired && !pending) {
                tombstones.next().offset_tombstone(group_id, topic, partition);
            } else {
                all = false;
            }
        }
    }
    if (!all || group == nullptr || group->state() != GroupState::empty) return;
    if (!group->quiet() || transactions_.contains(group_id)) return;
    take_out(group_id, *known, effects);
}

void Groups::forget(std::span<const TopicPartition> partitions, Effects& effects) {
    Tombstones tombstones(effects);
    for (const std::string& id : group_ids()) {
        const CommittedOffsets& offsets = slot(id)->offsets;
        for (const TopicPartition& gone : partitions) {
            const bool exists = offsets.find(gone.topic, gone.partition) != nullptr ||
                                transactions_.contains(id, gone.topic, gone.partition);
            if (exists) tombstones.next().offset_tombstone(id, gone.topic, gone.partition);
        }
    }
}

}  // namespace cauce::coordinator::group
