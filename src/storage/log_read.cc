// Reading a log: from what is known in memory if possible, else by its indexes.
#include "base/check.h"
#include "base/sim_maybe.h"
#include "storage/batch_scanner.h"
#include "storage/log.h"
#include "storage/read_places.h"
#include "storage/segment.h"
#include "storage/tail_buffer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::storage {
namespace {

ReadResult nothing_at(Offset offset) {
    ReadResult result;
    result.first = result.next = offset;
    return result;
}

}  // namespace

std::pair<std::shared_ptr<Segment>, Offset> Log::segment_at(Offset offset) const {
    const auto after = std::ranges::upper_bound(
        segments_, offset, {}, [](const auto& segment) { return segment->base_offset(); });
    // The start may lie before the first segment of a log that was just begun there.
    const auto at = after == segments_.begin() ? after : std::prev(after);
    const auto following = std::next(at);
    return {*at, following == segments_.end() ? end_offset_ : (*following)->base_offset()};
}

IoResult<ReadResult> Log::range(Segment& segment, std::uint32_t begin, std::uint32_t end,
                                Offset first, Offset next) {
    RETURN_IF_ERROR(segment.write_gathered());
    if (home_.offline() && end > segment.size()) return offline_error();
    CHECK(begin < end && end <= segment.size(), begin, end, segment.size());
    ReadResult result;
    result.size = end - begin;
    result.first = first;
    result.next = next;
    if (sim_maybe("log.tail_forgotten")) tail_ = nullptr;
    constexpr std::uint32_t kTail = 64 * 1024;
    if (&segment == segments_.back().get() && segment.size() - end <= kTail) {
        if (tail_ == nullptr) tail_ = std::make_unique<TailBuffer>(home_.tail_budget());
        tail_->read_at_tail();
    }
    auto in_memory = tail_ != nullptr && !segment.is_gone()
                         ? tail_->find(segment.base_offset(), begin, end)
                         : std::nullopt;
    if (in_memory) {
        result.data = in_memory->bytes;
        result.keep_alive = std::move(in_memory->keep_alive);
    } else {
        ASSIGN_OR_RETURN(auto file, segment.file());
        result.data = runtime::FileRange{file.get(), begin, end - begin};
        result.keep_alive = std::move(file);
    }
    // Of files that were exchanged meanwhile the places are not those of the new ones.
    if (segment.is_gone()) return result;
    if (places_ == nullptr) places_ = std::make_unique<ReadPlaces>();
    places_->stopped(segment.base_offset(), next, end);
    return result;
}

std::optional<IoResult<ReadResult>> Log::try_read(const ReadRequest& request) {
    if (request.from < start_offset_ || request.from > end_offset_)
        return io_fail(ERANGE, "read", *folder_);
    const Offset bound = std::min(request.upper_bound, end_offset_);
    if (request.from >= bound || segments_.empty()) return nothing_at(request.from);
    if (places_ == nullptr || sim_maybe("log.places_unknown", 16)) return std::nullopt;

    const auto [segment, segment_end] = segment_at(request.from);
    const Offset base = segment->base_offset();
    const auto begin = places_->find(base, request.from);
    if (!begin || begin->position >= segment->size()) return std::nullopt;

    std::uint32_t limit = segment->size();
    Offset next = segment_end;
    if (bound < segment_end) {
        const auto at_bound = places_->boundary(base, bound);
        if (!at_bound) return std::nullopt;
        limit = *at_bound;
        next = bound;
    }
    if (limit <= begin->position) return std::nullopt;
    if (limit - begin->position > request.max_bytes) {
        // Cut before the batch that does not fit any more.
        const std::uint64_t most = begin->position + request.max_bytes;
        auto cut = places_->below(base, static_cast<std::uint32_t>(most));
        if (!cut) return std::nullopt;
        if (cut->position <= begin->position) {
            // Not even the first one fits.
            if (!request.at_least_one) return nothing_at(request.from);
            if (begin->size == 0) return std::nullopt;
            cut = places_->below(base, begin->position + begin->size);
            // It is the last batch there is.
            if (cut->position == begin->position) cut->position = limit, cut->base = next;
        }
        limit = cut->position;
        next = cut->base;
    }
    return range(*segment, begin->position, limit, begin->base, next);
}

runtime::Task<IoResult<ReadResult>> Log::read(ReadRequest request) {
    if (auto known = try_read(request)) co_return std::move(*known);
    while (true) {
        const std::uint32_t cuts = cuts_;
        const std::uint32_t exchanges = exchanges_;
        auto result = co_await read_from_files(request);
        if (!result && (cuts != cuts_ || request.from < start_offset_))
            co_return io_fail(ERANGE, "read", *folder_);
        // The files it was in may have been removed already.
        if (!result && exchanges != exchanges_) continue;
        co_return result;
    }
}

runtime::Task<IoResult<ReadResult>> Log::read_from_files(ReadRequest request) {
    const Offset bound = std::min(request.upper_bound, end_offset_);
    const std::uint32_t cuts = cuts_;
    Offset from = request.from;
    while (from < bound && !segments_.empty()) {
        const auto [segment, segment_end] = segment_at(from);
        const std::uint32_t size = segment->size();
        const Offset base = segment->base_offset();
        std::uint32_t limit = size;
        Offset next = segment_end;
        if (bound < segment_end) {
            next = bound;
            const auto at_bound =
                places_ != nullptr ? places_->boundary(base, bound) : std::nullopt;
            if (at_bound) {
                limit = *at_bound;
            } else {
                auto behind = co_await segment->find(bound, size, segment_end);
                if (!behind) co_return std::unexpected(std::move(behind).error());
                if (*behind) limit = static_cast<std::uint32_t>((*behind)->position);
            }
        }
        // A reader that goes on where it stopped needs to look for the end of its range only.
        const bool may_know = cuts == cuts_ && places_ != nullptr && !segment->is_gone();
        auto begin = may_know ? places_->find(base, from) : std::nullopt;
        const bool known = begin.has_value();
        if (!known) {
            auto first = co_await segment->find(from, size, segment_end);
            if (!first) co_return std::unexpected(std::move(first).error());
            if (*first) {
                begin =
                    ReadPlaces::Place{.base = (*first)->head.base_offset,
                                      .last = (*first)->head.last_offset,
                                      .position = static_cast<std::uint32_t>((*first)->position),
                                      .size = (*first)->head.size_bytes};
            }
        }
        if (!begin || begin->position >= limit) {
            // Nothing from here to the next segment: compaction leaves such gaps.
            if (segment_end >= bound) break;
            from = segment_end;
            continue;
        }

        if (limit - begin->position > request.max_bytes) {
            const std::uint64_t most = begin->position + request.max_bytes;
            auto scanner = co_await segment->scan_below(static_cast<std::uint32_t>(most),
                                                        begin->position, limit);
            if (!scanner) co_return std::unexpected(std::move(scanner).error());
            // From the index' last entry below batch by batch, as long as they fit; the first one
            // if it must.
            auto end = static_cast<std::uint32_t>(scanner->position());
            std::optional<Offset> sound_until;
            while (end < limit) {
                auto batch = co_await scanner->next();
                if (!batch) co_return std::unexpected(std::move(batch).error());
                if (!*batch) {
                    // Next time all of it is looked up, and a damaged index noticed.
                    if (known && places_ != nullptr) places_->clear();
                    // What stands in front of the damage is sound: that is served, and the next
                    // read meets it.
                    if (sound_until) {
                        next = *sound_until;
                        break;
                    }
                    co_return io_fail(EBADMSG, "read",
                                      *folder_ + " at " + std::to_string(scanner->position()));
                }
                const bool must = end == begin->position && request.at_least_one;
                if ((*batch)->end() > most && !must) {
                    next = (*batch)->head.base_offset;
                    break;
                }
                end = static_cast<std::uint32_t>((*batch)->end());
                sound_until = (*batch)->head.last_offset + 1;
            }
            if (end == begin->position) co_return nothing_at(request.from);
            limit = end;
        }
        if (cuts != cuts_) break;
        co_return range(*segment, begin->position, limit, begin->base, next);
    }
    if (cuts != cuts_) co_return io_fail(ERANGE, "read", *folder_);
    co_return nothing_at(bound);
}

runtime::Task<IoResult<std::vector<AbortedTransaction>>> Log::aborted_transactions(
    Offset from, Offset upper_bound) {
    std::vector<AbortedTransaction> found;
    const auto segments = segments_;
    const auto behind = std::ranges::upper_bound(
        segments, from, {}, [](const auto& segment) { return segment->base_offset(); });
    for (auto at = behind == segments.begin() ? behind : std::prev(behind); at != segments.end();
         ++at) {
        TransactionIndex& index = (*at)->aborted();
        auto loaded = co_await index.load();
        if (!loaded) co_return std::unexpected(std::move(loaded).error());
        for (const auto& aborted : index.entries()) {
            if (aborted.last >= from && aborted.first < upper_bound) found.push_back(aborted);
            // Whatever ended later began above the bound.
            if (aborted.last_stable >= upper_bound) co_return found;
        }
    }
    co_return found;
}

runtime::Task<IoResult<void>> Log::copy_out(const ReadResult& result, Buffer& into) {
    if (const auto* bytes = std::get_if<BytesView>(&result.data)) {
        into.assign(bytes->begin(), bytes->end());
        co_return IoResult<void>{};
    }
    const std::shared_ptr<const void> keep_alive = result.keep_alive;
    const auto range = std::get<runtime::FileRange>(result.data);
    into.resize(range.size);
    if (range.size == 0) co_return IoResult<void>{};
    auto read = co_await range.file->read_at(range.position, into);
    if (!read) co_return std::unexpected(std::move(read).error());
    // A truncation took it away meanwhile.
    if (*read < range.size) co_return io_fail(ERANGE, "read", *folder_);
    co_return IoResult<void>{};
}

}  // namespace cauce::storage
