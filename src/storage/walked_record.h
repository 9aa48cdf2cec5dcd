// One record of a batch of format 2 as compaction looks at it: whether it is the newest of its key,
// and where it lies so that it can be copied as it is. [pure]
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace cauce::storage {

// How much of one compressed batch is opened to look at its records.
inline constexpr std::size_t kOpenedBatchMax = 256 * 1024 * 1024;

struct WalkedRecord {
    std::uint8_t attributes = 0;
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    std::optional<BytesView> key;
    bool has_value = false;
    BytesView whole;            // with its length
    BytesView behind_the_time;  // from the offset delta on

    // The record at the front of `records`, which then begins behind it. Nothing when there is
    // none: a length or a varint is wrong. Headers are not looked at.
    static std::optional<WalkedRecord> take(BytesView& records);
};

// Writes the record with another timestamp delta.
void append_record(Buffer& out, const WalkedRecord& record, std::int64_t timestamp_delta);

}  // namespace cauce::storage
