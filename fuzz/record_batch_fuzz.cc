// Record batches, twice: as they come, which rarely gets past the checksum, and with length, format
// and checksum put right, which reaches the records. The two readers of records have to agree.
#include "base/check.h"
#include "base/crc32c.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace cauce;
using namespace cauce::wire;

namespace {

constexpr std::size_t kLimit = 1 << 20;

// Builds the batch again from its records; the result must hold the same records.
void rebuild(const BatchHeader& batch, BytesView body) {
    BatchOptions options;
    options.base_offset = batch.base_offset();
    options.codec = batch.codec();
    BatchBuilder builder(options);
    std::vector<Record> records;
    RecordIterator iterator(batch, body);
    for (Record r; iterator.next(r);) {
        builder.append_at(r.offset, r.timestamp, r.key, r.value, r.headers);
        records.push_back(r);
        control_type(r);
        coordinator_epoch(r);
    }
    CHECK(iterator.ok(), iterator.error());
    CHECK(static_cast<std::int32_t>(records.size()) == batch.count(), records.size(),
          batch.count());
    if (records.empty()) return;
    const Buffer again = builder.build(batch.last_offset()).value();
    const BatchHeader header = parse_batch(again).value();
    CHECK(check_batch(header, {.origin = BatchOrigin::log}).has_value(), "rebuilt");
    Buffer storage;
    const BytesView again_body = records_of(header, 2 * kLimit, storage).value();
    RecordIterator second(header, again_body);
    Record r;
    for (const Record& expected : records)
        CHECK(second.next(r) && r == expected, r.offset);
}

void look(BytesView bytes) {
    const auto batch = parse_batch(bytes);
    if (!batch) return;
    for (const BatchOrigin origin : {BatchOrigin::producer, BatchOrigin::log}) {
        check_batch(*batch, {.origin = origin});
        check_batch(*batch, {.origin = origin, .decompressed_bytes_max = kLimit});
    }
    Buffer storage;
    if (static_cast<int>(batch->codec()) >= kCodecs) return;
    const auto body = records_of(*batch, kLimit, storage);
    if (!body) return;
    const bool sound =
        check_batch(*batch, {.origin = BatchOrigin::log, .decompressed_bytes_max = kLimit})
            .has_value();
    if (sound) return rebuild(*batch, *body);
    RecordIterator iterator(*batch, *body);
    for (Record r; iterator.next(r);) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    look({data, size});
    if (size < batch_layout::kHeaderBytes) return 0;
    Buffer repaired(data, data + size);
    store_big_endian(repaired.data() + batch_layout::kLength,
                     static_cast<std::int32_t>(size - batch_layout::kLengthEnd));
    repaired[batch_layout::kMagic] = 2;
    store_big_endian(repaired.data() + batch_layout::kCrc,
                     crc32c(BytesView(repaired).subspan(batch_layout::kAttributes)));
    look(repaired);

    // The two ways to LogAppendTime's checksum agree.
    patch_log_append_time(repaired, 12345);
    const auto patched = parse_batch(repaired);
    CHECK(!patched || patched->crc_matches(), size);
    return 0;
}
