#include "replica/recompression.h"

#include "wire/batch_builder.h"
#include "wire/record.h"

namespace cauce::replica {

Result<Buffer> recompress(const wire::BatchHeader& batch, wire::Codec codec,
                          std::optional<int> level, std::size_t limit) {
    wire::BatchOptions options;
    options.base_offset = batch.base_offset();
    options.partition_leader_epoch = batch.partition_leader_epoch();
    options.codec = codec;
    options.level = level;
    options.producer_id = batch.producer_id();
    options.producer_epoch = batch.producer_epoch();
    options.base_sequence = batch.base_sequence();
    options.transactional = batch.is_transactional();
    wire::BatchBuilder builder(options);
    Buffer storage;
    ASSIGN_OR_RETURN(const BytesView records, wire::records_of(batch, limit, storage));
    wire::RecordIterator iterator(batch, records);
    for (wire::Record record; iterator.next(record);)
        builder.append_at(record.offset, record.timestamp, record.key, record.value,
                          record.headers);
    if (!iterator.ok()) return fail(ErrorCode::invalid_record, iterator.error());
    return builder.build(batch.last_offset());
}

}  // namespace cauce::replica
