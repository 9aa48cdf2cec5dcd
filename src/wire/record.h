// Single records inside a batch.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "wire/field_types.h"
#include "wire/record_batch.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::wire {

struct RecordHeader {
    std::string_view key;
    std::optional<Bytes> value;
    bool operator==(const RecordHeader&) const = default;
};

// Views into the batch's (decompressed) records.
struct Record {
    Offset offset;
    std::int64_t timestamp = kNoTimestamp;
    std::optional<Bytes> key;
    std::optional<Bytes> value;
    std::vector<RecordHeader> headers;
    bool operator==(const Record&) const = default;
};

// Walks records front to back. The batch's header says what their deltas count from.
//
//     RecordIterator records(batch, body);
//     for (Record record; records.next(record);) ...
//     if (!records.ok()) ...
class RecordIterator {
public:
    // `records` is batch.body(), decompressed if need be (records_of()). Both must outlive the
    // iterator.
    RecordIterator(const BatchHeader& batch, BytesView records);

    // False at the end and at an error. Reuses the memory of record.headers.
    bool next(Record& record);

    // INVALID_RECORD and what was wrong; also when the batch said another count than it has.
    bool ok() const { return error_.empty(); }
    const std::string& error() const { return error_; }

private:
    bool fail(std::string what);

    Offset base_offset_;
    std::int64_t base_timestamp_;
    // Set when all records have the batch's max timestamp.
    std::optional<std::int64_t> append_time_;
    const std::uint8_t* at_;
    const std::uint8_t* end_;
    std::int32_t left_;  // Records still to come, by the header's count.
    std::string error_;
};

}  // namespace cauce::wire
