#include "wire/control_batch.h"

#include "base/check.h"
#include "wire/messages/control_record_type_schema.h"
#include "wire/messages/end_txn_marker.h"
#include "wire/reader.h"
#include "wire/record_frame.h"

#include <utility>

namespace cauce::wire {

namespace {

// Keys are int16 version, then the type; there is version 0 only, and later ones only append.
Buffer control_key(ControlType type) {
    Writer w;
    write_versioned(w, ControlRecordTypeSchema{.type = static_cast<std::int16_t>(type)}, 0);
    return w.take();
}

Buffer build(BatchOptions options, std::int64_t timestamp, ControlType type, BytesView value,
             std::span<const RecordHeader> headers = {}) {
    options.control = true;
    options.codec = Codec::none;
    BatchBuilder builder(options);
    builder.append(timestamp, Bytes(control_key(type)), Bytes(value), headers);
    return std::move(builder.build()).value();  // Nothing is compressed: nothing fails.
}

// Messages of the metadata log say their version in their own first field.
template <typename Message>
Buffer own_version(const Message& message) {
    Writer w;
    message.encode(w, message.version);
    CHECK(w.ok(), w.error());
    return w.take();
}

}  // namespace

std::optional<ControlType> control_type(const Record& record) {
    if (!record.key) return std::nullopt;
    Reader r(*record.key);
    const std::int16_t version = r.int16();
    const std::int16_t type = r.int16();
    if (!r.ok() || version < 0) return std::nullopt;
    return static_cast<ControlType>(type);
}

Buffer end_transaction_batch(BatchOptions options, std::int64_t timestamp, bool commit,
                             std::int32_t coordinator_epoch) {
    CHECK(options.producer_id.value >= 0, options.producer_id.value);
    options.transactional = true;
    Writer w;
    write_versioned(w, EndTxnMarker{.coordinator_epoch = coordinator_epoch}, 0);
    return build(options, timestamp, commit ? ControlType::commit : ControlType::abort,
                 w.written());
}

Buffer leader_change_batch(BatchOptions options, std::int64_t timestamp,
                           const LeaderChangeMessage& message) {
    return build(options, timestamp, ControlType::leader_change, own_version(message));
}

Buffer snapshot_header_batch(BatchOptions options, std::int64_t timestamp,
                             const SnapshotHeaderRecord& message) {
    return build(options, timestamp, ControlType::snapshot_header, own_version(message));
}

Buffer snapshot_footer_batch(BatchOptions options, std::int64_t timestamp,
                             const SnapshotFooterRecord& message) {
    return build(options, timestamp, ControlType::snapshot_footer, own_version(message));
}

Buffer kraft_version_batch(BatchOptions options, std::int64_t timestamp,
                           const KRaftVersionRecord& message) {
    return build(options, timestamp, ControlType::kraft_version, own_version(message));
}

Buffer kraft_voters_batch(BatchOptions options, std::int64_t timestamp, const VotersRecord& message,
                          std::span<const RecordHeader> headers) {
    return build(options, timestamp, ControlType::kraft_voters, own_version(message), headers);
}

std::optional<std::int32_t> coordinator_epoch(const Record& record) {
    if (!record.value) return std::nullopt;
    Reader r(*record.value);
    const auto marker = read_versioned<EndTxnMarker>(r, true);
    if (!r.ok()) return std::nullopt;
    return marker.coordinator_epoch;
}

}  // namespace cauce::wire
