#include "storage/transaction_index.h"

#include "base/check.h"
#include "storage/small_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::storage {
namespace {
constexpr std::int16_t kVersion = 0;
}

runtime::Task<IoResult<void>> TransactionIndex::load() {
    if (loaded_) co_return IoResult<void>{};
    const std::string path = place_.path(kTransactionIndexSuffix);
    auto bytes = co_await read_file(place_.files->disk(), path);
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    // Somebody else was faster, and perhaps it was added to since.
    if (loaded_) co_return IoResult<void>{};
    entries_.clear();
    if (*bytes) {
        const std::uint8_t* at = (*bytes)->data();
        for (std::size_t left = (*bytes)->size(); left >= kEntryBytes;
             left -= kEntryBytes, at += kEntryBytes) {
            if (load_big_endian<std::int16_t>(at) != kVersion) break;
            const AbortedTransaction entry{{load_big_endian<std::int64_t>(at + 2)},
                                           {load_big_endian<std::int64_t>(at + 10)},
                                           {load_big_endian<std::int64_t>(at + 18)},
                                           {load_big_endian<std::int64_t>(at + 26)}};
            // What a power loss left of the end: zeros, or half an entry.
            if (entry.last < place_.base || entry.first > entry.last) break;
            if (!entries_.empty() && entry.last <= entries_.back().last) break;
            entries_.push_back(entry);
        }
    }
    loaded_ = true;
    co_return IoResult<void>{};
}

IoResult<std::shared_ptr<runtime::File>> TransactionIndex::file() {
    return place_.files->get(file_, runtime::OpenMode::create,
                             [this] { return place_.path(kTransactionIndexSuffix); });
}

IoResult<void> TransactionIndex::secure_space(std::size_t count) {
    ASSIGN_OR_RETURN(auto opened, file());
    auto reserved = opened->reserve(entries_.size() * kEntryBytes, count * kEntryBytes);
    if (!reserved && reserved.error().number == EOPNOTSUPP) return {};
    return reserved;
}

IoResult<std::shared_ptr<runtime::File>> TransactionIndex::add(const AbortedTransaction& aborted) {
    CHECK(loaded_);
    CHECK(entries_.empty() || entries_.back().last < aborted.last, aborted.last);
    ASSIGN_OR_RETURN(auto opened, file());
    std::uint8_t bytes[kEntryBytes];
    store_big_endian(bytes, kVersion);
    store_big_endian(bytes + 2, aborted.producer_id.value);
    store_big_endian(bytes + 10, aborted.first.value);
    store_big_endian(bytes + 18, aborted.last.value);
    store_big_endian(bytes + 26, aborted.last_stable.value);
    RETURN_IF_ERROR(opened->write_at(entries_.size() * kEntryBytes, BytesView(bytes)));
    entries_.push_back(aborted);
    return opened;
}

IoResult<void> TransactionIndex::truncate(Offset end) {
    CHECK(loaded_);
    const auto first_gone = std::ranges::lower_bound(entries_, end, {}, &AbortedTransaction::last);
    if (first_gone == entries_.end()) return {};
    entries_.erase(first_gone, entries_.end());
    ASSIGN_OR_RETURN(auto opened, file());
    return opened->truncate(entries_.size() * kEntryBytes);
}

}  // namespace cauce::storage
