#include "wire/record.h"

#include "wire/varint.h"

#include <utility>

namespace cauce::wire {

namespace {

// A key, value or header value: varint length, -1 for null. Null on overrun.
const std::uint8_t* read_nullable(const std::uint8_t* at, const std::uint8_t* end,
                                  std::optional<Bytes>& out) {
    std::int32_t size = 0;
    at = read_varint(at, end, size);
    if (at == nullptr || size > end - at) return nullptr;
    if (size < 0) {
        out.reset();
        return at;
    }
    out = Bytes(BytesView(at, static_cast<std::size_t>(size)));
    return at + size;
}

}  // namespace

RecordIterator::RecordIterator(const BatchHeader& batch, BytesView records)
    : base_offset_(batch.base_offset()),
      base_timestamp_(batch.base_timestamp()),
      at_(records.data()),
      end_(records.data() + records.size()),
      left_(batch.count()) {
    if (batch.timestamp_type() == TimestampType::log_append_time)
        append_time_ = batch.max_timestamp();
    if (left_ < 0) fail("a batch of " + std::to_string(left_) + " records");
}

bool RecordIterator::next(Record& record) {
    if (left_ <= 0) {
        if (ok() && at_ != end_) fail("bytes follow the last record");
        return false;
    }
    std::int32_t size = 0;
    const std::uint8_t* at = read_varint(at_, end_, size);
    if (at == nullptr) return fail("no length");
    if (size < 0 || size > end_ - at) return fail("a length of " + std::to_string(size));
    const std::uint8_t* const end = at + size;

    if (at == end) return fail("an empty record");
    ++at;  // Attributes: none are defined.
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    at = read_varlong(at, end, timestamp_delta);
    if (at != nullptr) at = read_varint(at, end, offset_delta);
    if (at == nullptr) return fail("bad deltas");
    record.offset = base_offset_ + offset_delta;
    // Wraps as Java's addition does; check_batch() looks at the values.
    record.timestamp = append_time_.value_or(static_cast<std::int64_t>(
        static_cast<std::uint64_t>(base_timestamp_) + static_cast<std::uint64_t>(timestamp_delta)));
    at = read_nullable(at, end, record.key);
    if (at == nullptr) return fail("a key out of bounds");
    at = read_nullable(at, end, record.value);
    if (at == nullptr) return fail("a value out of bounds");

    std::int32_t headers = 0;
    at = read_varint(at, end, headers);
    // A header takes two bytes or more.
    if (at == nullptr || headers < 0 || headers > (end - at) / 2) return fail("a bad header count");
    record.headers.clear();
    for (; headers > 0; --headers) {
        std::optional<Bytes> key;
        RecordHeader header;
        at = read_nullable(at, end, key);
        if (at == nullptr || !key) return fail("a header without a key");
        header.key = as_text(*key);
        at = read_nullable(at, end, header.value);
        if (at == nullptr) return fail("a header value out of bounds");
        record.headers.push_back(header);
    }
    if (at != end) return fail("bytes follow its last header");
    at_ = end;
    --left_;
    return true;
}

bool RecordIterator::fail(std::string what) {
    if (ok()) error_ = "record with " + std::to_string(left_) + " to go: " + std::move(what);
    left_ = 0;
    at_ = end_;
    return false;
}

}  // namespace cauce::wire
