#include "storage/key_gathering.h"

#include "base/check.h"
#include "storage/batch_head.h"
#include "wire/legacy_message.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <string>

namespace cauce::storage {
namespace {

std::unexpected<Error> damaged(Offset offset, const std::string& why) {
    return fail(ErrorCode::corrupt_message,
                "the batch at offset " + std::to_string(offset.value) + ": " + why);
}

}  // namespace

bool KeyGathering::note(std::optional<BytesView> key, Offset offset) {
    if (offset < from_) return true;
    if (key && !keys_.put(*key, offset)) {
        full_ = true;
        return false;
    }
    known_upto_ = std::max(known_upto_, offset + 1);
    return true;
}

Result<void> KeyGathering::add(BytesView batch) {
    CHECK(!full_);
    const char* why = "";
    const auto head = BatchHead::read(batch, &why);
    CHECK(head && head->size_bytes == batch.size(), why, batch.size());
    if (!batch_crc_matches(batch)) return damaged(head->base_offset, "its checksum does not match");
    Buffer storage;
    if (head->magic < 2) {
        const auto message = wire::parse_legacy_message(batch);
        CHECK(message.has_value(), batch.size());  // its checksum was right
        const auto records = wire::records_of(*message, opened_max_, storage);
        if (!records) return damaged(head->base_offset, records.error().message);
        for (const wire::Record& record : *records) {
            const auto key = record.key ? std::optional<BytesView>(*record.key) : std::nullopt;
            if (!note(key, record.offset)) return {};
        }
    } else if (head->control) {
        (void)transactions_.marker(*head, batch);
    } else if (!transactions_.is_aborted(*head) && head->records > 0) {
        const auto parsed = wire::parse_batch(batch);
        if (!parsed) return damaged(head->base_offset, parsed.error().message);
        auto records = wire::records_of(*parsed, opened_max_, storage);
        if (!records) return damaged(head->base_offset, records.error().message);
        for (std::int32_t i = 0; i < head->records; ++i) {
            const auto record = WalkedRecord::take(*records);
            if (!record || record->offset_delta < 0 ||
                head->base_offset + record->offset_delta > head->last_offset)
                return damaged(head->base_offset, "record " + std::to_string(i) + " is no record");
            if (!note(record->key, head->base_offset + record->offset_delta)) return {};
        }
    }
    skip_to(head->last_offset + 1);
    return {};
}

void KeyGathering::skip_to(Offset offset) {
    known_upto_ = std::max(known_upto_, offset);
}

}  // namespace cauce::storage
