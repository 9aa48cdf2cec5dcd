// Control batches: one record that speaks about the log instead of carrying data.
#pragma once

#include "base/bytes.h"
#include "wire/batch_builder.h"
#include "wire/messages/kraft_version_record.h"
#include "wire/messages/leader_change_message.h"
#include "wire/messages/snapshot_footer_record.h"
#include "wire/messages/snapshot_header_record.h"
#include "wire/messages/voters_record.h"
#include "wire/record.h"

#include <cstdint>
#include <optional>

namespace cauce::wire {

enum class ControlType : std::int16_t {
    abort = 0,
    commit = 1,
    leader_change = 2,
    snapshot_header = 3,
    snapshot_footer = 4,
    kraft_version = 5,
    kraft_voters = 6,
};

// The type in a control record's key; nothing when the key is no such thing. Types above those
// known are returned as they are: a reader skips them.
std::optional<ControlType> control_type(const Record& record);

// `options` needs base_offset, partition_leader_epoch and, for transaction markers, the producer;
// `control` and a codec of none are set here. Values are written in `version` of their message.
Buffer end_transaction_batch(BatchOptions options, std::int64_t timestamp, bool commit,
                             std::int32_t coordinator_epoch);
Buffer leader_change_batch(BatchOptions options, std::int64_t timestamp,
                           const LeaderChangeMessage& message);
Buffer snapshot_header_batch(BatchOptions options, std::int64_t timestamp,
                             const SnapshotHeaderRecord& message);
Buffer snapshot_footer_batch(BatchOptions options, std::int64_t timestamp,
                             const SnapshotFooterRecord& message);
Buffer kraft_version_batch(BatchOptions options, std::int64_t timestamp,
                           const KRaftVersionRecord& message);
// `headers` ride on the record; Kafka ignores them.
Buffer kraft_voters_batch(BatchOptions options, std::int64_t timestamp, const VotersRecord& message,
                          std::span<const RecordHeader> headers = {});

// The coordinator epoch in the value of a transaction marker.
std::optional<std::int32_t> coordinator_epoch(const Record& record);

}  // namespace cauce::wire
