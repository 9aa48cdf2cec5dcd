#include "coordinator/group/records.h"

#include "base/check.h"
#include "coordinator/group/committed_offsets.h"
#include "wire/messages/group_metadata_key.h"
#include "wire/messages/group_metadata_value.h"
#include "wire/messages/offset_commit_key.h"
#include "wire/messages/offset_commit_value.h"
#include "wire/reader.h"
#include "wire/record_frame.h"

namespace cauce::coordinator::group {

std::optional<RecordSubject> subject_of(BytesView key) {
    wire::Reader reader(key);
    const std::int16_t type = reader.int16();
    RecordSubject subject;
    if (type == wire::OffsetCommitKey::kRecordType) {
        wire::OffsetCommitKey position;
        position.decode(reader, wire::OffsetCommitKey::kMaxVersion);
        subject = {position.group, position.topic, position.partition};
    } else if (type == wire::GroupMetadataKey::kRecordType) {
        wire::GroupMetadataKey group;
        group.decode(reader, wire::GroupMetadataKey::kMaxVersion);
        subject.group_id = group.group;
    } else {
        return std::nullopt;
    }
    if (!reader.ok()) return std::nullopt;
    return subject;
}

RecordView RecordList::operator[](std::size_t index) const {
    const std::size_t start = index == 0 ? 0 : ends_[index - 1].value;
    const Ends& ends = ends_[index];
    const BytesView all = writer_.written();
    RecordView record{all.subspan(start, ends.key - start), std::nullopt};
    if (!ends.tombstone) record.value = all.subspan(ends.key, ends.value - ends.key);
    return record;
}

void RecordList::end(std::size_t key_end, bool tombstone) {
    // Strings come from decoded requests or records, so no version can fail to express them.
    CHECK(writer_.ok(), writer_.error());
    ends_.push_back({key_end, writer_.position(), tombstone});
}

void RecordList::offset_key(std::string_view group_id, std::string_view topic,
                            std::int32_t partition) {
    wire::OffsetCommitKey key;
    key.group = group_id;
    key.topic = topic;
    key.partition = partition;
    wire::write_coordinator_key(writer_, key);
}

void RecordList::offset_commit(std::string_view group_id, std::string_view topic,
                               std::int32_t partition, const CommittedOffset& committed) {
    offset_key(group_id, topic, partition);
    const std::size_t key_end = writer_.position();
    wire::OffsetCommitValue value;
    value.offset = committed.committed.value;
    value.leader_epoch = committed.leader_epoch.value;
    value.metadata = committed.metadata;
    value.commit_timestamp = committed.commit_timestamp_ms;
    value.expire_timestamp = committed.expire_timestamp_ms;
    value.topic_id = committed.topic_id;
    const bool expires = committed.expire_timestamp_ms != -1;
    wire::write_versioned(writer_, value,
                          expires ? kOffsetCommitVersionWithExpiry : kOffsetCommitVersion);
    end(key_end, false);
}

void RecordList::offset_tombstone(std::string_view group_id, std::string_view topic,
                                  std::int32_t partition) {
    offset_key(group_id, topic, partition);
    end(writer_.position(), true);
}

void RecordList::group_metadata(std::string_view group_id, const wire::GroupMetadataValue& value) {
    wire::GroupMetadataKey key;
    key.group = group_id;
    wire::write_coordinator_key(writer_, key);
    const std::size_t key_end = writer_.position();
    wire::write_versioned(writer_, value, kGroupMetadataVersion);
    end(key_end, false);
}

void RecordList::group_tombstone(std::string_view group_id) {
    wire::GroupMetadataKey key;
    key.group = group_id;
    wire::write_coordinator_key(writer_, key);
    end(writer_.position(), true);
}

}  // namespace cauce::coordinator::group
