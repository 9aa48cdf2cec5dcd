// What compaction makes of a batch, twice: as it comes, and with length, format and checksum put
// right, which reaches the records. What was a batch stays one, and a second time there is nothing
// to do.
#include "base/check.h"
#include "base/crc32c.h"
#include "storage/batch_cleaner.h"
#include "storage/key_gathering.h"
#include "wire/record_batch.h"

#include <cstddef>
#include <cstdint>
#include <optional>

using namespace cauce;
using namespace cauce::wire;

namespace {

constexpr std::size_t kLimit = 1 << 20;

bool is_sound(BytesView bytes) {
    const auto batch = parse_batch(bytes);
    return batch &&
           check_batch(*batch, {.origin = BatchOrigin::log, .decompressed_bytes_max = kLimit});
}

// Nothing when it is refused, or holds more keys than the map does: then a second time there may be
// room for more.
std::optional<Buffer> clean(BytesView batch) {
    storage::KeyMap keys(4'096, 0.9, {1, 2});
    storage::KeyGathering gathering(keys, storage::CleanedTransactions({}), Offset{0}, kLimit);
    if (!gathering.add(batch) || gathering.full()) return std::nullopt;
    storage::CleaningRules rules;
    rules.keys = &keys;
    rules.known_upto = gathering.known_upto();
    rules.now_ms = 1'000;
    rules.delete_retention_ms = 500;
    rules.opened_max = kLimit;
    storage::BatchCleaner cleaner(rules, storage::CleanedTransactions({}));
    cleaner.begin_row({});
    Buffer out;
    if (!cleaner.clean(batch, true, out)) return std::nullopt;
    return out;
}

void look(BytesView bytes) {
    const auto head = storage::BatchHead::read(bytes);
    if (!head || head->size_bytes != bytes.size()) return;
    const auto cleaned = clean(bytes);
    if (!cleaned) return;
    const auto left = storage::BatchHead::read(*cleaned);
    CHECK(left && left->size_bytes == cleaned->size(), bytes.size());
    CHECK(storage::batch_crc_matches(*cleaned), bytes.size());
    CHECK(left->base_offset == head->base_offset && left->last_offset == head->last_offset,
          head->base_offset);
    CHECK(left->magic < 2 || !is_sound(bytes) || is_sound(*cleaned), bytes.size());
    const auto again = clean(*cleaned);
    CHECK(again && *again == *cleaned, bytes.size());
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
    return 0;
}
