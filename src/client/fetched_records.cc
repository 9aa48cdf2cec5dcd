#include "client/fetched_records.h"

#include "wire/control_batch.h"
#include "wire/legacy_message.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <set>
#include <utility>

namespace cauce::client {
namespace {

// A batch that grows beyond this is not unpacked: a few bytes can claim gigabytes.
constexpr std::size_t kUnpackedBytesMax = 256u << 20;

// Follows which producers' transactions are open and will be aborted (KIP-98). Batches come in the
// order of offsets, as does the list of aborted transactions.
class AbortedProducers {
public:
    explicit AbortedProducers(std::vector<AbortedTransaction> aborted)
        : aborted_(std::move(aborted)) {
        std::ranges::sort(aborted_, {}, &AbortedTransaction::first_offset);
    }

    // Whether the records of this batch are to be left out.
    bool drops(const wire::BatchHeader& batch) {
        while (next_ < aborted_.size() && aborted_[next_].first_offset <= batch.last_offset())
            producers_.insert(aborted_[next_++].producer);
        return batch.is_transactional() && producers_.contains(batch.producer_id());
    }

    void ended(const wire::BatchHeader& batch) { producers_.erase(batch.producer_id()); }

private:
    std::vector<AbortedTransaction> aborted_;
    std::size_t next_ = 0;
    std::set<ProducerId> producers_;
};

// A message of format 0 or 1, or those compressed inside it: what brokers of before 0.11 wrote.
Result<void> decode_legacy(BytesView bytes, Offset position, FetchedRecords& result) {
    ASSIGN_OR_RETURN(const wire::LegacyMessage message, wire::parse_legacy_message(bytes));
    if (!message.crc_matches()) {
        return fail(ErrorCode::corrupt_message, "message at offset " +
                                                    std::to_string(message.offset().value) +
                                                    ": its checksum does not match");
    }
    if (message.next_offset() > result.next) result.next = message.next_offset();
    if (message.offset() < position) return {};
    Buffer unpacked;
    ASSIGN_OR_RETURN(const auto records, wire::records_of(message, kUnpackedBytesMax, unpacked));
    for (const wire::Record& record : records) {
        if (record.offset < position) continue;
        result.records.push_back({record, message.timestamp_type(), LeaderEpoch{}});
    }
    if (!unpacked.empty()) result.storage.push_back(std::move(unpacked));
    return {};
}

bool is_abort_marker(const wire::BatchHeader& batch) {
    wire::RecordIterator records(batch, batch.body());
    wire::Record record;
    return records.next(record) && wire::control_type(record) == wire::ControlType::abort;
}

}  // namespace

Result<FetchedRecords> decode_records(FetchedBytes fetched) {
    FetchedRecords result;
    result.partition = std::move(fetched.partition);
    result.next = fetched.position;
    result.high_watermark = fetched.high_watermark;
    const bool committed_only = fetched.isolation == Isolation::read_committed;
    AbortedProducers aborted(std::move(fetched.aborted));
    // Moving a vector leaves its bytes where they are: views into them stay good.
    result.storage.push_back(std::move(fetched.bytes));
    BytesView rest = result.storage.front();
    for (;;) {
        const auto size = wire::peek_batch_size(rest);
        if (!size || *size > rest.size()) break;  // The end, or cut by the broker.
        if (wire::is_legacy(rest)) {
            RETURN_IF_ERROR(decode_legacy(rest, fetched.position, result));
            rest = rest.subspan(*size);
            continue;
        }
        ASSIGN_OR_RETURN(const wire::BatchHeader batch, wire::parse_batch(rest));
        rest = rest.subspan(batch.size_bytes());
        wire::BatchCheck check;
        check.origin = wire::BatchOrigin::log;
        if (const auto sound = wire::check_batch(batch, check); !sound)
            return std::unexpected(sound.error());
        if (batch.next_offset() > result.next) result.next = batch.next_offset();
        if (batch.is_control()) {
            if (committed_only && is_abort_marker(batch)) aborted.ended(batch);
            continue;
        }
        if (committed_only && aborted.drops(batch)) continue;
        if (batch.last_offset() < fetched.position) continue;
        Buffer unpacked;
        ASSIGN_OR_RETURN(const BytesView body,
                         wire::records_of(batch, kUnpackedBytesMax, unpacked));
        wire::RecordIterator records(batch, body);
        FetchedRecord record;
        record.timestamp_type = batch.timestamp_type();
        record.leader_epoch = batch.partition_leader_epoch();
        while (records.next(record))
            if (record.offset >= fetched.position) result.records.push_back(record);
        if (!records.ok()) return fail(ErrorCode::invalid_record, records.error());
        if (!unpacked.empty()) result.storage.push_back(std::move(unpacked));
    }
    const std::int64_t readable =
        committed_only ? fetched.last_stable_offset : fetched.high_watermark;
    result.at_end = readable >= 0 && result.next.value >= readable;
    return result;
}

}  // namespace cauce::client
