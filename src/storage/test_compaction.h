// For the tests of compaction: batches from a line of text, and back.
//
//     "a=1, b=2 | a"      two batches: a and b have values, then a tombstone for a; "-=1" has no
//     key "0-1{1:b=2} 2-2{2:a} h5000"    offsets of batches and records, and when what was deleted
//     may go
#pragma once

#include "base/bytes.h"
#include "base/check.h"
#include "storage/batch_head.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::storage::testing {

inline std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

inline std::vector<std::string_view> parts_of(std::string_view text, char by) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(by);
        parts.push_back(trimmed(text.substr(0, end)));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

// One batch from "a=1, b". The records' times are `timestamp` and so on, a millisecond apart.
inline Buffer batch_of(std::string_view text, wire::BatchOptions options,
                       std::int64_t timestamp = 1'000) {
    wire::BatchBuilder builder(options);
    for (const std::string_view record : parts_of(text, ',')) {
        const std::size_t equals = record.find('=');
        const std::string_view key = record.substr(0, equals);
        std::optional<wire::Bytes> value;
        if (equals != std::string_view::npos) value = as_bytes(record.substr(equals + 1));
        const auto has_key =
            key == "-" ? std::optional<wire::Bytes>() : std::optional<wire::Bytes>(as_bytes(key));
        builder.append(timestamp++, has_key, value);
    }
    return builder.build().value();
}

// Batches one behind the other, from offset `base` on.
inline std::vector<Buffer> batches_of(std::string_view text, std::int64_t base = 0,
                                      wire::Codec codec = wire::Codec::none) {
    std::vector<Buffer> batches;
    for (const std::string_view one : parts_of(text, '|')) {
        wire::BatchOptions options;
        options.base_offset = Offset{base};
        options.codec = codec;
        batches.push_back(batch_of(one, options, 1'000 + base));
        base = BatchHead::read(batches.back())->last_offset.value + 1;
    }
    return batches;
}

inline std::string text_of(BytesView batches) {
    std::string text;
    while (!batches.empty()) {
        const auto batch = wire::parse_batch(batches);
        CHECK(batch.has_value() && batch->crc_matches());
        batches = batches.subspan(batch->size_bytes());
        if (!text.empty()) text += ' ';
        text += std::to_string(batch->base_offset().value) + "-" +
                std::to_string(batch->last_offset().value) + "{";
        Buffer storage;
        const auto records = wire::records_of(*batch, 1 << 20, storage);
        CHECK(records.has_value());
        wire::RecordIterator iterator(*batch, *records);
        bool first = true;
        for (wire::Record record; iterator.next(record); first = false) {
            if (!first) text += ' ';
            text += std::to_string(record.offset.value) + ":";
            if (batch->is_control()) {
                text +=
                    wire::control_type(record) == wire::ControlType::commit ? "commit" : "abort";
                continue;
            }
            text += record.key ? std::string(as_text(*record.key)) : "-";
            if (record.value) text += "=" + std::string(as_text(*record.value));
        }
        CHECK(iterator.ok(), iterator.error());
        text += "}";
        if (batch->has_delete_horizon()) text += " h" + std::to_string(batch->base_timestamp());
    }
    return text;
}

}  // namespace cauce::storage::testing
