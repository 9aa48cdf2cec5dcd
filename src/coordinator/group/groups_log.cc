// Groups: what comes from the log, and what goes there to make the log forget.
#include "base/check.h"
#include "coordinator/group/groups.h"
#include "wire/messages/consumer_group_metadata_key.h"
#include "wire/messages/consumer_protocol_subscription.h"
#include "wire/messages/group_metadata_key.h"
#include "wire/messages/group_metadata_value.h"
#include "wire/messages/legacy_offset_commit_key.h"
#include "wire/messages/offset_commit_key.h"
#include "wire/messages/offset_commit_value.h"
#include "wire/messages/share_group_metadata_key.h"
#include "wire/messages/streams_group_metadata_key.h"
#include "wire/record_frame.h"

#include <algorithm>
#include <set>
#include <utility>

namespace cauce::coordinator::group {
namespace {

// Tombstones of one append; they need not stand together, and a batch has its limit.
constexpr std::size_t kTombstonesPerAppend = 1'000;

// Collects tombstones into as many appends as they need.
class Tombstones {
public:
    explicit Tombstones(Effects& effects) : effects_(effects) {}
    RecordList& next() {
        if (append_ == kNone || effects_.appends[append_].records.size() >= kTombstonesPerAppend) {
            append_ = effects_.appends.size();
            effects_.appends.emplace_back().replay = true;
        }
        return effects_.appends[append_].records;
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    Effects& effects_;
    std::size_t append_ = kNone;
};

// The topics that a stable group of consumers has subscribed to; nothing when they cannot be read.
// Every version of the consumer protocol begins like version 0.
std::optional<std::set<std::string, std::less<>>> subscribed_topics(const ClassicGroup& group) {
    std::set<std::string, std::less<>> topics;
    for (const auto& [id, member] : group.members()) {
        const Buffer* metadata = member.metadata(group.protocol_name().value_or(""));
        if (metadata == nullptr) return std::nullopt;
        wire::Reader reader(*metadata);
        reader.int16();
        wire::ConsumerProtocolSubscription subscription;
        if (reader.ok()) subscription.decode(reader, 0);
        if (!reader.ok()) return std::nullopt;
        for (const std::string_view topic : subscription.topics)
            topics.emplace(topic);
    }
    return topics;
}

}  // namespace

// --- replay ---

Groups::Replayed Groups::replay(const RecordView& record, Offset offset, ProducerId transaction) {
    wire::Reader type(record.key);
    const std::int16_t number = type.int16();
    if (!type.ok()) return Replayed::malformed;
    switch (number) {
        case wire::LegacyOffsetCommitKey::kRecordType:
        case wire::OffsetCommitKey::kRecordType:
            return replay_offset(record, offset, transaction);
        case wire::GroupMetadataKey::kRecordType:
            return replay_group(record);
        case wire::ConsumerGroupMetadataKey::kRecordType:
            return replay_other(record, OtherProtocol::consumer);
        case wire::ShareGroupMetadataKey::kRecordType:
            return replay_other(record, OtherProtocol::share);
        case wire::StreamsGroupMetadataKey::kRecordType:
            return replay_other(record, OtherProtocol::streams);
        default:
            return Replayed::unknown_type;
    }
}

Groups::Replayed Groups::replay_offset(const RecordView& record, Offset offset,
                                       ProducerId transaction) {
    wire::Reader key_reader(record.key);
    key_reader.int16();
    // The legacy key, type 0, has the same layout.
    wire::OffsetCommitKey key;
    key.decode(key_reader, wire::OffsetCommitKey::kMaxVersion);
    if (!key_reader.ok()) return Replayed::malformed;
    if (!record.value) {
        if (Slot* known = slot(key.group)) known->offsets.erase(key.topic, key.partition);
        if (!transactions_.empty()) transactions_.erase(key.group, key.topic, key.partition);
        drop_if_unused(key.group);
        return Replayed::applied;
    }
    wire::Reader value_reader(*record.value);
    const auto value = wire::read_versioned<wire::OffsetCommitValue>(value_reader);
    if (!value_reader.ok()) return Replayed::malformed;
    CommittedOffset committed;
    committed.committed = Offset{value.offset};
    committed.leader_epoch = LeaderEpoch{value.leader_epoch};
    committed.metadata = value.metadata;
    committed.commit_timestamp_ms = value.commit_timestamp;
    committed.expire_timestamp_ms = value.expire_timestamp;
    committed.topic_id = value.topic_id;
    committed.record_offset = offset;
    // Who commits without being a member makes the group by committing (a "simple" group).
    Slot& place = make_slot(key.group);
    if (!place.exists()) {
        place.classic = std::make_unique<ClassicGroup>(std::string(key.group),
                                                       WallTime{value.commit_timestamp});
    }
    if (transaction == ProducerId{}) {
        place.offsets.put(key.topic, key.partition, std::move(committed));
    } else {
        transactions_.add(transaction, {std::string(key.group), std::string(key.topic),
                                        key.partition, std::move(committed)});
    }
    return Replayed::applied;
}

Groups::Replayed Groups::replay_group(const RecordView& record) {
    wire::Reader key_reader(record.key);
    key_reader.int16();
    wire::GroupMetadataKey key;
    key.decode(key_reader, wire::GroupMetadataKey::kMaxVersion);
    if (!key_reader.ok()) return Replayed::malformed;
    if (!record.value) {
        remove_classic(key.group);
        return Replayed::applied;
    }
    wire::Reader value_reader(*record.value);
    const auto value = wire::read_versioned<wire::GroupMetadataValue>(value_reader);
    if (!value_reader.ok()) return Replayed::malformed;
    Slot& place = make_slot(key.group);
    place.classic = std::make_unique<ClassicGroup>(std::string(key.group), value);
    settle(place);
    return Replayed::applied;
}

Groups::Replayed Groups::replay_other(const RecordView& record, OtherProtocol protocol) {
    wire::Reader reader(record.key);
    reader.int16();
    // All keys of all protocols begin with the group's id.
    const std::string_view group_id = reader.string(false, "group_id");
    if (!reader.ok()) return Replayed::malformed;
    if (record.value) {
        Slot& place = make_slot(group_id);
        place.other = protocol;
        remove_classic(group_id);
    } else if (Slot* known = slot(group_id); known != nullptr && known->other == protocol) {
        known->other = OtherProtocol::none;
        drop_if_unused(group_id);
    }
    return Replayed::applied;
}

void Groups::replay_transaction_end(ProducerId transaction, bool committed) {
    for (PendingTransactions::Change& change : transactions_.take(transaction)) {
        if (!committed) continue;
        Slot& place = make_slot(change.group_id);
        const CommittedOffset* known = place.offsets.find(change.topic, change.partition);
        // Of commits inside and outside of transactions the later record counts; compaction relies
        // on it.
        if (known != nullptr && known->record_offset > change.committed.record_offset) continue;
        place.offsets.put(change.topic, change.partition, std::move(change.committed));
    }
}

// --- forgetting ---

void Groups::expire(std::string_view group_id, Now now, Effects& effects) {
    Slot* known = slot(group_id);
    if (known == nullptr || known->other != OtherProtocol::none) return;
    // From when the retention of an offset counts; nothing = its group is in use, offsets stay.
    enum class Since : std::uint8_t { nothing, commit, state };
    Since since = Since::commit;
    std::optional<std::set<std::string, std::less<>>> subscribed;
    const ClassicGroup* group = known->classic.get();
    if (group != nullptr && group->protocol_type()) {
        const bool consumers = *group->protocol_type() == "consumer";
        if (group->state() == GroupState::empty) {
            since = group->state_since_ms() ? Since::state : Since::commit;
        } else if (group->state() == GroupState::stable && consumers) {
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
    // Gone from memory at once, and not by replay: someone who joins before the tombstone is
    // committed makes a new group, whose record stands behind it.
    effects.appends.emplace_back().records.group_tombstone(group_id);
    remove_classic(group_id);
}

void Groups::forget(std::span<const TopicPartition> partitions, Effects& effects) {
    Tombstones tombstones(effects);
    for (const std::string& id : group_ids()) {
        const CommittedOffsets& offsets = slot(id)->offsets;
        for (const TopicPartition& gone : partitions) {
            if (offsets.find(gone.topic, gone.partition) == nullptr) continue;
            tombstones.next().offset_tombstone(id, gone.topic, gone.partition);
        }
    }
}

}  // namespace cauce::coordinator::group
