// The records of `__consumer_offsets` that the coordinator writes, encoded. Layout and versions:
// docs/formats/consumer-offsets.md.
#pragma once

#include "base/bytes.h"
#include "wire/writer.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace cauce::wire {
struct GroupMetadataValue;
}

namespace cauce::coordinator::group {

struct CommittedOffset;

// What Kafka 4.4 writes. A commit that brings its own expiry time (requests before version 5) takes
// the only version that can hold one, which has neither leader epoch nor topic id.
inline constexpr std::int16_t kOffsetCommitVersion = 4;
inline constexpr std::int16_t kOffsetCommitVersionWithExpiry = 1;
inline constexpr std::int16_t kGroupMetadataVersion = 3;

// A key and its value; no value is a tombstone.
struct RecordView {
    BytesView key;
    std::optional<BytesView> value;
};

// What a record is about: a position of a group, or the group itself.
struct RecordSubject {
    std::string_view group_id;
    std::optional<std::string_view> topic;
    std::int32_t partition = -1;
};
// Nothing for records that we do not write.
std::optional<RecordSubject> subject_of(BytesView key);

// Encoded records in one buffer.
class RecordList {
public:
    bool empty() const { return ends_.empty(); }
    std::size_t size() const { return ends_.size(); }
    // Keys and values together.
    std::size_t bytes() const { return writer_.position(); }
    RecordView operator[](std::size_t index) const;

    void offset_commit(std::string_view group_id, std::string_view topic, std::int32_t partition,
                       const CommittedOffset& committed);
    void offset_tombstone(std::string_view group_id, std::string_view topic,
                          std::int32_t partition);
    void group_metadata(std::string_view group_id, const wire::GroupMetadataValue& value);
    void group_tombstone(std::string_view group_id);

private:
    struct Ends {
        std::size_t key;
        std::size_t value;
        bool tombstone;
    };

    void offset_key(std::string_view group_id, std::string_view topic, std::int32_t partition);
    void end(std::size_t key_end, bool tombstone);

    wire::Writer writer_;
    std::vector<Ends> ends_;
};

}  // namespace cauce::coordinator::group
