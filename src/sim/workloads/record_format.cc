#include "sim/workloads/record_format.h"

#include "wire/record.h"
#include "wire/record_batch.h"

namespace cauce::sim {

Buffer make_batch(const wire::BatchOptions& options, RecordNumber first, std::int32_t count,
                  std::int64_t timestamp, runtime::Random& random) {
    wire::BatchBuilder builder(options);
    for (std::int32_t i = 0; i < count; ++i) {
        const std::uint64_t padding = random.one_in(16) ? random.below(8000) : random.below(100);
        Buffer value(8 + padding, static_cast<std::uint8_t>('a' + i % 26));
        store_big_endian(value.data(), first + i);
        const Buffer key(random.below(10), 'k');
        std::optional<wire::Bytes> with_key;
        if (random.one_in(2)) with_key = wire::Bytes(key);
        builder.append(timestamp, with_key, wire::Bytes(value));
    }
    Result<Buffer> batch = builder.build();
    CHECK(batch.has_value());
    return std::move(*batch);
}

Result<void> walk_batches(BytesView bytes, Offset start,
                          const std::function<void(const wire::BatchHeader&)>& batch,
                          const std::function<void(const wire::Record&)>& record) {
    while (true) {
        const std::optional<std::size_t> size = wire::peek_batch_size(bytes);
        if (!size || *size > bytes.size()) return {};
        ASSIGN_OR_RETURN(const wire::BatchHeader header, wire::parse_batch(bytes));
        wire::BatchCheck check;
        check.origin = wire::BatchOrigin::log;
        check.decompressed_bytes_max = 100 << 20;
        RETURN_IF_ERROR(wire::check_batch(header, check));
        batch(header);
        Buffer storage;
        ASSIGN_OR_RETURN(const BytesView records, wire::records_of(header, 100 << 20, storage));
        wire::RecordIterator each(header, records);
        for (wire::Record one; each.next(one);) {
            if (one.offset >= start) record(one);
        }
        if (!each.ok()) return fail(ErrorCode::invalid_record, each.error());
        bytes = bytes.subspan(header.size_bytes());
    }
}

Result<void> read_batches(BytesView bytes, Offset start,
                          const std::function<void(const wire::BatchHeader&)>& batch,
                          const std::function<void(Offset, RecordNumber)>& record) {
    bool foreign = false;
    const auto number = [&](const wire::Record& one) {
        if (!one.value || one.value->size() < sizeof(RecordNumber)) {
            foreign = true;
        } else if (!foreign) {
            record(one.offset, load_big_endian<RecordNumber>(one.value->data()));
        }
    };
    RETURN_IF_ERROR(walk_batches(bytes, start, batch, number));
    if (foreign) return fail(ErrorCode::invalid_record, "a record that nobody sent");
    return {};
}

}  // namespace cauce::sim
