#include "storage/transaction_marker.h"

#include "wire/reader.h"

namespace cauce::storage {
namespace {
constexpr std::int16_t kAbort = 0;
constexpr std::int16_t kCommit = 1;
}  // namespace

std::optional<EndTransaction> read_marker(const BatchHead& head, BytesView batch) {
    if (batch.size() <= BatchHead::kBytes) return std::nullopt;
    // One record: length, attributes, two deltas, key (version, type), value (version, coordinator
    // epoch).
    wire::Reader record(batch.subspan(BatchHead::kBytes));
    record.varint();
    record.int8();
    record.varlong();
    record.varint();
    const std::int32_t key_bytes = record.varint();
    record.int16();
    const std::int16_t type = record.int16();
    const std::int32_t value_bytes = record.varint();
    record.int16();
    const std::int32_t coordinator_epoch = record.int32();
    if (!record.ok() || key_bytes != 4 || value_bytes < 6) return std::nullopt;
    if (type != kAbort && type != kCommit) return std::nullopt;
    return EndTransaction{head.producer_id, head.producer_epoch, coordinator_epoch,
                          head.base_offset, head.max_timestamp,  type == kCommit};
}

}  // namespace cauce::storage
