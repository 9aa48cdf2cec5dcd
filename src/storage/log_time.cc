// Finding records by timestamp.
#include "storage/batch_scanner.h"
#include "storage/log.h"
#include "storage/segment.h"
#include "wire/legacy_message.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::storage {
namespace {

// A compressed batch is opened for its timestamps as long as it stays below this.
constexpr std::size_t kOpenedBytesMax = 64 * 1024 * 1024;

// The first record of a message of format 0 or 1 that `wanted` accepts. There is no leader epoch.
template <typename Wanted>
std::optional<TimestampOffset> first_legacy_record(BytesView bytes, const Wanted& wanted) {
    const auto message = wire::parse_legacy_message(bytes);
    if (!message) return std::nullopt;
    Buffer storage;
    const auto records = wire::records_of(*message, kOpenedBytesMax, storage);
    if (!records) {
        const TimestampOffset nearest{message->timestamp(), message->offset(), {}};
        return wanted(nearest) ? std::optional(nearest) : std::nullopt;
    }
    for (const wire::Record& record : *records) {
        const TimestampOffset found{record.timestamp, record.offset, {}};
        if (wanted(found)) return found;
    }
    return std::nullopt;
}

// The same of a batch of any format.
template <typename Wanted>
std::optional<TimestampOffset> first_record(BytesView bytes, const Wanted& wanted) {
    if (wire::is_legacy(bytes)) return first_legacy_record(bytes, wanted);
    const auto batch = wire::parse_batch(bytes);
    if (!batch) return std::nullopt;
    const LeaderEpoch epoch = batch->partition_leader_epoch();
    Buffer storage;
    const auto records = wire::records_of(*batch, kOpenedBytesMax, storage);
    if (!records) {
        // It cannot be opened: its beginning is as near as we can get.
        const TimestampOffset nearest{batch->max_timestamp(), batch->base_offset(), epoch};
        return wanted(nearest) ? std::optional(nearest) : std::nullopt;
    }
    wire::RecordIterator iterator(*batch, *records);
    for (wire::Record record; iterator.next(record);) {
        const TimestampOffset found{record.timestamp, record.offset, epoch};
        if (wanted(found)) return found;
    }
    return std::nullopt;
}

}  // namespace

runtime::Task<IoResult<std::optional<TimestampOffset>>> Log::offset_for_timestamp(
    std::int64_t timestamp, Offset upper_bound) {
    const auto segments = segments_;
    const std::uint32_t cuts = cuts_;
    for (const auto& segment : segments) {
        if (segment->base_offset() >= upper_bound) break;
        auto largest = co_await segment->max_timestamp();
        if (!largest) co_return std::unexpected(std::move(largest).error());
        if (largest->timestamp < timestamp) continue;

        auto begin = co_await segment->none_before(timestamp);
        if (!begin) co_return std::unexpected(std::move(begin).error());
        Offset from = *begin;
        from = std::max(from, start_offset_);
        auto first = co_await segment->find(from, segment->size());
        if (!first) co_return std::unexpected(std::move(first).error());
        if (!*first) continue;

        ASSIGN_OR_CO_RETURN(auto file, segment->file());
        BatchScanner scanner(std::move(file), (*first)->position, segment->size());
        while (true) {
            auto batch = co_await scanner.next();
            if (!batch) co_return std::unexpected(std::move(batch).error());
            if (!*batch || (*batch)->head.base_offset >= upper_bound) break;
            if ((*batch)->head.max_timestamp < timestamp) continue;
            scanner.step_back(**batch);
            auto whole = co_await scanner.next_whole();
            if (!whole) co_return std::unexpected(std::move(whole).error());
            if (!*whole) break;
            const Offset start = start_offset_;
            const auto wanted = [timestamp, start, upper_bound](const TimestampOffset& found) {
                return found.timestamp >= timestamp && found.offset >= start &&
                       found.offset < upper_bound;
            };
            if (const auto found = first_record(scanner.bytes(), wanted)) co_return found;
        }
        if (cuts != cuts_) co_return io_fail(ERANGE, "read", *folder_);
    }
    co_return std::optional<TimestampOffset>();
}

runtime::Task<IoResult<std::optional<TimestampOffset>>> Log::offset_of_max_timestamp() {
    const auto segments = segments_;
    std::shared_ptr<Segment> newest;
    TimeEntry largest{-1, 0};
    for (const auto& segment : segments) {
        auto entry = co_await segment->max_timestamp();
        if (!entry) co_return std::unexpected(std::move(entry).error());
        if (entry->timestamp <= largest.timestamp) continue;
        largest = *entry;
        newest = segment;
    }
    if (newest == nullptr) co_return std::optional<TimestampOffset>();
    const Offset last = newest->base_offset() + largest.relative_offset;
    auto place = co_await newest->find(last, newest->size());
    if (!place) co_return std::unexpected(std::move(place).error());
    if (!*place) co_return std::optional<TimestampOffset>();
    ASSIGN_OR_CO_RETURN(auto file, newest->file());
    BatchScanner scanner(std::move(file), (*place)->position, newest->size());
    auto whole = co_await scanner.next_whole();
    if (!whole) co_return std::unexpected(std::move(whole).error());
    if (!*whole) co_return std::optional<TimestampOffset>();
    const std::int64_t timestamp = (*whole)->head.max_timestamp;
    const auto wanted = [timestamp](const TimestampOffset& found) {
        return found.timestamp == timestamp;
    };
    co_return first_record(scanner.bytes(), wanted);
}

}  // namespace cauce::storage
