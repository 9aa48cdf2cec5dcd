// The records of one partition out of one answer to Fetch.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/record.h"

#include <cstdint>
#include <vector>

namespace cauce::client {

enum class Isolation : std::int8_t { read_uncommitted = 0, read_committed = 1 };

struct AbortedTransaction {
    ProducerId producer;
    Offset first_offset;
};

// As they came: decoded when they are asked for, so that what waits takes no more memory than it
// took on the wire.
struct FetchedBytes {
    TopicPartition partition;
    Buffer bytes;
    Offset position;  // records below were not asked for
    Isolation isolation = Isolation::read_uncommitted;
    std::vector<AbortedTransaction> aborted;
    std::int64_t high_watermark = -1;
    std::int64_t last_stable_offset = -1;
};

struct FetchedRecord : wire::Record {
    wire::TimestampType timestamp_type = wire::TimestampType::create_time;
    LeaderEpoch leader_epoch;
};

struct FetchedRecords {
    TopicPartition partition;
    std::vector<FetchedRecord> records;  // in the order of offsets; may be empty
    Offset next;                         // where to read on: behind the last batch
    std::int64_t high_watermark = -1;
    bool at_end = false;  // nothing more could be read at that moment

    // What the records point into.
    std::vector<Buffer> storage;
};

// Decodes whole batches; the broker may cut the last one. Checksums are verified, control batches
// and, with read_committed, aborted records are left out. CORRUPT_MESSAGE and INVALID_RECORD: the
// peer sent no batches.
Result<FetchedRecords> decode_records(FetchedBytes bytes);

}  // namespace cauce::client
