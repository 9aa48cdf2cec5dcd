// Records as JSON, one object a line: what `consume -J` prints and `produce -J` takes.
//
// A value is given as JSON when it is JSON, byte for byte but for white space, and else in base64
// as `value_b64`; a key or a header's value as a string when it is text, else as `key_b64`,
// `value_b64`. Null is null. What one prints the other turns back into the same bytes, white space
// in JSON apart.
#pragma once

#include "base/ids.h"
#include "cli/value.h"
#include "client/fetched_records.h"
#include "client/producer.h"

#include <expected>
#include <string>
#include <string_view>

namespace cauce::cli {

// topic, partition, offset, timestamp, timestamp_type, leader_epoch, headers, key, value.
Value record_value(const TopicPartition& partition, const client::FetchedRecord& record);

// Takes key, value, headers and timestamp; where the record came from is read over. The error says
// what is wrong.
std::expected<client::ProducerRecord, std::string> record_from_json(std::string_view line);

}  // namespace cauce::cli
