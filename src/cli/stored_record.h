// How `storage dump` shows a record of a file: text as it is, the brokers' own records decoded.
#pragma once

#include "wire/record.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cauce::cli {

enum class StoredRecordKind : std::uint8_t {
    data,      // anybody's
    metadata,  // of __cluster_metadata, its snapshots too
    groups,    // of __consumer_offsets
};

// By the folder a file stands in.
StoredRecordKind stored_record_kind(std::string_view folder);

struct StoredRecordText {
    std::optional<std::string> key;
    std::optional<std::string> value;
};

StoredRecordText stored_record_text(StoredRecordKind kind, const wire::Record& record);
// Of a control batch: the type of the record as its key.
StoredRecordText control_record_text(const wire::Record& record);

}  // namespace cauce::cli
