#include "storage/recovery.h"

#include "base/mutant.h"
#include "storage/batch_scanner.h"
#include "storage/interrupted_swap.h"
#include "storage/log_directory.h"
#include "storage/segment_files.h"
#include "storage/small_file.h"
#include "storage/transaction_marker.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::storage {
namespace {

// What is in a partition's folder, by kind.
struct Listing {
    bool exists = false;
    std::vector<Offset> logs;
    std::vector<std::pair<Offset, std::string>> indexes;  // with their suffix
    std::vector<Offset> snapshots;
    std::vector<std::string> garbage;  // names of files that a stop left half done
    bool has_metadata = false;
    bool has_swap = false;
};

IoResult<Listing> read_folder(runtime::Disk& disk, const std::string& folder) {
    Listing listing;
    auto entries = disk.list(folder);
    if (!entries) {
        if (entries.error().number == ENOENT) return listing;
        return std::unexpected(std::move(entries).error());
    }
    listing.exists = true;
    for (const auto& entry : *entries) {
        if (entry.is_directory) continue;
        const std::string& name = entry.name;
        if (const auto base = offset_in_name(name, kLogSuffix)) listing.logs.push_back(*base);
        for (const std::string_view suffix :
             {kIndexSuffix, kTimeIndexSuffix, kTransactionIndexSuffix})
            if (const auto base = offset_in_name(name, suffix))
                listing.indexes.emplace_back(*base, suffix);
        if (const auto offset = offset_in_name(name, kSnapshotSuffix))
            listing.snapshots.push_back(*offset);
        if (name == "partition.metadata") listing.has_metadata = true;
        if (name.ends_with(".swap")) listing.has_swap = true;
        // The metadata log's snapshots (.checkpoint) are renamed like that too, and are not ours to
        // remove.
        const bool deleted =
            name.ends_with(kDeletedSuffix) && !name.ends_with(".checkpoint.deleted");
        if (deleted || name.ends_with(".cleaned") || name.ends_with(".tmp"))
            listing.garbage.push_back(name);
    }
    return listing;
}

// Takes the leader epochs from the batches that recovery looks at.
class SeenBatches final : public Segment::Seen {
public:
    // `known_below`: the file tells of every batch there, or is not the log's.
    SeenBatches(OpenedLog& log, Offset known_below) : log_(log), known_below_(known_below) {}
    void batch(const BatchHead& head) override {
        // The file may tell of a later beginning of this epoch, before a cut.
        if (head.leader_epoch.value < 0 ||
            log_.epochs.epoch_at(head.base_offset) == head.leader_epoch)
            return;
        if (head.last_offset < known_below_) contradicted_ = true;
        log_.epochs_changed |= log_.epochs.assign(head.leader_epoch, head.base_offset);
    }
    bool contradicted() const { return contradicted_; }

private:
    OpenedLog& log_;
    Offset known_below_;
    bool contradicted_ = false;
};

// Where the segment that holds `offset` stands in the row: the last that begins at or below it, or
// the first.
std::size_t floor_segment(const Segments& segments, Offset offset) {
    const auto after = std::ranges::upper_bound(
        segments, offset, {}, [](const auto& segment) { return segment->base_offset(); });
    return after == segments.begin() ? 0 : static_cast<std::size_t>(after - segments.begin()) - 1;
}

IoResult<void> delete_segments(DirectoryShard& home, Segments& segments, std::size_t from,
                               const LogConfig& config) {
    std::vector<std::string> renamed;
    for (std::size_t i = from; i < segments.size(); ++i)
        RETURN_IF_ERROR(segments[i]->mark_deleted(renamed));
    segments.resize(from);
    for (auto& path : renamed)
        home.remove_file_later(std::move(path), milliseconds(config.file_delete_delay_ms));
    return {};
}

// Whether the epochs are those of the first and of the last batch. A file that is gone, empty, or
// that of a younger log is found out so, with two looks.
runtime::Task<IoResult<bool>> epochs_fit(const OpenedLog& log) {
    for (const Offset offset : {log.start_offset, log.end_offset - 1}) {
        if (offset < log.start_offset) break;
        Segment& segment = *log.segments[floor_segment(log.segments, offset)];
        const auto batch = co_await segment.find(offset, segment.size());
        // Where the batches themselves are damaged nothing can be said.
        if (!batch && batch.error().number != EBADMSG) co_return std::unexpected(batch.error());
        if (!batch || !*batch || (*batch)->head.leader_epoch.value < 0) continue;
        const Offset at = std::max((*batch)->head.base_offset, log.start_offset);
        if (log.epochs.epoch_at(at) != (*batch)->head.leader_epoch) co_return false;
    }
    co_return true;
}

// The epochs of all batches, when the file that should tell them does not.
runtime::Task<IoResult<void>> scan_epochs(const Segments& segments, Segment::Seen& seen) {
    for (const auto& segment : segments) {
        ASSIGN_OR_CO_RETURN(auto file, segment->file());
        BatchScanner scanner(std::move(file), 0, segment->size());
        while (true) {
            auto batch = co_await scanner.next();
            if (!batch) co_return std::unexpected(std::move(batch).error());
            if (!*batch) break;
            seen.batch((*batch)->head);
        }
    }
    co_return IoResult<void>{};
}

// Whether a cleaner was here once, whatever the topic's policy is today: it takes records out of
// batches and batches out of their row, and of those that producers send none is missing. What
// stands behind damage says nothing.
runtime::Task<IoResult<bool>> was_compacted(const Segments& segments) {
    for (const auto& segment : segments) {
        ASSIGN_OR_CO_RETURN(auto file, segment->file());
        BatchScanner scanner(std::move(file), 0, segment->size());
        Offset next = segment->base_offset();
        while (true) {
            auto batch = co_await scanner.next_whole();
            if (!batch) co_return std::unexpected(std::move(batch).error());
            if (!*batch || !batch_crc_matches(scanner.bytes())) break;
            const BatchHead& head = (*batch)->head;
            // Compressed messages of old formats do not tell where they begin.
            const bool tells = head.magic >= 2;
            const bool whole = head.records == head.last_offset - head.base_offset + 1;
            if (tells && (head.base_offset > next || !whole)) co_return true;
            next = head.last_offset + 1;
        }
    }
    co_return false;
}

// Checks the segments from the recovery point on. `log.segments` ends behind the last good batch
// afterwards.
runtime::Task<IoResult<void>> recover_segments(DirectoryShard& home, OpenedLog& log,
                                               std::size_t first, Offset verify_from,
                                               const LogConfig& config, bool& epochs_doubtful) {
    SeenBatches seen(log, verify_from);
    for (std::size_t i = first; i < log.segments.size(); ++i) {
        Segment& segment = *log.segments[i];
        auto recovered = co_await segment.recover(verify_from, config, seen);
        if (!recovered) co_return std::unexpected(std::move(recovered).error());
        log.end_offset = recovered->next_offset;
        if (CAUCE_MUTANT("cut-off-by-one") && recovered->cut_bytes > 0 &&
            log.end_offset > segment.base_offset())
            log.end_offset = log.end_offset - 1;
        log.report.scanned_bytes += recovered->scanned_bytes;
        ASSIGN_OR_CO_RETURN(auto file, segment.file());
        log.dirty.push_back(std::move(file));
        const bool last = i + 1 == log.segments.size();
        // A power loss may keep the next file and not the end of this one. Only compaction leaves
        // such gaps otherwise; the policy may have changed since, so the log is asked too.
        const Offset next = last ? log.end_offset : log.segments[i + 1]->base_offset();
        bool gap = recovered->cut_bytes == 0 && log.end_offset < next && verify_from < next &&
                   !config.compact;
        if (gap) {
            const auto compacted = co_await was_compacted(log.segments);
            if (!compacted) co_return std::unexpected(compacted.error());
            gap = !*compacted;
        }
        if (recovered->cut_bytes > 0 || gap) {
            log.report.cut_bytes += recovered->cut_bytes;
            log.report.cut_segments += log.segments.size() - i - 1;
            log.report.reason = gap ? "the end of a segment is missing" : recovered->reason;
            log.names_changed |= !last;
            CO_RETURN_IF_ERROR(delete_segments(home, log.segments, i + 1, config));
            break;
        }
        if (!last) CO_RETURN_IF_ERROR(segment.finish(&log.dirty));
    }
    epochs_doubtful |= seen.contradicted();
    co_return IoResult<void>{};
}

}  // namespace

runtime::Task<IoResult<RebuiltProducers>> rebuild_producers(
    DirectoryShard& home, std::shared_ptr<const std::string> folder, Segments segments,
    std::vector<Offset>& snapshots, RebuildOptions options, const LogConfig& config) {
    const WallTime now = home.shards().clock().wall();
    const milliseconds expiration(config.producer_id_expiration_ms);
    RebuiltProducers rebuilt;
    ProducerState& state = rebuilt.state;
    Offset replay_from = options.start;
    for (std::size_t i = snapshots.size(); i-- > 0;) {
        const Offset offset = snapshots[i];
        if (offset > options.snapshot_at_most && offset <= options.end) continue;
        const std::string path = segment_file(*folder, offset, kSnapshotSuffix);
        if (offset <= options.end) {
            auto bytes = co_await read_file(home.disk(), path);
            if (!bytes) co_return std::unexpected(std::move(bytes).error());
            auto loaded = *bytes ? ProducerState::from_snapshot(**bytes, now, expiration)
                                 : std::optional<ProducerState>();
            if (loaded) {
                if (!CAUCE_MUTANT("producer-snapshot-forgotten")) state = std::move(*loaded);
                replay_from = std::max(options.start, offset);
                break;
            }
            home.logger().warn("producer snapshot " + path + " is damaged");
        }
        // Gone already is as good.
        if (auto removed = home.disk().remove(path); !removed && removed.error().number != ENOENT)
            co_return std::unexpected(std::move(removed).error());
        snapshots.erase(snapshots.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (replay_from >= options.end || segments.empty()) co_return rebuilt;

    for (std::size_t i = floor_segment(segments, replay_from); i < segments.size(); ++i) {
        Segment& segment = *segments[i];
        auto first = co_await segment.find(replay_from, segment.size());
        if (!first) co_return std::unexpected(std::move(first).error());
        if (!*first) continue;
        ASSIGN_OR_CO_RETURN(auto file, segment.file());
        BatchScanner scanner(std::move(file), (*first)->position, segment.size());
        while (true) {
            auto batch = co_await scanner.next();
            if (!batch) co_return std::unexpected(std::move(batch).error());
            if (!*batch) break;
            const BatchHead& head = (*batch)->head;
            if (head.producer_id.value < 0 || head.base_offset < replay_from) continue;
            if (!head.control) {
                state.apply(head.producer_batch());
                continue;
            }
            scanner.step_back(**batch);
            auto whole = co_await scanner.next_whole();
            if (!whole) co_return std::unexpected(std::move(whole).error());
            if (!*whole) break;
            const auto marker = read_marker((*whole)->head, scanner.bytes());
            const auto completed = marker ? state.apply(*marker) : std::nullopt;
            if (completed && completed->aborted)
                rebuilt.aborted.push_back({completed->producer_id, completed->first,
                                           completed->last, state.last_stable_before(*completed)});
        }
    }
    co_return rebuilt;
}

namespace {

// Transaction indexes from `verify_from` on hold what `aborted` says, and nothing else.
runtime::Task<IoResult<void>> repair_transaction_indexes(
    OpenedLog& log, Offset verify_from, const std::vector<AbortedTransaction>& aborted) {
    for (std::size_t i = floor_segment(log.segments, verify_from); i < log.segments.size(); ++i) {
        TransactionIndex& index = log.segments[i]->aborted();
        auto loaded = co_await index.load();
        if (!loaded) co_return loaded;
        CO_RETURN_IF_ERROR(index.truncate(verify_from));
        const bool last = i + 1 == log.segments.size();
        const Offset end = last ? log.end_offset : log.segments[i + 1]->base_offset();
        for (const auto& entry : aborted) {
            if (entry.last < std::max(verify_from, log.segments[i]->base_offset())) continue;
            if (entry.last >= end) break;
            ASSIGN_OR_CO_RETURN(auto file, index.add(entry));
            log.dirty.push_back(std::move(file));
            log.names_changed = true;
        }
    }
    co_return IoResult<void>{};
}

}  // namespace

runtime::Task<IoResult<OpenedLog>> open_log(DirectoryShard& home,
                                            std::shared_ptr<const std::string> folder,
                                            const LogOpenOptions& options) {
    runtime::Disk& disk = home.disk();
    const LogConfig& config = *options.config;
    OpenedLog log;
    log.report.recovery_point = options.recovery_point;
    log.start_offset = log.end_offset = log.flushed_offset = options.start_offset;
    log.report.end_offset = log.end_offset;
    ASSIGN_OR_CO_RETURN(Listing listing, read_folder(disk, *folder));
    if (!listing.exists) co_return log;
    log.folder_exists = true;
    if (listing.has_swap) {
        home.logger().info("ending a compaction in " + *folder +
                           " that was interrupted when its files were exchanged");
        CO_RETURN_IF_ERROR(co_await finish_swaps(disk, *folder));
        ASSIGN_OR_CO_RETURN(listing, read_folder(disk, *folder));
        log.names_changed = true;
    }

    for (const auto& name : listing.garbage) {
        CO_RETURN_IF_ERROR(disk.remove(*folder + "/" + name));
        log.names_changed = true;
    }
    for (const auto& [base, suffix] : listing.indexes) {
        if (std::ranges::binary_search(listing.logs, base)) continue;
        CO_RETURN_IF_ERROR(disk.remove(segment_file(*folder, base, suffix)));
        log.names_changed = true;
    }
    if (listing.has_metadata) {
        auto bytes = co_await read_file(disk, *folder + "/partition.metadata");
        if (!bytes) co_return std::unexpected(std::move(bytes).error());
        log.has_topic_id = *bytes && parse_topic_id(as_text(**bytes)).has_value();
    }

    auto epochs = co_await read_file(disk, *folder + "/leader-epoch-checkpoint");
    if (!epochs) co_return std::unexpected(std::move(epochs).error());
    // One that is gone says as much as one without entries.
    bool epochs_doubtful = false;
    if (*epochs && !(*epochs)->empty()) {
        if (auto parsed = LeaderEpochs::parse(as_text(**epochs)))
            log.epochs = std::move(*parsed);
        else
            epochs_doubtful = true;
    }

    for (const Offset base : listing.logs) {
        auto segment = std::make_shared<Segment>(home, folder, base, config.segment_jitter_ms);
        CO_RETURN_IF_ERROR(segment->load());
        log.segments.push_back(std::move(segment));
    }
    log.snapshots = std::move(listing.snapshots);
    Offset verify_from = options.recovery_point;

    if (!log.segments.empty()) {
        log.report.clean = options.clean;
        std::size_t recover_from = log.segments.size();
        if (options.clean) {
            auto end = co_await log.segments.back()->load_as_active();
            if (!end) co_return std::unexpected(std::move(end).error());
            if (*end) {
                log.end_offset = **end;
            } else {
                // The mark of a clean stop does not fit what is there: this segment is checked from
                // its first byte.
                log.report.clean = false;
                recover_from = log.segments.size() - 1;
                verify_from = log.segments.back()->base_offset();
            }
        } else {
            recover_from = floor_segment(log.segments, verify_from);
            // The recovery point may be known to be the end of the segment before while what ended
            // that segment never reached the device.
            if (recover_from > 0 && log.segments[recover_from]->base_offset() >= verify_from) {
                Segment& before = *log.segments[recover_from - 1];
                auto completed = co_await before.complete_indexes(verify_from, config);
                if (!completed) co_return std::unexpected(std::move(completed).error());
                CO_RETURN_IF_ERROR(before.finish(&log.dirty));
            }
        }
        if (!log.report.clean) {
            auto recovered = co_await recover_segments(home, log, recover_from, verify_from, config,
                                                       epochs_doubtful);
            if (!recovered) co_return std::unexpected(std::move(recovered).error());
        }
        log.start_offset = std::max(options.start_offset, log.segments.front()->base_offset());
        log.flushed_offset =
            log.report.clean ? log.end_offset : std::min(verify_from, log.end_offset);
        // Nobody deletes more than there is, and this log lost nothing: its start is misstated.
        const bool whole = options.clean || config.durability == Durability::flush;
        if (log.end_offset < log.start_offset && whole && log.report.reason.empty()) {
            home.logger().warn(*folder + ": said to start at " +
                               std::to_string(log.start_offset.value) + ", but it ends at " +
                               std::to_string(log.end_offset.value) + "; all of it counts");
            log.start_offset = log.segments.front()->base_offset();
        }
        if (log.end_offset < log.start_offset) {
            // Files are missing: nothing that is left may be served.
            home.logger().warn(*folder + ": the log ends at " +
                               std::to_string(log.end_offset.value) + ", before its start at " +
                               std::to_string(log.start_offset.value) + "; it is emptied");
            CO_RETURN_IF_ERROR(delete_segments(home, log.segments, 0, config));
            log.names_changed = true;
            log.end_offset = log.flushed_offset = log.start_offset;
            log.dirty.clear();
        }
    }

    if (!epochs_doubtful && !log.segments.empty()) {
        const auto fit = co_await epochs_fit(log);
        if (!fit) co_return std::unexpected(fit.error());
        epochs_doubtful = !*fit;
    }
    if (epochs_doubtful) {
        home.logger().warn(*folder +
                           "/leader-epoch-checkpoint does not fit the log, reading all batches");
        log.epochs.clear();
        log.epochs_changed = true;
        SeenBatches seen(log, Offset{});
        auto scanned = co_await scan_epochs(log.segments, seen);
        if (!scanned) co_return std::unexpected(std::move(scanned).error());
    }
    log.epochs_changed |= log.epochs.truncate_from_end(log.end_offset);
    log.epochs_changed |= log.epochs.truncate_from_start(log.start_offset);

    // Behind the recovery point transaction indexes were perhaps not flushed, and are made again
    // from a state that was.
    RebuildOptions rebuild{log.start_offset, log.end_offset, log.end_offset};
    if (!log.report.clean) rebuild.snapshot_at_most = std::max(verify_from, log.start_offset);
    const std::size_t snapshots = log.snapshots.size();
    auto rebuilt =
        co_await rebuild_producers(home, folder, log.segments, log.snapshots, rebuild, config);
    if (!rebuilt) co_return std::unexpected(std::move(rebuilt).error());
    log.producers = std::move(rebuilt->state);
    // What was cut off must not come back by a power loss, when other records have its offsets.
    if (log.report.cut_segments > 0 || log.snapshots.size() < snapshots)
        CO_RETURN_IF_ERROR(co_await disk.sync_folder(*folder));
    if (!log.report.clean && !log.segments.empty()) {
        auto repaired = co_await repair_transaction_indexes(log, verify_from, rebuilt->aborted);
        if (!repaired) co_return std::unexpected(std::move(repaired).error());
    }
    log.flushed_offset = std::max(log.flushed_offset, log.start_offset);
    log.report.end_offset = log.end_offset;
    co_return log;
}

}  // namespace cauce::storage
