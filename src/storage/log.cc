#include "storage/log.h"

#include "base/check.h"
#include "base/mutant.h"
#include "base/sim_maybe.h"
#include "storage/log_directory.h"
#include "storage/read_places.h"
#include "storage/recovery.h"
#include "storage/retention.h"
#include "storage/segment.h"
#include "storage/segment_files.h"
#include "storage/small_file.h"
#include "storage/tail_buffer.h"
#include "storage/transaction_marker.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::storage {
namespace {

// A snapshot is taken before a recovery-point checkpoint when this much was appended since the last
// one: replaying that much at the next start costs less than the snapshots would.
constexpr std::uint64_t kSnapshotEvery = 4 * 1024 * 1024;
constexpr std::ptrdiff_t kSnapshotsInside = 2;
// Larger batches are written by themselves.
constexpr std::size_t kGatheredMax = 64 * 1024;
// What flushing_upto_ is while no flush runs.
constexpr Offset kNoFlush{-1};

}  // namespace

Log::Log(DirectoryShard& home, LogOpenOptions options)
    : home_(home),
      partition_(std::move(options.partition)),
      topic_id_(options.topic_id),
      folder_(std::make_shared<const std::string>(home.path() + "/" + partition_.to_string())),
      config_(std::move(options.config)),
      start_offset_(options.start_offset),
      end_offset_(options.start_offset),
      written_offset_(options.start_offset),
      flushed_offset_(options.start_offset),
      flushing_upto_(kNoFlush) {}

Log::~Log() = default;

runtime::Task<IoResult<std::unique_ptr<Log>>> Log::open(DirectoryShard& home,
                                                        LogOpenOptions options) {
    CHECK(options.config != nullptr);
    std::unique_ptr<Log> log(new Log(home, options));
    if (home.offline()) co_return log->offline_error();
    auto found = co_await open_log(home, log->folder_, options);
    if (!found) co_return std::unexpected(std::move(found).error());
    log->recovery_ = std::make_unique<RecoveryReport>(std::move(found->report));
    log->start_offset_ = found->start_offset;
    log->end_offset_ = log->written_offset_ = found->end_offset;
    log->flushed_offset_ = found->flushed_offset;
    log->segments_ = std::move(found->segments);
    log->snapshots_ = std::move(found->snapshots);
    log->producers_ = std::move(found->producers);
    log->epochs_ = std::move(found->epochs);
    log->has_topic_id_ = found->has_topic_id;
    log->cleaned_upto_ = options.cleaned_upto;
    if (!found->folder_exists) co_return log;

    log->dirty_.files = std::move(found->dirty);
    // A process that was killed may have made the folder and files in it without their names
    // being on the device.
    const bool killed = !log->recovery_->clean && !log->segments_.empty();
    log->dirty_.folder = found->names_changed || killed;
    log->dirty_.parent = killed;
    log->dirty_.epochs = found->epochs_changed;
    if (!log->recovery_->reason.empty())
        home.logger().warn(
            *log->folder_ + ": cut at offset " + std::to_string(log->end_offset_.value) + ", " +
            std::to_string(log->recovery_->cut_bytes) + " bytes: " + log->recovery_->reason);
    if (!log->has_topic_id_ && !log->topic_id_.is_zero())
        if (auto written = log->write_topic_id(); !written)
            co_return std::unexpected(home.judge_write(std::move(written).error()));
    if (log->segments_.empty() && log->start_offset_ > Offset{0})
        if (auto made = log->begin_segment(log->start_offset_); !made)
            co_return std::unexpected(home.judge_write(std::move(made).error()));
    // What recovery found behind the recovery point may stand in the page cache only.
    if (!log->dirty_.files.empty()) {
        log->dirty_.with_active = true;
        home.flusher().enter(*log);
    }
    co_return log;
}

void Log::reconfigure(std::shared_ptr<const LogConfig> config) {
    CHECK(config != nullptr);
    config_ = std::move(config);
    if (flush_mode()) request_flush();
}

std::string Log::folder() const {
    return *folder_;
}

bool Log::start_inside_segment() const {
    return segments_.empty() ? start_offset_ > Offset{0}
                             : start_offset_ > segments_.front()->base_offset();
}

std::uint64_t Log::size_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& segment : segments_)
        sum += segment->size();
    return sum;
}

std::unexpected<IoError> Log::offline_error() const {
    return io_fail(EIO, "use",
                   home_.path() + " (offline since: " + home_.cause().to_string() + ")");
}

void Log::assign_epoch(LeaderEpoch epoch, Offset start_offset) {
    if (!epochs_.assign(epoch, start_offset)) return;
    dirty_.epochs = true;
    // A partition without files keeps it in memory: an epoch without records says nothing after a
    // restart.
    if (!segments_.empty() && flush_mode()) home_.flusher().enter(*this);
}

// ---- Appending ----

std::int64_t Log::next_jitter() {
    const std::int64_t most = std::min(config_->segment_jitter_ms, config_->segment_ms);
    return most <= 0 ? 0 : home_.shards().random().between(0, most - 1);
}

IoResult<void> Log::write_topic_id() {
    ASSIGN_OR_RETURN(
        std::shared_ptr<runtime::File> file,
        home_.disk().open(*folder_ + "/partition.metadata", runtime::OpenMode::create));
    const std::string text = topic_id_to_text(topic_id_);
    RETURN_IF_ERROR(file->truncate(0));
    RETURN_IF_ERROR(file->write_at(0, as_bytes(text)));
    dirty_.files.push_back(std::move(file));
    dirty_.folder = true;
    has_topic_id_ = true;
    return {};
}

IoResult<void> Log::make_files() {
    RETURN_IF_ERROR(home_.disk().make_folder(*folder_));
    dirty_.parent = true;
    if (!has_topic_id_ && !topic_id_.is_zero()) RETURN_IF_ERROR(write_topic_id());
    return begin_segment(end_offset_);
}

IoResult<void> Log::begin_segment(Offset base) {
    auto segment = std::make_shared<Segment>(home_, folder_, base, next_jitter());
    RETURN_IF_ERROR(segment->create());
    segments_.push_back(std::move(segment));
    dirty_.folder = true;
    return {};
}

IoResult<void> Log::write_snapshot(Offset offset) {
    if (!snapshots_.empty() && snapshots_.back() == offset) return {};
    ASSIGN_OR_RETURN(std::shared_ptr<runtime::File> file,
                     home_.disk().open(segment_file(*folder_, offset, kSnapshotSuffix),
                                       runtime::OpenMode::create));
    const Buffer bytes = producers_.to_snapshot();
    RETURN_IF_ERROR(file->truncate(0));
    RETURN_IF_ERROR(file->write_at(0, BytesView(bytes)));
    dirty_.files.push_back(std::move(file));
    dirty_.folder = true;
    snapshots_.push_back(offset);
    snapshot_bytes_ = 0;
    return {};
}

IoResult<void> Log::roll() {
    CHECK(!busy_);
    if (home_.offline()) return offline_error();
    if (segments_.empty() || active().size() == 0) return {};
    auto rolled = roll_to(end_offset_);
    if (!rolled) return std::unexpected(home_.judge_write(std::move(rolled).error()));
    return {};
}

IoResult<void> Log::roll_to(Offset base) {
    CHECK(base > active().base_offset() && base >= end_offset_, base, end_offset_);
    // Every step leaves a log that opens, so that one which fails for lack of space is simply done
    // again.
    RETURN_IF_ERROR(active().finish(&dirty_.files));
    RETURN_IF_ERROR(write_snapshot(base));
    Segment& finished = active();
    RETURN_IF_ERROR(begin_segment(base));
    finished.release_memory();
    dirty_.active = nullptr;  // among the files now
    home_.flusher().enter(*this);
    return {};
}

IoResult<AppendInfo> Log::append(std::span<const BytesView> batches) {
    return append(batches, Write::now);
}

IoResult<AppendInfo> Log::append_gathering(BytesView batch) {
    const bool small = batch.size() <= kGatheredMax && !sim_maybe("log.write_alone");
    return append(std::span(&batch, 1), small ? Write::gather : Write::now);
}

IoResult<void> Log::write_gathered() {
    if (home_.offline()) return offline_error();
    if (segments_.empty()) return {};
    RETURN_IF_ERROR(active().write_gathered());
    written_offset_ = end_offset_;
    return {};
}

IoResult<AppendInfo> Log::append(std::span<const BytesView> batches, Write write) {
    CHECK(!busy_ && !closed_);
    if (home_.offline()) return offline_error();

    // The caller has checked them: what does not hold here is a bug of ours, and would damage the
    // log.
    AppendInfo info;
    info.first = Offset{-1};
    std::uint64_t bytes = 0;
    std::uint64_t largest_batch = 0;
    std::size_t aborts = 0;
    Offset next = end_offset_;
    for (BytesView view : batches) {
        while (!view.empty()) {
            const char* why = "";
            const auto head = BatchHead::read(view, &why);
            CHECK(head && head->size_bytes <= view.size(), why, view.size());
            CHECK(head->magic == 2, head->base_offset);
            CHECK(head->base_offset >= next, head->base_offset, next);
            if (info.first.value < 0) info.first = head->base_offset;
            next = head->last_offset + 1;
            info.max_timestamp = std::max(info.max_timestamp, head->max_timestamp);
            bytes += head->size_bytes;
            largest_batch = std::max<std::uint64_t>(largest_batch, head->size_bytes);
            if (head->control && head->producer_id.value >= 0) {
                const auto marker = read_marker(*head, view.first(head->size_bytes));
                if (marker && !marker->commit) ++aborts;
            }
            view = view.subspan(head->size_bytes);
        }
    }
    CHECK(bytes > 0);
    info.last = next - 1;
    if (largest_batch > static_cast<std::uint64_t>(config_->segment_bytes))
        return io_fail(EMSGSIZE, "append",
                       *folder_ + " (a batch of " + std::to_string(largest_batch) +
                           " bytes, segment.bytes is " + std::to_string(config_->segment_bytes) +
                           ")");

    auto appended = [&]() -> IoResult<void> {
        if (segments_.empty()) RETURN_IF_ERROR(make_files());
        const WallTime now = home_.shards().clock().wall();
        const auto make_room = [&](std::uint64_t size, std::int64_t timestamp, Offset first,
                                   Offset last) -> IoResult<void> {
            const bool early = active().size() > 0 && sim_maybe("log.roll_early", 256);
            if (!early && !active().wants_roll(*config_, size, timestamp, last, now)) return {};
            if (active().size() == 0 && first == active().base_offset()) return {};
            info.rolled = true;
            return roll_to(first);
        };
        if (bytes <= static_cast<std::uint64_t>(config_->segment_bytes) &&
            info.last - info.first <= INT32_MAX) {
            RETURN_IF_ERROR(make_room(bytes, info.max_timestamp, info.first, info.last));
            if (aborts > 0) RETURN_IF_ERROR(active().aborted().secure_space(aborts));
            return append_run(batches, bytes, write);
        }
        // More than a segment holds, from a leader with larger ones: batch by batch.
        for (BytesView view : batches) {
            while (!view.empty()) {
                const BatchHead head = *BatchHead::read(view);
                const BytesView batch = view.first(head.size_bytes);
                RETURN_IF_ERROR(make_room(head.size_bytes, head.max_timestamp, head.base_offset,
                                          head.last_offset));
                if (aborts > 0) RETURN_IF_ERROR(active().aborted().secure_space(aborts));
                RETURN_IF_ERROR(append_run(std::span(&batch, 1), head.size_bytes, write));
                view = view.subspan(head.size_bytes);
            }
        }
        return {};
    }();
    if (!appended) return std::unexpected(home_.judge_write(std::move(appended).error()));
    if (home_.offline()) return offline_error();
    // What gathered before was written along with it.
    if (!active().has_gathered()) written_offset_ = end_offset_;
    after_append(info);
    return info;
}

IoResult<void> Log::append_run(std::span<const BytesView> batches, std::uint64_t bytes,
                               Write write) {
    Segment& segment = active();
    RETURN_IF_ERROR(segment.secure_space(bytes, *config_));
    if (dirty_.active == nullptr) {
        if (flushed_offset_ == end_offset_) dirty_since_ = home_.shards().clock().now();
        // Held open until its flush: what the device reports of these pages must reach us.
        if (flush_mode()) {
            ASSIGN_OR_RETURN(dirty_.active, segment.file());
        }
    }
    std::uint32_t position = segment.size();
    // Where no space can be secured a full disk is met by the write: now, not later.
    const bool later = write == Write::gather && home_.can_reserve();
    RETURN_IF_ERROR(later ? segment.gather(batches, bytes) : segment.write(batches, bytes));
    if (tail_ != nullptr) tail_->appended(segment.base_offset(), position, batches, bytes);
    snapshot_bytes_ += bytes;
    for (BytesView view : batches) {
        while (!view.empty()) {
            const BatchHead head = *BatchHead::read(view);
            note(head, view.first(head.size_bytes), position);
            position += head.size_bytes;
            view = view.subspan(head.size_bytes);
        }
    }
    // Entries that find no room stay in memory for the next time.
    if (segment.offsets().wants_store() || sim_maybe("log.indexes_early", 16))
        if (auto stored = segment.store_indexes(); !stored) home_.judge_write(stored.error());
    return {};
}

void Log::note(const BatchHead& head, BytesView batch, std::uint32_t position) {
    active().note(head, position, *config_);
    if (places_ == nullptr) places_ = std::make_unique<ReadPlaces>();
    places_->appended(active().base_offset(),
                      {head.base_offset, head.last_offset, position, head.size_bytes});
    if (head.leader_epoch.value >= 0)
        dirty_.epochs |= epochs_.assign(head.leader_epoch, head.base_offset);
    if (head.producer_id.value >= 0) {
        if (!head.control)
            producers_.apply(head.producer_batch());
        else if (const auto end = read_marker(head, batch))
            note_marker(*end);
    }
    end_offset_ = head.last_offset + 1;
}

void Log::note_marker(const EndTransaction& end) {
    const auto completed = producers_.apply(end);
    if (!completed || !completed->aborted) return;
    auto file = active().aborted().add({completed->producer_id, completed->first, completed->last,
                                        producers_.last_stable_before(*completed)});
    if (file) {
        // Without flushes between them they must not pile up.
        if (std::ranges::find(dirty_.files, *file) == dirty_.files.end())
            dirty_.files.push_back(std::move(*file));
        dirty_.folder = true;
        return;
    }
    // Space for it was secured. The marker stands in the log without its entry, and readers must
    // not see that.
    home_.fail(file.error());
}

void Log::after_append(AppendInfo& info) {
    info.wait_for_flush = flush_messages_reached();
    if (flush_mode())
        home_.flusher().enter(*this);
    else if (info.wait_for_flush)
        request_flush();
}

bool Log::flush_messages_reached() const {
    return end_offset_ - flushed_offset_ >= config_->flush_messages;
}

// ---- Flushing ----

// Everything a flush needs, so that it can run on without the log.
struct Log::FlushWork {
    runtime::Disk* disk = nullptr;
    std::shared_ptr<const std::string> folder;
    std::vector<std::shared_ptr<runtime::File>> files;
    bool sync_folder = false;
    std::optional<std::string> parent;
    std::optional<std::string> epochs;
    IoResult<void> failed;
    Offset upto;
};

Log::FlushWork Log::take_flush_work() {
    FlushWork work;
    work.disk = &home_.disk();
    work.folder = folder_;
    work.failed = write_gathered();
    work.upto = end_offset_;
    work.files = std::move(dirty_.files);
    dirty_.files.clear();
    if (!segments_.empty()) {
        if (dirty_.active != nullptr) {
            work.files.push_back(std::move(dirty_.active));
        } else if (dirty_.with_active && flushed_offset_ < end_offset_) {
            if (auto file = active().file(); file)
                work.files.push_back(std::move(*file));
            else
                work.failed = std::unexpected(file.error());
        } else if (!flush_mode()) {
            work.upto = active().base_offset();
        }
        dirty_.with_active = false;
        if (std::exchange(dirty_.epochs, false)) work.epochs = epochs_.to_text();
        // Renaming the epoch file syncs the folder too.
        work.sync_folder = std::exchange(dirty_.folder, false) && !work.epochs;
        if (CAUCE_MUTANT("folder-not-synced")) work.sync_folder = false;
        if (std::exchange(dirty_.parent, false)) work.parent = home_.path();
        if (CAUCE_MUTANT("parent-not-synced")) work.parent.reset();
    }
    dirty_.active = nullptr;
    return work;
}

namespace {

runtime::Task<void> sync_into(std::shared_ptr<runtime::File> file, IoResult<void>& result) {
    auto synced = co_await file->sync();
    if (!synced) result = std::move(synced);
}

runtime::Task<void> sync_into(runtime::Disk& disk, std::string folder, IoResult<void>& result) {
    auto synced = co_await disk.sync_folder(std::move(folder));
    if (!synced) result = std::move(synced);
}

constexpr std::string_view kEpochsFile = "leader-epoch-checkpoint";

// Whether the new text found no room before it took the old one's place. A folder whose own flush
// fails is in doubt, whatever the reason.
bool found_no_room(const IoError& error) {
    return is_disk_full(error) && std::string_view(error.operation) != "fsync";
}

runtime::Task<void> replace_into(runtime::Disk& disk, std::string folder, std::string text,
                                 IoResult<void>& result, Flushed& ended) {
    auto replaced = co_await replace_file(disk, std::move(folder), std::string(kEpochsFile), text);
    if (replaced) co_return;
    if (found_no_room(replaced.error()))
        ended = Flushed::later;
    else
        result = std::move(replaced);
}

}  // namespace

runtime::Task<IoResult<Flushed>> Log::run_flush(FlushWork work) {
    if (!work.failed) co_return std::unexpected(work.failed.error());
    const bool names = work.sync_folder || work.parent || work.epochs;
    if (work.files.size() == 1 && !names) {
        auto synced = co_await work.files.front()->sync();
        if (!synced) co_return std::unexpected(std::move(synced).error());
        co_return Flushed::all;
    }
    runtime::ReadyQueue& ready = co_await runtime::current_ready_queue();
    IoResult<void> result;
    Flushed ended = Flushed::all;
    runtime::TaskGroup group(ready);
    for (auto& file : work.files)
        group.spawn(sync_into(std::move(file), result));
    if (work.epochs)
        group.spawn(replace_into(*work.disk, *work.folder, std::move(*work.epochs), result, ended));
    if (work.sync_folder) group.spawn(sync_into(*work.disk, *work.folder, result));
    if (work.parent) group.spawn(sync_into(*work.disk, std::move(*work.parent), result));
    co_await group.join();
    if (!result) co_return std::unexpected(std::move(result).error());
    co_return ended;
}

runtime::Task<IoResult<Flushed>> Log::flush() {
    FlushWork work = take_flush_work();
    flushing_upto_ = work.upto;
    co_return co_await run_flush(std::move(work));
}

void Log::flush_done() {
    if (flushing_upto_ > flushed_offset_) {
        flushed_offset_ = flushing_upto_;
        dirty_since_ = home_.shards().clock().now();
    }
    flushing_upto_ = kNoFlush;
    flushed_.notify_all();
    if (observer_ != nullptr) observer_->log_flushed();
}

// The epochs' file found no room, and with it the folder was not flushed; the rest of the work is
// done, and what was written since its beginning is not in it.
void Log::flush_postponed() {
    flushing_upto_ = kNoFlush;
    dirty_.epochs = true;
    dirty_.folder = true;
    dirty_.with_active = true;
    // Who waits for this flush to end, whatever came of it, may go on.
    flushed_.notify_all();
}

void Log::flush_failed(const IoError&) {
    flushing_upto_ = kNoFlush;
    flushed_.notify_all();
    if (observer_ != nullptr) observer_->log_failed();
}

void Log::request_flush() {
    if (flushed_offset_ >= end_offset_ && dirty_.files.empty()) return;
    dirty_.with_active = true;
    home_.flusher().enter(*this);
}

void Log::flush_if_due() {
    if (flushed_offset_ >= end_offset_ || config_->flush_ms == LogConfig::kNever) return;
    if (home_.shards().clock().now() - dirty_since_ >= milliseconds(config_->flush_ms))
        request_flush();
}

runtime::Task<IoResult<void>> Log::wait_flushed(Offset upto) {
    while (flushed_offset_ < upto) {
        if (home_.offline()) co_return offline_error();
        // Cut meanwhile: it will never be there.
        if (upto > end_offset_) co_return io_fail(ECANCELED, "flush", *folder_);
        request_flush();
        co_await flushed_.wait();
    }
    co_return IoResult<void>{};
}

runtime::Task<IoResult<void>> Log::prepare_checkpoint() {
    if (home_.offline()) co_return offline_error();
    if (segments_.empty() || checkpointed_ == end_offset_) co_return IoResult<void>{};
    checkpointed_ = end_offset_;
    if (auto stored = active().store_indexes(&dirty_.files); !stored)
        co_return std::unexpected(home_.judge_write(std::move(stored).error()));
    if (snapshot_bytes_ >= kSnapshotEvery || sim_maybe("log.snapshot_early")) {
        if (auto written = write_snapshot(end_offset_); !written)
            co_return std::unexpected(home_.judge_write(std::move(written).error()));
        // Between two segments' own snapshots: the very newest may lie beyond what survives a power
        // loss, the next one does not.
        const Offset base = active().base_offset();
        while (true) {
            const auto oldest = std::ranges::upper_bound(snapshots_, base);
            if (snapshots_.end() - oldest <= kSnapshotsInside) break;
            auto removed = home_.disk().remove(segment_file(*folder_, *oldest, kSnapshotSuffix));
            if (!removed && removed.error().number != ENOENT)
                co_return std::unexpected(home_.judge_write(std::move(removed).error()));
            snapshots_.erase(oldest);
        }
    }
    home_.flusher().enter(*this);
    co_return IoResult<void>{};
}

void Log::release_memory() {
    places_ = nullptr;
    tail_ = nullptr;
    for (const auto& segment : segments_)
        segment->release_memory();
}

// ---- Cutting ----

IoResult<bool> Log::advance_start_offset(Offset start) {
    if (start <= start_offset_) return false;
    if (start > end_offset_) return io_fail(ERANGE, "advance", *folder_);
    start_offset_ = start;
    dirty_.epochs |= epochs_.truncate_from_start(start);
    return true;
}

IoResult<void> Log::drop_segments(std::size_t count) {
    const milliseconds delay(config_->file_delete_delay_ms);
    told_future_ = false;
    for (std::size_t i = 0; i < count; ++i) {
        const Offset base = segments_.front()->base_offset();
        std::vector<std::string> renamed;
        RETURN_IF_ERROR(segments_.front()->mark_deleted(renamed));
        segments_.erase(segments_.begin());
        dirty_.folder = true;
        drop_snapshot(base, renamed);
        for (auto& path : renamed)
            home_.remove_file_later(std::move(path), delay);
    }
    return {};
}

void Log::drop_snapshot(Offset offset, std::vector<std::string>& renamed) {
    if (std::erase(snapshots_, offset) == 0) return;
    const std::string snapshot = segment_file(*folder_, offset, kSnapshotSuffix);
    std::string gone = snapshot + std::string(kDeletedSuffix);
    if (home_.disk().rename(snapshot, gone)) renamed.push_back(std::move(gone));
}

runtime::Task<IoResult<std::size_t>> Log::delete_old_segments(Offset keep_from) {
    std::size_t dropped = 0;
    while (!segments_.empty() && !home_.offline() && !busy_ && !closed_) {
        const std::shared_ptr<Segment> oldest = segments_.front();
        const bool last = segments_.size() == 1;
        if (last && oldest->size() == 0) break;
        OldestSegment facts;
        facts.size_bytes = oldest->size();
        auto newest_record = co_await oldest->max_timestamp();
        if (!newest_record) co_return std::unexpected(std::move(newest_record).error());
        if (segments_.empty() || segments_.front() != oldest || closed_ || busy_) continue;
        facts.next_base = segments_.size() == 1 ? end_offset_ : segments_[1]->base_offset();
        facts.largest_timestamp =
            newest_record->timestamp >= 0 ? newest_record->timestamp : oldest->created().ms;
        Retention why = judge_oldest(facts, *config_, home_.shards().clock().wall(), start_offset_,
                                     keep_from, size_bytes());
        if (CAUCE_MUTANT("retention-one-too-many") && dropped == 1 && !last)
            why = Retention::start_offset;
        if (why == Retention::keep) {
            warn_of_future(facts, oldest->base_offset());
            break;
        }
        if (segments_.size() == 1)
            if (auto rolled = roll_to(end_offset_); !rolled)
                co_return std::unexpected(home_.judge_write(std::move(rolled).error()));
        if (auto gone = drop_segments(1); !gone)
            co_return std::unexpected(home_.judge_write(std::move(gone).error()));
        ++dropped;
        if (segments_.front()->base_offset() > start_offset_) {
            start_offset_ = segments_.front()->base_offset();
            dirty_.epochs |= epochs_.truncate_from_start(start_offset_);
        }
        home_.logger().info(*folder_ + ": dropped the segment at " +
                            std::to_string(oldest->base_offset().value) + " by " +
                            (why == Retention::time   ? "retention.ms"
                             : why == Retention::size ? "retention.bytes"
                                                      : "its start offset") +
                            "; the log starts at " + std::to_string(start_offset_.value));
        // Thousands of them in a row, with four names each, must not hold up the shard.
        co_await runtime::yield();
    }
    co_return dropped;
}

runtime::Task<IoResult<void>> Log::truncate_to(Offset end) {
    CHECK(!busy_ && !closed_);
    if (home_.offline()) co_return offline_error();
    co_await end_cleaning();
    if (end >= end_offset_) co_return IoResult<void>{};
    if (segments_.empty() || end <= segments_.front()->base_offset())
        co_return co_await truncate_fully_and_start_at(end);
    busy_ = true;
    ++cuts_;
    places_ = nullptr;
    tail_ = nullptr;
    const auto cut = co_await cut_at(end);
    busy_ = false;
    if (!cut) co_return std::unexpected(home_.judge_write(cut.error()));
    if (flush_mode()) home_.flusher().enter(*this);
    co_return IoResult<void>{};
}

runtime::Task<IoResult<void>> Log::cut_at(Offset end) {
    // Whole segments first, from the last one backwards, so that at no moment a later one stands
    // without those before it.
    const milliseconds delay(config_->file_delete_delay_ms);
    while (segments_.back()->base_offset() >= end) {
        std::vector<std::string> renamed;
        CO_RETURN_IF_ERROR(segments_.back()->mark_deleted(renamed));
        segments_.pop_back();
        for (auto& path : renamed)
            home_.remove_file_later(std::move(path), delay);
    }
    auto first_gone = co_await active().find(end, active().size());
    if (!first_gone) co_return std::unexpected(std::move(first_gone).error());
    const std::uint32_t position =
        *first_gone ? static_cast<std::uint32_t>((*first_gone)->position) : active().size();
    // A batch that holds `end` goes whole; then the log ends where that batch began.
    if (*first_gone) end = std::min(end, (*first_gone)->head.base_offset);
    auto truncated = co_await active().truncate(end, position);
    if (!truncated) co_return truncated;
    end_offset_ = written_offset_ = end;
    if (cleaned_upto_) cleaned_upto_ = std::min(*cleaned_upto_, end);
    flushed_offset_ = std::min(flushed_offset_, end);
    flushing_upto_ = std::min(flushing_upto_, end);
    start_offset_ = std::min(start_offset_, end);
    dirty_.epochs |= epochs_.truncate_from_end(end);
    dirty_.folder = true;
    ASSIGN_OR_CO_RETURN(dirty_.active, active().file());
    const RebuildOptions rebuild{start_offset_, end_offset_, end_offset_};
    auto rebuilt =
        co_await rebuild_producers(home_, folder_, segments_, snapshots_, rebuild, *config_);
    if (!rebuilt) co_return std::unexpected(std::move(rebuilt).error());
    producers_ = std::move(rebuilt->state);
    co_return IoResult<void>{};
}

runtime::Task<IoResult<void>> Log::truncate_fully_and_start_at(Offset start) {
    CHECK(!busy_ && !closed_);
    co_await end_cleaning();
    if (home_.offline()) co_return offline_error();
    ++cuts_;
    places_ = nullptr;
    tail_ = nullptr;
    cleaned_upto_.reset();
    const bool had_files = !segments_.empty();
    auto dropped = drop_segments(segments_.size());
    if (!dropped) co_return std::unexpected(home_.judge_write(std::move(dropped).error()));
    for (const Offset snapshot : std::exchange(snapshots_, {})) {
        auto removed = home_.disk().remove(segment_file(*folder_, snapshot, kSnapshotSuffix));
        if (!removed && removed.error().number != ENOENT)
            co_return std::unexpected(home_.judge_write(std::move(removed).error()));
    }
    start_offset_ = end_offset_ = written_offset_ = flushed_offset_ = start;
    if (flushing_upto_ != kNoFlush) flushing_upto_ = start;
    producers_.clear();
    dirty_.files.clear();
    dirty_.active = nullptr;
    dirty_.epochs |= !epochs_.empty();
    epochs_.clear();
    if (had_files) {
        if (auto made = begin_segment(start); !made)
            co_return std::unexpected(home_.judge_write(std::move(made).error()));
        home_.flusher().enter(*this);
    }
    co_return IoResult<void>{};
}

// ---- Ending ----

runtime::Task<IoResult<void>> Log::close() {
    CHECK(!busy_ && !closed_);
    closed_ = true;
    co_await end_cleaning();
    // Two flushes would take the temporary file of the epochs from each other.
    while (flushing_upto_ != kNoFlush)
        co_await flushed_.wait();
    if (home_.offline()) co_return offline_error();
    if (segments_.empty()) co_return IoResult<void>{};
    auto ended = active().finish(&dirty_.files);
    if (ended) ended = write_snapshot(end_offset_);
    if (!ended) co_return std::unexpected(home_.judge_write(std::move(ended).error()));
    dirty_.with_active = true;
    FlushWork work = take_flush_work();
    const Offset upto = work.upto;
    auto flushed = co_await run_flush(std::move(work));
    if (!flushed) {
        home_.fail(flushed.error());
        co_return std::unexpected(std::move(flushed).error());
    }
    if (*flushed == Flushed::later)
        co_return io_fail(ENOSPC, "write", *folder_ + "/" + std::string(kEpochsFile));
    flushed_offset_ = std::max(flushed_offset_, upto);
    release_memory();
    flushed_.notify_all();
    co_return IoResult<void>{};
}

runtime::Task<IoResult<void>> Log::remove() {
    CHECK(!busy_);
    closed_ = true;
    co_await end_cleaning();
    CO_RETURN_IF_ERROR(write_gathered());
    // A flush names files by their path: it would not find them in a folder that has been renamed,
    // and that would count as a failure of the disk.
    while (flushing_upto_ != kNoFlush)
        co_await flushed_.wait();
    ++cuts_;
    release_memory();
    dirty_ = Dirty();
    flushed_.notify_all();
    if (!home_.disk().exists(*folder_)) co_return IoResult<void>{};
    const std::string gone =
        home_.path() + "/" +
        folder_name(partition_, PartitionFolder::Kind::deleted, home_.shards().random().uuid());
    if (auto renamed = home_.disk().rename(*folder_, gone); !renamed)
        co_return std::unexpected(home_.judge_write(std::move(renamed).error()));
    home_.remove_folder_later(gone, milliseconds(config_->file_delete_delay_ms));
    auto synced = co_await home_.disk().sync_folder(home_.path());
    if (!synced) home_.fail(synced.error());
    co_return synced;
}

}  // namespace cauce::storage
