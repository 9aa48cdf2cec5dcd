#include "wire/batch_builder.h"

#include "base/check.h"
#include "base/crc32c.h"

#include <algorithm>
#include <limits>

namespace cauce::wire {

using namespace batch_layout;

namespace {

constexpr std::size_t kVarintBytesMax = 5;
constexpr std::size_t kVarlongBytesMax = 10;

void write_nullable(Writer& w, const std::optional<Bytes>& bytes) {
    w.varint(bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
    if (bytes) w.raw(*bytes);
}

std::uint16_t attributes_of(const BatchOptions& options) {
    unsigned attributes = static_cast<unsigned>(options.codec);
    if (options.timestamp_type == TimestampType::log_append_time) attributes |= kLogAppendTime;
    if (options.transactional) attributes |= kTransactional;
    if (options.control) attributes |= kControl;
    if (options.delete_horizon_ms) attributes |= kDeleteHorizon;
    return static_cast<std::uint16_t>(attributes);
}

Buffer assemble(const BatchOptions& options, std::int64_t last_offset_delta,
                std::int64_t base_timestamp, std::int64_t max_timestamp, std::int32_t count,
                BytesView body) {
    CHECK(last_offset_delta >= 0 && last_offset_delta <= std::numeric_limits<std::int32_t>::max(),
          last_offset_delta);
    Writer w;
    w.int64(options.base_offset.value);
    w.int32(static_cast<std::int32_t>(kHeaderBytes - kLengthEnd + body.size()));
    w.int32(options.partition_leader_epoch.value);
    w.int8(kBatchMagic);
    w.uint32(0);  // The checksum, below.
    w.uint16(attributes_of(options));
    w.int32(static_cast<std::int32_t>(last_offset_delta));
    w.int64(base_timestamp);
    w.int64(max_timestamp);
    w.int64(options.producer_id.value);
    w.int16(options.producer_epoch);
    w.int32(options.base_sequence);
    w.int32(count);
    w.raw(body);
    Buffer batch = w.take();
    store_big_endian(batch.data() + kCrc, crc32c(BytesView(batch).subspan(kAttributes)));
    return batch;
}

}  // namespace

void BatchBuilder::append(std::int64_t timestamp, const std::optional<Bytes>& key,
                          const std::optional<Bytes>& value,
                          std::span<const RecordHeader> headers) {
    append_at(next_offset(), timestamp, key, value, headers);
}

void BatchBuilder::append_at(Offset offset, std::int64_t timestamp, const std::optional<Bytes>& key,
                             const std::optional<Bytes>& value,
                             std::span<const RecordHeader> headers) {
    const std::int64_t delta = offset - options_.base_offset;
    CHECK(delta >= next_delta_ && delta < std::numeric_limits<std::int32_t>::max(), delta,
          next_delta_);
    if (count_ == 0) {
        base_timestamp_ = options_.delete_horizon_ms.value_or(timestamp);
        max_timestamp_ = timestamp;
    }
    max_timestamp_ = std::max(max_timestamp_, timestamp);
    record_.clear();
    record_.int8(0);  // Attributes.
    record_.varlong(timestamp - base_timestamp_);
    record_.varint(static_cast<std::int32_t>(delta));
    write_nullable(record_, key);
    write_nullable(record_, value);
    record_.varint(static_cast<std::int32_t>(headers.size()));
    for (const RecordHeader& header : headers) {
        write_nullable(record_, Bytes(as_bytes(header.key)));
        write_nullable(record_, header.value);
    }
    records_.varint(static_cast<std::int32_t>(record_.position()));
    records_.raw(record_.written());
    ++count_;
    next_delta_ = delta + 1;
}

std::size_t BatchBuilder::record_size_max(std::size_t key_bytes, std::size_t value_bytes,
                                          std::span<const RecordHeader> headers) {
    // Length, attributes, two deltas, sizes of key and value, count of headers.
    std::size_t size = 5 * kVarintBytesMax + 1 + kVarlongBytesMax + key_bytes + value_bytes;
    for (const RecordHeader& header : headers) {
        size += 2 * kVarintBytesMax + header.key.size() + (header.value ? header.value->size() : 0);
    }
    return size;
}

Result<Buffer> BatchBuilder::build(std::optional<Offset> last_offset) {
    const std::int64_t last_delta =
        last_offset ? *last_offset - options_.base_offset : next_delta_ - 1;
    CHECK(count_ > 0 && last_delta >= next_delta_ - 1, count_, last_delta, next_delta_);
    Buffer packed;
    BytesView body = records_.written();
    if (options_.codec != Codec::none) {
        ASSIGN_OR_RETURN(packed, compress(options_.codec, body, options_.level));
        body = packed;
    }
    const bool append_time = options_.timestamp_type == TimestampType::log_append_time;
    Buffer batch = assemble(options_, last_delta, base_timestamp_,
                            append_time ? options_.append_time : max_timestamp_, count_, body);
    records_.clear();
    count_ = 0;
    next_delta_ = 0;
    return batch;
}

Buffer empty_batch(const BatchOptions& options, Offset last_offset, std::int64_t max_timestamp) {
    BatchOptions kept = options;
    kept.codec = Codec::none;
    kept.delete_horizon_ms.reset();
    return assemble(kept, last_offset - options.base_offset, kNoTimestamp, max_timestamp, 0, {});
}

}  // namespace cauce::wire
