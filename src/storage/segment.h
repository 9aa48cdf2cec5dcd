// Segment: a run of batches in one file, with its two indexes (docs/formats/segment.md). The last
// segment of a log is the active one, the only one written to. Files are opened when needed and
// closed when others need the place.
//
// Held by shared_ptr: a read that is suspended keeps the segment it reads, whatever becomes of the
// log meanwhile.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "storage/batch_head.h"
#include "storage/batch_scanner.h"
#include "storage/directory_shard.h"
#include "storage/log_config.h"
#include "storage/offset_index.h"
#include "storage/time_index.h"
#include "storage/transaction_index.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cauce::storage {

class Segment {
public:
    // `more`: kCleanedSuffix for one that compaction writes.
    Segment(DirectoryShard& home, std::shared_ptr<const std::string> folder, Offset base,
            std::int64_t jitter_ms, std::string_view more = {});

    Offset base_offset() const { return place_.base; }
    // When this process first saw it, or those it stands for.
    WallTime created() const { return created_; }
    void set_created(WallTime when) { created_ = when; }
    // It was taken out of its log; who still reads it reads the files that wait for removal.
    bool is_gone() const { return place_.more == kDeletedSuffix; }
    // Bytes of batches.
    std::uint32_t size() const { return size_; }
    std::string path(std::string_view suffix) const { return place_.path(suffix); }
    OffsetIndex& offsets() { return offsets_; }
    TimeIndex& times() { return times_; }
    // Of this segment's end; made when first asked for, since most segments have none. load() it
    // before use.
    TransactionIndex& aborted();

    // ---- Opening ----

    // A new segment: makes its file. What a killed process left under that name goes.
    IoResult<void> create();
    // A segment that exists: takes its size. Indexes are loaded when they are asked.
    IoResult<void> load();
    // A finished segment below the recovery point, `end`, of which a power loss may have taken what
    // finished it: the last index entries, and the cut of reserved space. finish() stores them.
    runtime::Task<IoResult<void>> complete_indexes(Offset end, const LogConfig& config);
    // The last segment of a log that was closed cleanly, or was cut: finds its end with the help of
    // the index, and what appending needs to know. Returns the offset after the last batch; nothing
    // when file and index do not fit together, which asks for recover().
    runtime::Task<IoResult<std::optional<Offset>>> load_as_active();

    // ---- Appending: the active segment ----

    // Kafka's rule for a batch, or a run of them, that would come next.
    bool wants_roll(const LogConfig& config, std::uint64_t bytes, std::int64_t max_timestamp,
                    Offset last_offset, WallTime now) const;
    // Makes sure that `bytes` more can be written, reserving ahead so that it seldom has to ask.
    IoResult<void> secure_space(std::uint64_t bytes, const LogConfig& config);
    // Writes behind the last batch. On an error nothing counts as written.
    IoResult<void> write(std::span<const BytesView> parts, std::uint64_t bytes);
    // As write, but later, in one call with others: when enough has gathered, when anybody asks for
    // the file, or with write_gathered. The parts stay where they are until then. Space for them is
    // secured, and size() counts them at once; so an error takes the directory offline.
    IoResult<void> gather(std::span<const BytesView> parts, std::uint64_t bytes);
    IoResult<void> write_gathered();
    bool has_gathered() const { return !gathered_.empty(); }
    // Takes note of a batch that was written behind the last one noted.
    void note(const BatchHead& batch, std::uint32_t position, const LogConfig& config);
    // Stores the index entries that gathered. The files are added to `dirty`.
    IoResult<void> store_indexes(std::vector<std::shared_ptr<runtime::File>>* dirty = nullptr);
    // It will not be appended to any more: the last time entry, full indexes, no reserved space.
    IoResult<void> finish(std::vector<std::shared_ptr<runtime::File>>* dirty);

    // ---- Reading ----

    // With everything in it that was appended.
    IoResult<std::shared_ptr<runtime::File>> file();

    // The first batch whose last offset is at or above `offset`, and which begins below `limit`;
    // nothing when there is none. A damaged index is rebuilt on the way. `behind`: the offset at
    // which the segment ends; who knows it is answered with fewer reads. EBADMSG: what stands
    // there is no batch, or none of this place.
    runtime::Task<IoResult<std::optional<BatchScanner::Batch>>> find(
        Offset offset, std::uint32_t limit, std::optional<Offset> behind = std::nullopt);
    // A walk to `limit` that begins at a batch boundary at or below `upto`, as far up as the index
    // knows, but not below `from`, where a batch begins. A damaged index is rebuilt on the way.
    runtime::Task<IoResult<BatchScanner>> scan_below(std::uint32_t upto, std::uint32_t from,
                                                     std::uint32_t limit);

    // Largest timestamp, -1 for none, and the last offset of the first batch that has it. What the
    // time index says is held against the batches first: records are deleted by it.
    runtime::Task<IoResult<TimeEntry>> max_timestamp();
    // An offset of which no batch before it has a timestamp at or above `timestamp`, as far up as
    // the time index knows; the segment's first one when it knows nothing.
    runtime::Task<IoResult<Offset>> none_before(std::int64_t timestamp);
    // The largest of its first batch; -1 for none.
    runtime::Task<IoResult<std::int64_t>> first_timestamp();

    // ---- Repairing and cutting ----

    // Checks batches from `verify_from` on, cuts behind the last good one, and rebuilds what the
    // indexes lack; below it only heads are read, from the last index entry that can be trusted on.
    // `seen` is told every batch looked at. What was checked is written once more where a flush of
    // it is to mean something (LogConfig::flushes_count).
    struct Recovered {
        Offset next_offset;
        std::uint64_t scanned_bytes = 0;
        std::uint64_t cut_bytes = 0;
        const char* reason = nullptr;
    };
    class Seen {
    public:
        virtual void batch(const BatchHead& head) = 0;

    protected:
        ~Seen() = default;
    };
    runtime::Task<IoResult<Recovered>> recover(Offset verify_from, const LogConfig& config,
                                               Seen& seen);

    // Removes the batches from `position` on, where one begins with, or holds, `offset`. Becomes
    // the active one.
    runtime::Task<IoResult<void>> truncate(Offset offset, std::uint32_t position);

    // Renames all its files to .deleted. The names they have now are added to `renamed`.
    IoResult<void> mark_deleted(std::vector<std::string>& renamed);
    // The same on a disk that has no room for longer names: its files go at once.
    IoResult<void> discard();
    // Its records can be read for as long as it lives, whatever is called by their file's name
    // then.
    IoResult<void> keep_open();
    // Compaction's: gives its files names with `more` behind them instead of what stands there now.
    IoResult<void> rename_to(std::string_view more);
    // Compaction's too: one that never became part of its log goes.
    IoResult<void> remove_files();

    void release_memory();

private:
    struct Largest {
        std::int64_t timestamp = -1;
        Offset offset;
    };

    IoResult<std::shared_ptr<runtime::File>> open_file();
    IoResult<void> ensure_indexes();
    std::uint32_t relative(Offset offset) const;
    void index_batch(const BatchHead& batch, std::uint32_t position, std::int64_t interval_bytes);
    void add_time_entry();
    // Where recovery may begin to read: the position of a batch whose index entries, and all before
    // them, hold. What the indexes hold beyond is forgotten.
    runtime::Task<IoResult<std::uint32_t>> trusted_prefix(Offset below);
    runtime::Task<IoResult<void>> read_first_timestamp();
    // Whether the batch that the entry names has its timestamp, and none behind it a larger one.
    runtime::Task<IoResult<bool>> is_largest(TimeEntry entry);
    runtime::Task<IoResult<void>> write_again(std::uint32_t from);
    // From the batches. In memory all of it changes in one turn: others may append and look things
    // up meanwhile.
    runtime::Task<IoResult<void>> rebuild_indexes();
    struct Indexed {
        Offset next_offset;
        std::uint32_t position;  // behind the last batch
    };
    runtime::Task<IoResult<Indexed>> index_from(std::uint32_t position,
                                                std::int64_t interval_bytes);

    DirectoryShard& home_;
    SegmentPlace place_;
    OffsetIndex offsets_;
    TimeIndex times_;
    CachedFile file_;
    std::shared_ptr<runtime::File> kept_;  // keep_open
    std::unique_ptr<TransactionIndex> aborted_;

    std::int64_t jitter_ms_;
    std::uint32_t size_ = 0;
    std::uint32_t cuts_ = 0;  // truncations so far
    std::uint64_t reserved_end_ = 0;
    std::vector<BytesView> gathered_;  // the last bytes of size_, which are not in the file yet
    std::uint32_t gathered_bytes_ = 0;
    std::uint64_t bytes_since_entry_ = 0;
    std::optional<Largest> largest_;  // nothing: not looked up yet
    std::int64_t last_time_entry_ = -1;
    std::int64_t first_timestamp_ = -1;  // of the first batch: what segment.ms counts from
    WallTime created_;                   // by our clock, where timestamps are missing
};

}  // namespace cauce::storage
