// Groups: what comes from the log.
#include "coordinator/group/groups.h"
#include "wire/messages/consumer_group_metadata_key.h"
#include "wire/messages/group_metadata_key.h"
#include "wire/messages/group_metadata_value.h"
#include "wire/messages/legacy_offset_commit_key.h"
#include "wire/messages/offset_commit_key.h"
#include "wire/messages/offset_commit_value.h"
#include "wire/messages/share_group_metadata_key.h"
#include "wire/messages/streams_group_metadata_key.h"
#include "wire/record_frame.h"

#include <utility>

namespace cauce::coordinator::group {

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
    // Who commits without being a member makes the group by committing (a "simple" group). While a
    // tombstone of the group is under way, what is committed stands in front of it.
    Slot& place = make_slot(key.group);
    if (!place.exists() && place.deletions == 0) {
        place.classic = std::make_shared<ClassicGroup>(std::string(key.group),
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
    place.classic = std::make_shared<ClassicGroup>(std::string(key.group), value);
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

}  // namespace cauce::coordinator::group
