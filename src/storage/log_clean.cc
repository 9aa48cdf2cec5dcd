// Compaction of a log: a round of it, and the exchange of segments for what the round made of them.
#include "base/check.h"
#include "base/mutant.h"
#include "storage/batch_cleaner.h"
#include "storage/batch_pieces.h"
#include "storage/byte_budget.h"
#include "storage/key_gathering.h"
#include "storage/log.h"
#include "storage/read_places.h"
#include "storage/segment.h"
#include "storage/segment_files.h"
#include "storage/tail_buffer.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

namespace cauce::storage {
namespace {

// As much goes to the page cache in one turn.
constexpr std::size_t kWriteBytes = 256 * 1024;
// A successor is flushed along the way, so that what it makes dirty slows nobody down.
constexpr std::uint64_t kSyncEvery = 16 * 1024 * 1024;

// For each whole batch, in turn: `visit` is told its bytes and whether it is the last one.
template <typename Visit>
Result<void> for_each_batch(BytesView batches, const Visit& visit) {
    while (!batches.empty()) {
        const auto head = BatchHead::read(batches);
        CHECK(head && head->size_bytes <= batches.size(), batches.size());
        const BytesView batch = batches.first(head->size_bytes);
        batches = batches.subspan(head->size_bytes);
        RETURN_IF_ERROR(visit(batch, batches.empty()));
    }
    return {};
}

Result<void> gather(KeyGathering& keys, BytesView batches) {
    return for_each_batch(batches, [&](BytesView batch, bool) -> Result<void> {
        return keys.full() ? Result<void>() : keys.add(batch);
    });
}

Result<void> clean_all(BatchCleaner& cleaner, BytesView batches, bool ends_row, Buffer& out) {
    return for_each_batch(batches, [&](BytesView batch, bool last) {
        return cleaner.clean(batch, ends_row && last, out);
    });
}

}  // namespace

// A round: the keys of what was not seen yet are gathered, then all segments up to there are
// written anew, a few at a time, and exchanged from the oldest on. So at any moment the records
// that are left are those of before the round, without some that a newer one stands for.
//
// Reading and writing happen here, in pieces; what is done with the records of a piece is for
// Shards::compute.
class Log::CleaningRound {
public:
    CleaningRound(Log& log, const CleaningOrder& order, runtime::Stop& stop)
        : log_(log),
          order_(order),
          config_(log.config_),
          stop_(stop),
          budget_(log.home_.shards(), order.bytes_per_second, stop),
          now_(log.home_.shards().clock().wall()),
          segments_(log.segments_),
          end_(log.end_offset_) {}

    runtime::Task<IoResult<Dirt>> look();
    runtime::Task<IoResult<CleaningReport>> run();

private:
    runtime::Shards& shards() { return log_.home_.shards(); }
    // Where the segment behind this one begins, or the log ended.
    Offset behind(std::size_t i) const {
        return i + 1 < segments_.size() ? segments_[i + 1]->base_offset() : end_;
    }
    runtime::Task<IoResult<void>> spend(std::uint64_t bytes);
    bool has_room_for(const Segments& row) const;
    IoError write_failed(IoError error) { return log_.home_.judge_write(std::move(error)); }

    runtime::Task<IoResult<void>> run_with_keys(Dirt dirt);
    runtime::Task<IoResult<Offset>> gather_keys(Dirt dirt);
    runtime::Task<IoResult<void>> gather_from(std::size_t i, Offset from, KeyGathering& gathering);
    runtime::Task<IoResult<void>> find_legacy_horizon(Offset from);
    runtime::Task<IoResult<void>> clean_row(std::size_t first, std::size_t count,
                                            BatchCleaner& cleaner);
    runtime::Task<IoResult<void>> write_successor(Segment& successor, const Segments& row,
                                                  Offset end, BatchCleaner& cleaner);
    // `end`: where the segment behind it begins.
    runtime::Task<IoResult<void>> clean_segment(Segment& segment, Offset end, bool ends_row,
                                                Segment& successor, BatchCleaner& cleaner);
    runtime::Task<IoResult<void>> write(Segment& successor, BytesView batches);
    runtime::Task<IoResult<void>> sync(const std::vector<std::shared_ptr<runtime::File>>& files);

    Log& log_;
    const CleaningOrder& order_;
    const std::shared_ptr<const LogConfig> config_;
    runtime::Stop& stop_;
    ByteBudget budget_;
    const WallTime now_;
    // Of the log as it was at the beginning, the active one is the last; null once exchanged.
    Segments segments_;
    const Offset end_;
    std::vector<CleanableSegment> facts_;  // of them

    std::unique_ptr<KeyMap> keys_;
    std::optional<std::int64_t> legacy_horizon_;
    std::vector<std::shared_ptr<runtime::File>> unsynced_;
    CleaningReport report_;
};

runtime::Task<IoResult<void>> Log::CleaningRound::spend(std::uint64_t bytes) {
    co_await budget_.spend(bytes);
    // Requests have their turn, whatever there is to spend.
    co_await runtime::yield();
    if (log_.home_.offline()) co_return log_.offline_error();
    if (stop_.requested()) co_return io_fail(ECANCELED, "compact", *log_.folder_);
    co_return IoResult<void>{};
}

runtime::Task<IoResult<Dirt>> Log::CleaningRound::look() {
    CleanableLog log;
    log.cleaned_upto = log_.cleaned_upto_;
    log.start = log_.start_offset_;
    log.end = log_.end_offset_;
    log.stable = std::min(order_.stable, log_.flushed_offset_);
    log.now = now_;
    const Offset from = first_unseen(log);
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        Segment& segment = *segments_[i];
        CleanableSegment fact{segment.base_offset(), segment.size(), -1, -1};
        // The active one may not be looked at anyway.
        const bool unseen = behind(i) > from && i + 1 < segments_.size();
        if (unseen && config_->min_compaction_lag_ms > 0) {
            auto largest = co_await segment.max_timestamp();
            if (!largest) co_return std::unexpected(std::move(largest).error());
            fact.largest_timestamp = largest->timestamp;
        }
        if (unseen && config_->max_compaction_lag_ms != LogConfig::kNever) {
            auto first = co_await segment.first_timestamp();
            if (!first) co_return std::unexpected(std::move(first).error());
            fact.first_timestamp = *first;
        }
        facts_.push_back(fact);
    }
    co_return judge_dirt(facts_, log, *config_);
}

runtime::Task<IoResult<CleaningReport>> Log::CleaningRound::run() {
    const MonoTime began = shards().clock().now();
    auto dirt = co_await look();
    if (!dirt) co_return std::unexpected(std::move(dirt).error());
    CO_RETURN_IF_ERROR(co_await spend(0));

    // No more places than there may be keys: memory is touched when it is taken.
    const std::int64_t unseen = std::max<std::int64_t>(dirt->upto - dirt->from, 1);
    const std::size_t keys_max = std::min<std::size_t>(
        KeyMap::keys_in(order_.map_bytes, order_.map_load), static_cast<std::size_t>(unseen));
    const SipSecret secret{shards().random().next(), shards().random().next()};
    const std::function<void()> take = [this, keys_max, secret] {
        keys_ = std::make_unique<KeyMap>(keys_max, order_.map_load, secret);
    };
    co_await shards().compute(take);
    auto done = co_await run_with_keys(*dirt);
    report_.map_keys = keys_->size();
    report_.map_use = static_cast<double>(keys_->size()) / static_cast<double>(keys_max);
    const std::function<void()> give_back = [this] { keys_.reset(); };
    co_await shards().compute(give_back);
    if (!done) co_return std::unexpected(std::move(done).error());
    report_.took = shards().clock().now() - began;
    co_return report_;
}

runtime::Task<IoResult<void>> Log::CleaningRound::run_with_keys(Dirt dirt) {
    auto known_upto = co_await gather_keys(dirt);
    if (!known_upto) co_return std::unexpected(std::move(known_upto).error());
    report_.from = dirt.from;
    report_.upto = *known_upto;
    report_.map_full = *known_upto < dirt.upto;

    std::size_t count = 0;
    while (count + 1 < segments_.size() && segments_[count]->base_offset() < *known_upto)
        ++count;
    if (count > 0) {
        CO_RETURN_IF_ERROR(co_await find_legacy_horizon(dirt.from));
        auto aborted =
            co_await log_.aborted_transactions(segments_.front()->base_offset(), behind(count - 1));
        if (!aborted) co_return std::unexpected(std::move(aborted).error());
        CleaningRules rules;
        rules.keys = keys_.get();
        rules.known_upto = *known_upto;
        rules.now_ms = now_.ms;
        rules.delete_retention_ms = config_->delete_retention_ms;
        BatchCleaner cleaner(rules, CleanedTransactions(*std::move(aborted)));
        for (std::size_t first = 0; first < count;) {
            const auto rest = std::span(facts_).subspan(first, count - first);
            const std::size_t row = row_of_segments(rest, behind(count - 1), *config_);
            CO_RETURN_IF_ERROR(co_await clean_row(first, row, cleaner));
            // Nobody but readers holds on to what has gone.
            for (const std::size_t end = first + row; first < end; ++first)
                segments_[first] = nullptr;
        }
    }
    log_.cleaned_upto_ = *known_upto;
    LastRound round;
    round.at = now_;
    if (report_.counts.next_deletion_ms)
        round.next_deletion = WallTime{*report_.counts.next_deletion_ms};
    log_.last_round_ = round;
    co_return IoResult<void>{};
}

// ---- Keys ----

runtime::Task<IoResult<Offset>> Log::CleaningRound::gather_keys(Dirt dirt) {
    auto aborted = co_await log_.aborted_transactions(dirt.from, dirt.upto);
    if (!aborted) co_return std::unexpected(std::move(aborted).error());
    KeyGathering gathering(*keys_, CleanedTransactions(*std::move(aborted)), dirt.from);
    for (std::size_t i = 0; i < segments_.size() && !gathering.full(); ++i) {
        if (segments_[i]->base_offset() >= dirt.upto) break;
        if (behind(i) <= dirt.from) continue;
        CO_RETURN_IF_ERROR(co_await gather_from(i, dirt.from, gathering));
        if (!gathering.full()) gathering.skip_to(behind(i));
    }
    co_return gathering.known_upto();
}

runtime::Task<IoResult<void>> Log::CleaningRound::gather_from(std::size_t i, Offset from,
                                                              KeyGathering& gathering) {
    Segment& segment = *segments_[i];
    BatchPieces::Range range{0, segment.size(), segment.base_offset(), behind(i)};
    if (segment.base_offset() < from) {
        auto first = co_await segment.find(from, segment.size(), behind(i));
        if (!first) co_return std::unexpected(std::move(first).error());
        if (!*first) co_return IoResult<void>{};
        range.position = (*first)->position;
    }
    ASSIGN_OR_CO_RETURN(auto file, segment.file());
    const std::string name = segment.path(kLogSuffix);
    BatchPieces pieces(std::move(file), name, range, order_.piece_bytes);
    while (!gathering.full()) {
        auto piece = co_await pieces.next();
        if (!piece) co_return std::unexpected(std::move(piece).error());
        if (piece->empty()) break;
        const BytesView batches = *piece;
        Result<void> gathered;
        const std::function<void()> work = [&gathering, batches, &gathered] {
            gathered = gather(gathering, batches);
        };
        co_await shards().compute(work);
        if (!gathered)
            co_return io_fail(EBADMSG, "compact", name + ": " + gathered.error().message);
        CO_RETURN_IF_ERROR(co_await spend(batches.size()));
    }
    co_return IoResult<void>{};
}

// ---- Records ----

// Formats 0 and 1 have no place for a horizon. As in Kafka it is what the newest segment that was
// seen before is old, less delete.retention.ms; by its records, not by its file.
runtime::Task<IoResult<void>> Log::CleaningRound::find_legacy_horizon(Offset from) {
    std::shared_ptr<Segment> seen;
    for (const auto& segment : segments_) {
        if (segment->base_offset() < from) seen = segment;
    }
    if (seen == nullptr) co_return IoResult<void>{};
    auto largest = co_await seen->max_timestamp();
    if (!largest) co_return std::unexpected(std::move(largest).error());
    legacy_horizon_ = largest->timestamp - config_->delete_retention_ms;
    co_return IoResult<void>{};
}

// A row is there twice until its predecessors' files have gone. What is kept for the broker
// (space_stage.h) is not for this.
bool Log::CleaningRound::has_room_for(const Segments& row) const {
    const SpaceFound& found = log_.home_.space().found();
    if (found.stage == SpaceStage::ample) return true;
    std::uint64_t bytes = 0;
    for (const auto& segment : row)
        bytes += segment->size();
    return found.space.free_bytes >= found.refuse_below + bytes;
}

runtime::Task<IoResult<void>> Log::CleaningRound::clean_row(std::size_t first, std::size_t count,
                                                            BatchCleaner& cleaner) {
    const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(first);
    const Segments row(begin, begin + static_cast<std::ptrdiff_t>(count));
    if (!has_room_for(row)) co_return io_fail(ENOSPC, "compact", *log_.folder_);
    auto successor = std::make_shared<Segment>(log_.home_, log_.folder_, row.front()->base_offset(),
                                               0, kCleanedSuffix);
    successor->set_created(row.back()->created());
    unsynced_.clear();
    const Offset end = behind(first + count - 1);
    auto outcome = co_await write_successor(*successor, row, end, cleaner);
    const bool changed = cleaner.take_changed();
    if (outcome && (changed || count > 1)) {
        outcome = co_await log_.exchange(successor, row);
        if (outcome) {
            report_.segments_before += count;
            report_.segments_after += 1;
            co_return outcome;
        }
    } else if (outcome) {
        report_.segments_before += 1;
        report_.segments_after += 1;
    }
    // It takes nobody's place. On a directory that failed the next start tidies up.
    if (log_.home_.offline()) co_return outcome;
    if (auto removed = successor->remove_files(); !removed)
        co_return std::unexpected(write_failed(std::move(removed).error()));
    if (outcome) co_return outcome;
    // Nor will it, when a power loss finds that its predecessors were cut meanwhile.
    auto synced = co_await log_.home_.disk().sync_folder(*log_.folder_);
    if (!synced) log_.home_.fail(synced.error());
    co_return outcome;
}

runtime::Task<IoResult<void>> Log::CleaningRound::write_successor(Segment& successor,
                                                                  const Segments& row, Offset end,
                                                                  BatchCleaner& cleaner) {
    if (auto made = successor.create(); !made)
        co_return std::unexpected(write_failed(std::move(made).error()));
    cleaner.begin_row(ActiveProducers(log_.producers_));
    std::size_t last = row.size() - 1;
    while (last > 0 && row[last]->size() == 0)
        --last;
    for (std::size_t i = 0; i < row.size(); ++i) {
        Segment& segment = *row[i];
        const Offset behind_it = i + 1 < row.size() ? row[i + 1]->base_offset() : end;
        const bool ends_row = i == last;
        CO_RETURN_IF_ERROR(
            co_await clean_segment(segment, behind_it, ends_row, successor, cleaner));
    }
    if (auto finished = successor.finish(&unsynced_); !finished)
        co_return std::unexpected(write_failed(std::move(finished).error()));
    co_return co_await sync(unsynced_);
}

runtime::Task<IoResult<void>> Log::CleaningRound::clean_segment(Segment& segment, Offset end,
                                                                bool ends_row, Segment& successor,
                                                                BatchCleaner& cleaner) {
    // Readers that go on with it after the exchange have its entries then.
    auto loaded = co_await segment.aborted().load();
    if (!loaded) co_return loaded;
    auto largest = co_await segment.max_timestamp();
    if (!largest) co_return std::unexpected(std::move(largest).error());
    cleaner.let_legacy_tombstones_go(legacy_horizon_ && largest->timestamp <= *legacy_horizon_);

    ASSIGN_OR_CO_RETURN(auto file, segment.file());
    const std::string name = segment.path(kLogSuffix);
    // The successor's index cannot tell of anything further on.
    const Offset furthest = successor.base_offset() + (std::int64_t{INT32_MAX} + 1);
    const BatchPieces::Range range{0, segment.size(), segment.base_offset(),
                                   std::min(end, furthest)};
    BatchPieces pieces(std::move(file), name, range, order_.piece_bytes);
    Buffer out;
    std::uint64_t dirty = 0;
    while (true) {
        auto piece = co_await pieces.next();
        if (!piece) co_return std::unexpected(std::move(piece).error());
        if (piece->empty()) break;
        const BytesView batches = *piece;
        const bool last = ends_row && pieces.position() == segment.size();
        Result<void> cleaned;
        const std::function<void()> work = [&cleaner, batches, last, &out, &cleaned] {
            out.clear();
            cleaned = clean_all(cleaner, batches, last, out);
        };
        co_await shards().compute(work);
        report_.counts.add(cleaner.take_counts());
        if (!cleaned) co_return io_fail(EBADMSG, "compact", name + ": " + cleaned.error().message);
        CO_RETURN_IF_ERROR(co_await write(successor, out));
        for (const AbortedTransaction& aborted : cleaner.take_aborted()) {
            auto index = successor.aborted().add(aborted);
            if (!index) co_return std::unexpected(write_failed(std::move(index).error()));
            if (std::ranges::find(unsynced_, *index) == unsynced_.end())
                unsynced_.push_back(std::move(*index));
        }
        dirty += out.size();
        if (dirty >= kSyncEvery) {
            dirty = 0;
            ASSIGN_OR_CO_RETURN(auto written, successor.file());
            const std::vector<std::shared_ptr<runtime::File>> files{std::move(written)};
            CO_RETURN_IF_ERROR(co_await sync(files));
        }
        CO_RETURN_IF_ERROR(co_await spend(batches.size() + out.size()));
    }
    co_return IoResult<void>{};
}

runtime::Task<IoResult<void>> Log::CleaningRound::write(Segment& successor, BytesView batches) {
    std::uint32_t position = successor.size();
    // Batches grow when they were compressed better than we do it.
    if (position + batches.size() > std::size_t{INT32_MAX})
        co_return io_fail(EFBIG, "compact", successor.path(kLogSuffix));
    for (BytesView rest = batches; !rest.empty();) {
        const BytesView slice = rest.first(std::min(rest.size(), kWriteBytes));
        rest = rest.subspan(slice.size());
        if (auto written = successor.write(std::span(&slice, 1), slice.size()); !written)
            co_return std::unexpected(write_failed(std::move(written).error()));
        log_.home_.took_space(slice.size());
        if (!rest.empty()) co_await runtime::yield();
    }
    while (!batches.empty()) {
        const auto head = BatchHead::read(batches);
        CHECK(head && head->size_bytes <= batches.size(), batches.size());
        successor.note(*head, position, *config_);
        position += head->size_bytes;
        batches = batches.subspan(head->size_bytes);
    }
    if (successor.offsets().wants_store()) {
        if (auto stored = successor.store_indexes(); !stored)
            co_return std::unexpected(write_failed(std::move(stored).error()));
    }
    co_return IoResult<void>{};
}

runtime::Task<IoResult<void>> Log::CleaningRound::sync(
    const std::vector<std::shared_ptr<runtime::File>>& files) {
    for (const auto& file : files) {
        auto synced = co_await file->sync();
        if (synced) continue;
        log_.home_.fail(synced.error());
        co_return synced;
    }
    co_return IoResult<void>{};
}

// ---- The log's part ----

runtime::Task<IoResult<Dirt>> Log::dirt(Offset stable) {
    CleaningOrder order;
    order.stable = stable;
    runtime::Stop stop;
    CleaningRound round(*this, order, stop);
    co_return co_await round.look();
}

runtime::Task<IoResult<CleaningReport>> Log::clean(CleaningOrder order) {
    CHECK(!busy_ && cleaning_ == nullptr);
    if (closed_) co_return io_fail(ECANCELED, "compact", *folder_);
    if (home_.offline()) co_return offline_error();
    runtime::Stop stop;
    cleaning_ = &stop;
    CleaningRound round(*this, order, stop);
    auto report = co_await round.run();
    cleaning_ = nullptr;
    cleaning_ended_.notify_all();
    co_return report;
}

runtime::Task<void> Log::end_cleaning() {
    interrupt_cleaning();
    while (cleaning_ != nullptr)
        co_await cleaning_ended_.wait();
}

bool Log::holds(const Segments& row) const {
    const auto found = std::ranges::search(segments_, row);
    return !found.empty() && found.size() == row.size();
}

// Out of the log: its files wait for removal. A full disk has no room for longer names; then they
// go at once, and who reads them still begins again.
IoResult<void> Log::retire(Segment& segment) {
    // A reader that is suspended may go on when the next round has given the name to another file.
    // Without a descriptor it reads again.
    (void)segment.keep_open();
    std::vector<std::string> renamed;
    auto marked = segment.mark_deleted(renamed);
    if (!marked && !is_disk_full(marked.error())) return marked;
    if (!marked) RETURN_IF_ERROR(segment.discard());
    for (auto& path : renamed)
        home_.remove_file_later(std::move(path), milliseconds(config_->file_delete_delay_ms));
    return {};
}

// A power loss at any moment leaves the predecessors or the successor, and names that tell which
// (interrupted_swap.h); that is why each step waits for the one before it.
runtime::Task<IoResult<void>> Log::exchange(std::shared_ptr<Segment> successor, Segments row) {
    auto synced = co_await home_.disk().sync_folder(*folder_);
    if (synced && (cleaning_->requested() || !holds(row)))
        co_return io_fail(ECANCELED, "compact", *folder_);
    if (synced) {
        if (auto renamed = successor->rename_to(kSwapSuffix); !renamed)
            co_return std::unexpected(home_.judge_write(std::move(renamed).error()));
        if (!CAUCE_MUTANT("swap-not-synced")) synced = co_await home_.disk().sync_folder(*folder_);
    }
    if (!synced) {
        home_.fail(synced.error());
        co_return synced;
    }
    if (cleaning_->requested() || !holds(row)) co_return io_fail(ECANCELED, "compact", *folder_);

    // From here on the successor counts, whatever comes. In one turn, so that readers meet either.
    std::vector<std::string> snapshots;
    IoResult<void> retired;
    for (const auto& segment : row) {
        retired = retire(*segment);
        if (!retired) break;
        if (segment != row.front()) drop_snapshot(segment->base_offset(), snapshots);
    }
    for (auto& path : snapshots)
        home_.remove_file_later(std::move(path), milliseconds(config_->file_delete_delay_ms));
    const auto place = std::ranges::search(segments_, row);
    const auto at = segments_.erase(place.begin(), place.end());
    segments_.insert(at, successor);
    ++exchanges_;
    if (places_ != nullptr) places_->clear();
    if (tail_ != nullptr) tail_->clear();
    if (retired) retired = co_await home_.disk().sync_folder(*folder_);
    // Retention may have taken it meanwhile.
    if (retired && !successor->is_gone()) {
        retired = successor->rename_to({});
        if (retired) retired = co_await home_.disk().sync_folder(*folder_);
    }
    if (!retired) home_.fail(retired.error());
    successor->release_memory();
    co_return retired;
}

}  // namespace cauce::storage
