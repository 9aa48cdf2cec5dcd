#include "storage/batch_cleaner.h"

#include "base/check.h"
#include "base/crc32c.h"
#include "base/mutant.h"
#include "wire/legacy_message.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace cauce::storage {
namespace {

namespace layout = wire::batch_layout;

std::unexpected<Error> damaged(Offset offset, const std::string& why) {
    return fail(ErrorCode::corrupt_message,
                "the batch at offset " + std::to_string(offset.value) + ": " + why);
}

// As Java adds: two numbers from a file may be anything.
std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
// Nothing when there is no such number: then a horizon cannot stand beside the record's time.
std::optional<std::int64_t> difference(std::int64_t timestamp, std::int64_t horizon) {
    std::int64_t delta = 0;
    if (__builtin_sub_overflow(timestamp, horizon, &delta)) return std::nullopt;
    return delta;
}

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

// The head of `batch` with another body. What is not named stays as it is.
struct Rewritten {
    std::uint16_t attributes;
    std::int64_t base_timestamp;
    std::int64_t max_timestamp;
    std::int32_t count;
};
void append_rewritten(BytesView batch, const Rewritten& now, BytesView body, Buffer& out) {
    const std::size_t begin = out.size();
    out.insert(out.end(), batch.begin(),
               batch.begin() + static_cast<std::ptrdiff_t>(layout::kHeaderBytes));
    out.insert(out.end(), body.begin(), body.end());
    std::uint8_t* const at = out.data() + begin;
    const std::size_t size = layout::kHeaderBytes + body.size();
    store_big_endian(at + layout::kLength, static_cast<std::int32_t>(size - layout::kLengthEnd));
    store_big_endian(at + layout::kAttributes, now.attributes);
    store_big_endian(at + layout::kBaseTimestamp, now.base_timestamp);
    store_big_endian(at + layout::kMaxTimestamp, now.max_timestamp);
    store_big_endian(at + layout::kCount, now.count);
    store_big_endian(at + layout::kCrc, crc32c(BytesView(at, size).subspan(layout::kAttributes)));
}

// The records of a batch, walked one by one; `visit` is told each.
template <typename Visit>
Result<void> walk(const BatchHead& head, BytesView records, const Visit& visit) {
    for (std::int32_t i = 0; i < head.records; ++i) {
        const auto record = WalkedRecord::take(records);
        if (!record)
            return damaged(head.base_offset, "record " + std::to_string(i) + " is no record");
        if (record->offset_delta < 0 || head.base_offset + record->offset_delta > head.last_offset)
            return damaged(head.base_offset, "record " + std::to_string(i) + " lies outside");
        visit(*record);
    }
    if (!records.empty()) return damaged(head.base_offset, "bytes follow its last record");
    return {};
}

}  // namespace

CleaningCounts BatchCleaner::take_counts() {
    return std::exchange(counts_, {});
}

std::vector<AbortedTransaction> BatchCleaner::take_aborted() {
    return std::exchange(aborted_, {});
}

bool BatchCleaner::take_changed() {
    return std::exchange(changed_, false);
}

bool BatchCleaner::is_superseded(BytesView key, Offset offset) const {
    if (offset >= rules_.known_upto) return false;
    const auto newest = rules_.keys->newest(key);
    if (CAUCE_MUTANT("older-value-kept")) return newest && *newest <= offset;
    return newest && *newest > offset;
}

void BatchCleaner::keep(BytesView batch, Buffer& out) {
    out.insert(out.end(), batch.begin(), batch.end());
    counts_.kept_bytes += batch.size();
}

void BatchCleaner::empty(BytesView batch, bool must_stay, Buffer& out) {
    const auto count = load_big_endian<std::int32_t>(batch.data() + layout::kCount);
    if (must_stay && count == 0) return keep(batch, out);
    changed_ = true;
    if (!must_stay) return;
    Rewritten now{};
    now.attributes = load_big_endian<std::uint16_t>(batch.data() + layout::kAttributes);
    now.attributes &= static_cast<std::uint16_t>(~(layout::kCodecMask | layout::kDeleteHorizon));
    now.base_timestamp = wire::kNoTimestamp;
    now.max_timestamp = load_big_endian<std::int64_t>(batch.data() + layout::kMaxTimestamp);
    append_rewritten(batch, now, {}, out);
    counts_.kept_bytes += layout::kHeaderBytes;
}

Result<void> BatchCleaner::clean(BytesView batch, bool last_of_row, Buffer& out) {
    const char* why = "";
    const auto head = BatchHead::read(batch, &why);
    CHECK(head && head->size_bytes == batch.size(), why, batch.size());
    // What is written anew gets a new checksum: damage must not be sealed with one.
    if (!batch_crc_matches(batch)) return damaged(head->base_offset, "its checksum does not match");
    ++counts_.batches;
    counts_.bytes += batch.size();
    if (head->magic < 2) return clean_legacy(batch, last_of_row, out);
    if (head->records < 0) return damaged(head->base_offset, "its count of records is negative");
    const bool must_stay = last_of_row || producers_.needs(*head);
    counts_.records += static_cast<std::uint64_t>(head->records);
    if (!head->control) return clean_data(*head, batch, must_stay, out);
    clean_control(*head, batch, must_stay, out);
    return {};
}

void BatchCleaner::clean_control(const BatchHead& head, BytesView batch, bool must_stay,
                                 Buffer& out) {
    CleanedTransactions::Marker marker = transactions_.marker(head, batch);
    if (marker.aborted) aborted_.push_back(*marker.aborted);
    if (head.records == 0) return empty(batch, must_stay, out);
    const auto attributes = load_big_endian<std::uint16_t>(batch.data() + layout::kAttributes);
    const bool waits = (attributes & layout::kDeleteHorizon) != 0;
    const auto base = load_big_endian<std::int64_t>(batch.data() + layout::kBaseTimestamp);
    if (marker.superfluous && waits && base <= rules_.now_ms) return empty(batch, must_stay, out);
    counts_.kept_records += static_cast<std::uint64_t>(head.records);
    if (!marker.superfluous || waits) {
        if (marker.superfluous) counts_.wait_until(base);
        return keep(batch, out);
    }
    // From now on it waits to be removed, like a tombstone.
    BytesView records = batch.subspan(layout::kHeaderBytes);
    const auto record = WalkedRecord::take(records);
    if (!record || !records.empty()) return keep(batch, out);
    const std::int64_t horizon = saturating_add(rules_.now_ms, rules_.delete_retention_ms);
    const auto delta = difference(wrapping_add(base, record->timestamp_delta), horizon);
    if (!delta) return keep(batch, out);
    Buffer body;
    append_record(body, *record, *delta);
    const Rewritten now{static_cast<std::uint16_t>(attributes | layout::kDeleteHorizon), horizon,
                        load_big_endian<std::int64_t>(batch.data() + layout::kMaxTimestamp),
                        head.records};
    append_rewritten(batch, now, body, out);
    counts_.kept_bytes += layout::kHeaderBytes + body.size();
    changed_ = true;
    counts_.wait_until(horizon);
}

// The records of a batch that stay.
struct BatchCleaner::Filtered {
    Buffer storage;  // behind the records, when they were compressed
    std::vector<WalkedRecord> records;
    bool all = true;  // none goes
    bool tombstones = false;
    std::uint64_t without_key = 0;
};

Result<BatchCleaner::Filtered> BatchCleaner::filter(const BatchHead& head, BytesView batch) const {
    const auto parsed = wire::parse_batch(batch);
    if (!parsed) return damaged(head.base_offset, parsed.error().message);
    Filtered filtered;
    auto records = wire::records_of(*parsed, rules_.opened_max, filtered.storage);
    if (!records) return damaged(head.base_offset, records.error().message);
    const bool horizon_passed =
        parsed->has_delete_horizon() &&
        (parsed->base_timestamp() <= rules_.now_ms || CAUCE_MUTANT("tombstone-dropped-early"));
    const auto walked = walk(head, *records, [&](const WalkedRecord& record) {
        const Offset offset = head.base_offset + record.offset_delta;
        const bool known = offset < rules_.known_upto;
        bool stays = !known;
        if (known && !record.key)
            ++filtered.without_key;
        else if (known)
            stays = !is_superseded(*record.key, offset) && (record.has_value || !horizon_passed);
        if (!stays) {
            filtered.all = false;
            return;
        }
        filtered.tombstones |= !record.has_value;
        filtered.records.push_back(record);
    });
    if (!walked) return std::unexpected(walked.error());
    return filtered;
}

Result<void> BatchCleaner::clean_data(const BatchHead& head, BytesView batch, bool must_stay,
                                      Buffer& out) {
    if (transactions_.is_aborted(head)) {
        empty(batch, must_stay, out);
        return {};
    }
    if (head.records == 0) {
        empty(batch, must_stay, out);
        return {};
    }
    ASSIGN_OR_RETURN(const Filtered filtered, filter(head, batch));
    counts_.without_key += filtered.without_key;
    if (filtered.records.empty()) {
        empty(batch, must_stay, out);
        return {};
    }
    counts_.kept_records += filtered.records.size();
    const auto attributes = load_big_endian<std::uint16_t>(batch.data() + layout::kAttributes);
    const auto base = load_big_endian<std::int64_t>(batch.data() + layout::kBaseTimestamp);
    const bool has_horizon = (attributes & layout::kDeleteHorizon) != 0;
    const std::int64_t horizon = saturating_add(rules_.now_ms, rules_.delete_retention_ms);
    const auto reaches = [base, horizon](const WalkedRecord& record) {
        return difference(wrapping_add(base, record.timestamp_delta), horizon).has_value();
    };
    const bool new_horizon =
        filtered.tombstones && !has_horizon && std::ranges::all_of(filtered.records, reaches);
    Rewritten now{attributes, base,
                  load_big_endian<std::int64_t>(batch.data() + layout::kMaxTimestamp),
                  static_cast<std::int32_t>(filtered.records.size())};
    if (new_horizon) {
        now.base_timestamp = horizon;
        now.attributes |= layout::kDeleteHorizon;
    }
    if (filtered.tombstones && (has_horizon || new_horizon)) counts_.wait_until(now.base_timestamp);
    if (filtered.all && !new_horizon) {
        keep(batch, out);
        return {};
    }

    changed_ = true;
    Buffer body;
    std::int64_t newest = std::numeric_limits<std::int64_t>::min();
    for (const WalkedRecord& record : filtered.records) {
        const std::int64_t timestamp = wrapping_add(base, record.timestamp_delta);
        newest = std::max(newest, timestamp);
        if (new_horizon)
            append_record(body, record, *difference(timestamp, horizon));
        else
            body.insert(body.end(), record.whole.begin(), record.whole.end());
    }
    // With LogAppendTime it is the time of all.
    if ((attributes & layout::kLogAppendTime) == 0) now.max_timestamp = newest;
    const auto codec = static_cast<wire::Codec>(attributes & layout::kCodecMask);
    if (codec != wire::Codec::none) {
        ASSIGN_OR_RETURN(body, wire::compress(codec, body));
    }
    append_rewritten(batch, now, body, out);
    counts_.kept_bytes += layout::kHeaderBytes + body.size();
    return {};
}

Result<void> BatchCleaner::clean_legacy(BytesView batch, bool last_of_row, Buffer& out) {
    const auto message = wire::parse_legacy_message(batch);
    CHECK(message.has_value(), batch.size());  // its checksum was right
    Buffer storage;
    const auto records = wire::records_of(*message, rules_.opened_max, storage);
    if (!records) return damaged(message->offset(), records.error().message);
    counts_.records += records->size();
    // It cannot be emptied, so the last one stays as it is.
    bool stays = last_of_row;
    for (const wire::Record& record : *records) {
        if (record.offset >= rules_.known_upto) {
            stays = true;
        } else if (!record.key) {
            ++counts_.without_key;
        } else if (record.value || !legacy_tombstones_go_) {
            stays |= !is_superseded(*record.key, record.offset);
        }
    }
    if (!stays) {
        changed_ = true;
        return {};
    }
    counts_.kept_records += records->size();
    keep(batch, out);
    return {};
}

}  // namespace cauce::storage
