#include "storage/segment.h"

#include "base/check.h"
#include "base/mutant.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::storage {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kReserveMax = 16 * 1024 * 1024;
// Beyond this one call for all costs hardly less than a second one (docs/performance.md).
constexpr std::uint32_t kGatherBytes = 256 * 1024;
constexpr std::size_t kGatherParts = 64;
// A lookup reads from an index entry to the batch it wants, seldom more than this.
constexpr std::uint64_t kFindReadAhead = 8 * 1024;
// From a boundary to another one close by.
constexpr std::uint64_t kBoundaryReadAhead = 4096;
// Of what recovery writes again: at a time, and before it waits for the device.
constexpr std::size_t kWriteAgainBytes = 1024 * 1024;
constexpr std::uint64_t kWriteAgainSync = 16 * 1024 * 1024;
// For indexes that are built anew where no configuration is at hand: Kafka's default.
constexpr std::int64_t kRebuildInterval = 4096;

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) {
    return (value + to - 1) / to * to;
}

// Entries stand about evenly: which of `count` stands at `part` of `whole`.
std::uint32_t guess_entry(std::uint64_t part, std::uint64_t whole, std::uint32_t count) {
    if (whole == 0) return 0;
    return static_cast<std::uint32_t>(std::min(part, whole) * count / whole);
}

struct Nobody final : Segment::Seen {
    void batch(const BatchHead&) override {}
};

// Both indexes of a segment, made from its first batch on.
struct IndexRows {
    explicit IndexRows(Offset base) : base(base) {}

    Offset base;
    std::vector<OffsetEntry> offsets;
    std::vector<TimeEntry> times;
    TimeEntry largest{-1, 0};
    std::int64_t last_time_entry = -1;
    std::uint64_t bytes_since_entry = 0;

    void add(const BatchHead& batch, std::uint32_t position, std::int64_t interval_bytes) {
        const auto last = static_cast<std::uint32_t>(batch.last_offset - base);
        if (batch.max_timestamp > largest.timestamp) largest = {batch.max_timestamp, last};
        if (bytes_since_entry > static_cast<std::uint64_t>(interval_bytes)) {
            offsets.push_back({last, position});
            end();
            bytes_since_entry = 0;
        }
        bytes_since_entry += batch.size_bytes;
    }
    void end() {
        if (largest.timestamp <= last_time_entry) return;
        times.push_back(largest);
        last_time_entry = largest.timestamp;
    }
};

}  // namespace

Segment::Segment(DirectoryShard& home, std::shared_ptr<const std::string> folder, Offset base,
                 std::int64_t jitter_ms, std::string_view more)
    : home_(home),
      place_{&home.files(), std::move(folder), base, more},
      offsets_(place_),
      times_(place_),
      jitter_ms_(jitter_ms),
      created_(home.shards().clock().wall()) {}

IoResult<std::shared_ptr<runtime::File>> Segment::file() {
    RETURN_IF_ERROR(write_gathered());
    return open_file();
}

IoResult<std::shared_ptr<runtime::File>> Segment::open_file() {
    if (kept_ != nullptr) return kept_;
    return home_.files().get(file_, runtime::OpenMode::read_write,
                             [this] { return path(kLogSuffix); });
}

IoResult<void> Segment::create() {
    ASSIGN_OR_RETURN(auto file, home_.files().get(file_, runtime::OpenMode::create,
                                                  [this] { return path(kLogSuffix); }));
    ASSIGN_OR_RETURN(const std::uint64_t size, file->size());
    if (size > 0) RETURN_IF_ERROR(file->truncate(0));
    size_ = 0;
    reserved_end_ = 0;
    offsets_.start_empty();
    times_.start_empty();
    aborted().start_empty();
    largest_ = Largest{-1, place_.base};
    return {};
}

TransactionIndex& Segment::aborted() {
    if (aborted_ == nullptr) aborted_ = std::make_unique<TransactionIndex>(place_);
    return *aborted_;
}

IoResult<void> Segment::load() {
    ASSIGN_OR_RETURN(auto opened, file());
    ASSIGN_OR_RETURN(const std::uint64_t size, opened->size());
    if (size > INT32_MAX) return io_fail(EFBIG, "open", path(kLogSuffix));
    size_ = static_cast<std::uint32_t>(size);
    reserved_end_ = size_;
    return {};
}

IoResult<void> Segment::ensure_indexes() {
    if (!offsets_.loaded()) RETURN_IF_ERROR(offsets_.load());
    if (!times_.loaded()) RETURN_IF_ERROR(times_.load());
    return {};
}

std::uint32_t Segment::relative(Offset offset) const {
    const std::int64_t difference = offset - place_.base;
    CHECK(difference >= 0 && difference <= INT32_MAX, offset, place_.base);
    return static_cast<std::uint32_t>(difference);
}

runtime::Task<IoResult<void>> Segment::read_first_timestamp() {
    first_timestamp_ = -1;
    if (size_ == 0) co_return IoResult<void>{};
    ASSIGN_OR_CO_RETURN(auto opened, file());
    BatchScanner scanner(std::move(opened), 0, size_, BatchHead::kBytes);
    auto first = co_await scanner.next();
    if (!first) co_return std::unexpected(std::move(first).error());
    if (*first) first_timestamp_ = (*first)->head.max_timestamp;
    co_return IoResult<void>{};
}

runtime::Task<IoResult<std::optional<Offset>>> Segment::load_as_active() {
    CO_RETURN_IF_ERROR(ensure_indexes());
    TimeEntry newest{-1, 0};
    if (times_.count() > 0) {
        auto last = co_await times_.at(times_.count() - 1);
        if (!last) co_return std::unexpected(std::move(last).error());
        newest = *last;
    }
    OffsetEntry last;
    const bool indexed = offsets_.count() > 0;
    if (indexed) {
        auto entry = co_await offsets_.at(offsets_.count() - 1);
        if (!entry) co_return std::unexpected(std::move(entry).error());
        last = *entry;
        if (last.position >= size_) co_return std::optional<Offset>();
    }
    ASSIGN_OR_CO_RETURN(auto opened, file());
    BatchScanner scanner(std::move(opened), last.position, size_);
    Offset next = place_.base;
    Largest largest{-1, place_.base};  // of the batches from the last index entry on
    const Offset named = place_.base + newest.relative_offset;
    bool met = times_.count() == 0;
    bool named_right = newest.relative_offset <= INT32_MAX;
    bool first = indexed;
    while (true) {
        auto batch = co_await scanner.next();
        if (!batch) co_return std::unexpected(std::move(batch).error());
        if (!*batch) break;
        const BatchHead& head = (*batch)->head;
        const bool fits = first ? head.last_offset == place_.base + last.relative_offset
                                : head.base_offset >= next;
        if (!fits || head.last_offset - place_.base > INT32_MAX) co_return std::optional<Offset>();
        first = false;
        next = head.last_offset + 1;
        if (head.max_timestamp > largest.timestamp)
            largest = Largest{head.max_timestamp, head.last_offset};
        if (head.base_offset <= named && named <= head.last_offset && !met) {
            met = true;
            named_right = head.max_timestamp == newest.timestamp;
        }
    }
    if (scanner.broken() != nullptr) co_return std::optional<Offset>();
    bytes_since_entry_ = size_ - last.position;
    largest_.reset();
    if (!met && named_right) {
        const auto elsewhere = co_await find(named, size_);
        // Where the batches themselves are damaged nothing can be said.
        if (!elsewhere && elsewhere.error().number != EBADMSG)
            co_return std::unexpected(elsewhere.error());
        if (elsewhere)
            named_right = *elsewhere && (*elsewhere)->head.max_timestamp == newest.timestamp;
    }
    // The index may have lost its entries altogether.
    if (times_.count() == 0 && indexed && largest.timestamp >= 0) named_right = false;
    // It may have been built anew on the way.
    if (!largest_ && named_right) {
        const bool grew = largest.timestamp > newest.timestamp;
        largest_ = grew ? largest : Largest{newest.timestamp, named};
        last_time_entry_ = newest.timestamp;
    } else if (!largest_) {
        home_.logger().warn("index of " + path(kLogSuffix) + " is damaged, building it anew");
        auto rebuilt = co_await rebuild_indexes();
        if (!rebuilt) co_return std::unexpected(std::move(rebuilt).error());
    }
    auto loaded = co_await aborted().load();
    if (!loaded) co_return std::unexpected(std::move(loaded).error());
    auto first_read = co_await read_first_timestamp();
    if (!first_read) co_return std::unexpected(std::move(first_read).error());
    co_return std::optional(next);
}

bool Segment::wants_roll(const LogConfig& config, std::uint64_t bytes, std::int64_t max_timestamp,
                         Offset last_offset, WallTime now) const {
    if (last_offset - place_.base > INT32_MAX) return true;
    const auto segment_bytes = static_cast<std::uint64_t>(config.segment_bytes);
    if (size_ + bytes > segment_bytes) return true;
    if (offsets_.count() >= offset_index_capacity(config.segment_index_bytes)) return true;
    if (times_.count() >= time_index_capacity(config.segment_index_bytes)) return true;
    if (size_ == 0) return false;
    const std::int64_t waited =
        first_timestamp_ >= 0 ? max_timestamp - first_timestamp_ : now.ms - created_.ms;
    const std::int64_t roll_ms = config.roll_ms();
    return waited > roll_ms - std::min(jitter_ms_, roll_ms);
}

IoResult<void> Segment::secure_space(std::uint64_t bytes, const LogConfig& config) {
    const std::uint64_t end = size_ + bytes;
    if (end <= reserved_end_) return {};
    if (!home_.can_reserve()) {
        home_.took_space(bytes);
        return {};
    }
    // As much again as there is: a small log takes little, a large one asks seldom. Where room is
    // scarce nobody takes what others may need.
    const bool ample = home_.space().stage() == SpaceStage::ample;
    const std::uint64_t ahead = std::clamp<std::uint64_t>(ample ? size_ : 0, kPage, kReserveMax);
    const auto segment_bytes = static_cast<std::uint64_t>(config.segment_bytes);
    const std::uint64_t wanted =
        std::max(end, std::min(round_up(end + ahead, kPage), segment_bytes));
    ASSIGN_OR_RETURN(auto opened, open_file());
    const std::uint64_t held = std::max<std::uint64_t>(reserved_end_, size_);
    auto reserved = opened->reserve(size_, wanted - size_);
    if (reserved) {
        reserved_end_ = wanted;
        home_.took_space(wanted - held);
        return {};
    }
    // There may be room for this batch, if not for more.
    if (is_disk_full(reserved.error()) && wanted > end) {
        reserved = opened->reserve(size_, bytes);
        if (reserved) {
            reserved_end_ = end;
            home_.took_space(end - held);
        }
    }
    if (!reserved && reserved.error().number == EOPNOTSUPP) {
        home_.set_cannot_reserve();
        return {};
    }
    return reserved;
}

IoResult<void> Segment::write(std::span<const BytesView> parts, std::uint64_t bytes) {
    ASSIGN_OR_RETURN(auto opened, file());  // with what gathered before
    auto written = opened->write_at(size_, parts);
    if (written) {
        size_ += static_cast<std::uint32_t>(bytes);
        return {};
    }
    // Whatever part of it got in must not stand behind the end: the next start would find it there.
    reserved_end_ = size_;
    if (auto cut = opened->truncate(size_); !cut) home_.fail(cut.error());
    return written;
}

IoResult<void> Segment::gather(std::span<const BytesView> parts, std::uint64_t bytes) {
    gathered_.insert(gathered_.end(), parts.begin(), parts.end());
    gathered_bytes_ += static_cast<std::uint32_t>(bytes);
    size_ += static_cast<std::uint32_t>(bytes);
    if (gathered_bytes_ < kGatherBytes && gathered_.size() < kGatherParts) return {};
    return write_gathered();
}

IoResult<void> Segment::write_gathered() {
    if (gathered_.empty()) return {};
    const std::uint32_t position = size_ - std::exchange(gathered_bytes_, 0);
    auto opened = open_file();
    IoResult<void> written;
    if (opened)
        written = (*opened)->write_at(position, gathered_);
    else
        written = std::unexpected(std::move(opened).error());
    gathered_.clear();
    if (written) return {};
    // Too late to take them back: their offsets are given away.
    home_.fail(written.error());
    size_ = position;
    reserved_end_ = position;
    return written;
}

void Segment::note(const BatchHead& batch, std::uint32_t position, const LogConfig& config) {
    index_batch(batch, position, config.index_interval_bytes);
}

void Segment::index_batch(const BatchHead& batch, std::uint32_t position,
                          std::int64_t interval_bytes) {
    if (position == 0) first_timestamp_ = batch.max_timestamp;
    if (batch.max_timestamp > largest_->timestamp)
        largest_ = Largest{batch.max_timestamp, batch.last_offset};
    if (bytes_since_entry_ > static_cast<std::uint64_t>(interval_bytes)) {
        offsets_.append({relative(batch.last_offset), position});
        add_time_entry();
        bytes_since_entry_ = 0;
    }
    bytes_since_entry_ += batch.size_bytes;
}

void Segment::add_time_entry() {
    if (largest_->timestamp <= last_time_entry_) return;
    times_.append({largest_->timestamp, relative(largest_->offset)});
    last_time_entry_ = largest_->timestamp;
}

IoResult<void> Segment::store_indexes(std::vector<std::shared_ptr<runtime::File>>* dirty) {
    // They never name what is not there.
    RETURN_IF_ERROR(write_gathered());
    RETURN_IF_ERROR(ensure_indexes());
    ASSIGN_OR_RETURN(auto offsets, offsets_.store());
    ASSIGN_OR_RETURN(auto times, times_.store());
    if (dirty != nullptr) {
        dirty->push_back(std::move(offsets));
        dirty->push_back(std::move(times));
    }
    return {};
}

IoResult<void> Segment::finish(std::vector<std::shared_ptr<runtime::File>>* dirty) {
    add_time_entry();
    ASSIGN_OR_RETURN(auto opened, file());
    if (reserved_end_ > size_) {
        RETURN_IF_ERROR(opened->truncate(size_));
        reserved_end_ = size_;
    }
    RETURN_IF_ERROR(store_indexes(dirty));
    if (dirty != nullptr) dirty->push_back(std::move(opened));
    return {};
}

runtime::Task<IoResult<std::optional<BatchScanner::Batch>>> Segment::find(
    Offset offset, std::uint32_t limit, std::optional<Offset> behind) {
    const std::int64_t wanted = offset - place_.base;
    const auto not_above = [wanted](const OffsetEntry& e) {
        return std::int64_t{e.relative_offset} <= wanted;
    };
    for (int attempt = 0;; ++attempt) {
        CO_RETURN_IF_ERROR(ensure_indexes());
        std::optional<std::uint32_t> guess;
        if (behind && wanted >= 0) {
            const auto all = static_cast<std::uint64_t>(*behind - place_.base);
            guess = guess_entry(static_cast<std::uint64_t>(wanted), all, offsets_.count());
        }
        auto entry = co_await offsets_.last_where(not_above, guess);
        if (!entry) co_return std::unexpected(std::move(entry).error());
        const std::uint32_t start = *entry ? (*entry)->entry.position : 0;
        if (start >= limit && start < size_) co_return std::optional<BatchScanner::Batch>();

        ASSIGN_OR_CO_RETURN(auto opened, file());
        BatchScanner scanner(std::move(opened), start, limit, kFindReadAhead);
        // From a batch that is the one its entry names every other is found, or is damaged itself.
        bool entry_holds = !*entry;
        while (start < size_) {
            auto batch = co_await scanner.next();
            if (!batch) co_return std::unexpected(std::move(batch).error());
            if (!*batch) {
                if (scanner.broken() == nullptr) co_return std::optional<BatchScanner::Batch>();
                break;
            }
            // Another place's batches, where a write was misdirected.
            const Offset last = (*batch)->head.last_offset;
            if ((*batch)->head.base_offset < place_.base || (behind && last >= *behind)) break;
            if (!entry_holds) {
                entry_holds = last == place_.base + (*entry)->entry.relative_offset;
                if (!entry_holds) break;
            }
            if (last >= offset) co_return *batch;
        }
        if (size_ == 0) co_return std::optional<BatchScanner::Batch>();
        if (entry_holds || attempt > 0)
            co_return io_fail(EBADMSG, "read",
                              path(kLogSuffix) + " at " + std::to_string(scanner.position()));
        home_.logger().warn("index of " + path(kLogSuffix) + " is damaged, building it anew");
        auto rebuilt = co_await rebuild_indexes();
        if (!rebuilt) co_return std::unexpected(std::move(rebuilt).error());
    }
}

runtime::Task<IoResult<BatchScanner>> Segment::scan_below(std::uint32_t upto, std::uint32_t from,
                                                          std::uint32_t limit) {
    const auto not_above = [upto](const OffsetEntry& e) { return e.position <= upto; };
    for (int attempt = 0;; ++attempt) {
        CO_RETURN_IF_ERROR(ensure_indexes());
        const std::uint32_t guess = guess_entry(upto, size_, offsets_.count());
        auto entry = co_await offsets_.last_where(not_above, guess);
        if (!entry) co_return std::unexpected(std::move(entry).error());
        const bool above = *entry && (*entry)->entry.position > from;
        const std::uint32_t start = above && attempt < 2 ? (*entry)->entry.position : from;
        ASSIGN_OR_CO_RETURN(auto opened, file());
        BatchScanner scanner(std::move(opened), start, limit, kBoundaryReadAhead);
        if (start == from) co_return scanner;
        auto batch = co_await scanner.next();
        if (!batch) co_return std::unexpected(std::move(batch).error());
        if (*batch && (*batch)->head.last_offset == place_.base + (*entry)->entry.relative_offset) {
            scanner.step_back(**batch);
            co_return scanner;
        }
        // Damaged again meanwhile: it does without.
        if (attempt > 0) continue;
        home_.logger().warn("index of " + path(kLogSuffix) + " is damaged, building it anew");
        auto rebuilt = co_await rebuild_indexes();
        if (!rebuilt) co_return std::unexpected(std::move(rebuilt).error());
    }
}

runtime::Task<IoResult<bool>> Segment::is_largest(TimeEntry entry) {
    auto named = co_await find(place_.base + entry.relative_offset, size_);
    if (!named && named.error().number != EBADMSG)
        co_return std::unexpected(std::move(named).error());
    if (!named || !*named || entry.relative_offset > INT32_MAX ||
        (*named)->head.base_offset > place_.base + entry.relative_offset ||
        (*named)->head.max_timestamp != entry.timestamp)
        co_return false;
    // Usually it is one of the last batches.
    ASSIGN_OR_CO_RETURN(auto opened, file());
    BatchScanner scanner(std::move(opened), (*named)->end(), size_, kFindReadAhead);
    while (true) {
        auto batch = co_await scanner.next();
        if (!batch) co_return std::unexpected(std::move(batch).error());
        if (!*batch) co_return true;
        if ((*batch)->head.max_timestamp > entry.timestamp) co_return false;
    }
}

runtime::Task<IoResult<TimeEntry>> Segment::max_timestamp() {
    if (!largest_) {
        CO_RETURN_IF_ERROR(ensure_indexes());
        if (times_.count() > 0) {
            auto last = co_await times_.at(times_.count() - 1);
            if (!last) co_return std::unexpected(std::move(last).error());
            auto right = co_await is_largest(*last);
            if (!right) co_return std::unexpected(std::move(right).error());
            if (*right) {
                largest_ = Largest{last->timestamp, place_.base + last->relative_offset};
            } else {
                home_.logger().warn("index of " + path(kLogSuffix) +
                                    " is damaged, building it anew");
            }
        } else if (size_ == 0) {
            largest_ = Largest{-1, place_.base};
        }
        // A finished segment without an entry: the file was lost, perhaps by a deletion that a
        // power loss undid in part. Or all of it is of format 0, which has no timestamps.
        if (!largest_) {
            auto rebuilt = co_await rebuild_indexes();
            if (!rebuilt) co_return std::unexpected(std::move(rebuilt).error());
        }
    }
    co_return TimeEntry{largest_->timestamp, relative(largest_->offset)};
}

runtime::Task<IoResult<Offset>> Segment::none_before(std::int64_t timestamp) {
    const auto not_later = [timestamp](const TimeEntry& e) { return e.timestamp <= timestamp; };
    for (int attempt = 0;; ++attempt) {
        CO_RETURN_IF_ERROR(ensure_indexes());
        auto found = co_await times_.last_where(not_later);
        if (!found) co_return std::unexpected(std::move(found).error());
        // The one before it is taken, which costs an interval of the index. So a single entry that
        // is damaged leads nobody too far: neither when it is the one that was found, nor when it
        // is this one.
        if (!*found || (*found)->number == 0) co_return place_.base;
        auto before = co_await times_.at((*found)->number - 1);
        if (!before) co_return std::unexpected(std::move(before).error());
        const Offset from = place_.base + before->relative_offset;
        if (before->timestamp <= timestamp &&
            before->relative_offset < (*found)->entry.relative_offset) {
            auto named = co_await find(from, size_);
            if (!named) co_return std::unexpected(std::move(named).error());
            if (*named && (*named)->head.max_timestamp == before->timestamp) co_return from;
        }
        if (attempt > 0) co_return place_.base;
        home_.logger().warn("index of " + path(kLogSuffix) + " is damaged, building it anew");
        auto rebuilt = co_await rebuild_indexes();
        if (!rebuilt) co_return std::unexpected(std::move(rebuilt).error());
    }
}

runtime::Task<IoResult<std::int64_t>> Segment::first_timestamp() {
    if (first_timestamp_ < 0) {
        auto read = co_await read_first_timestamp();
        if (!read) co_return std::unexpected(std::move(read).error());
    }
    co_return first_timestamp_;
}

runtime::Task<IoResult<std::uint32_t>> Segment::trusted_prefix(Offset below) {
    // After a kill the indexes are right as far as they go. After a power loss each of them may
    // have lost its end, or hold zeros there; so an entry counts while entries grow, and only up to
    // where both indexes reach.
    const std::int64_t limit = below - place_.base;
    auto all = co_await offsets_.all();
    if (!all) co_return std::unexpected(std::move(all).error());
    auto all_times = co_await times_.all();
    if (!all_times) co_return std::unexpected(std::move(all_times).error());

    std::uint32_t entries = 0;
    OffsetEntry last;
    for (const auto& entry : *all) {
        // No entry names the first batch of a file.
        const bool grows = entry.position > last.position &&
                           (entries == 0 || entry.relative_offset > last.relative_offset);
        if (!grows || entry.relative_offset >= limit || entry.position >= size_) break;
        last = entry;
        ++entries;
    }
    std::uint32_t time_entries = 0;
    TimeEntry last_time;
    for (const auto& entry : *all_times) {
        const bool grows = entry.timestamp > last_time.timestamp &&
                           (time_entries == 0 || entry.relative_offset > last_time.relative_offset);
        if (entries == 0 || !grows || entry.relative_offset > last.relative_offset) break;
        last_time = entry;
        ++time_entries;
    }
    if (time_entries == 0) entries = 0;
    while (entries > 0 && (*all)[entries - 1].relative_offset > last_time.relative_offset)
        --entries;
    if (entries > 0) last = (*all)[entries - 1];
    // The batch it names must be there, and be the one it says.
    if (entries > 0) {
        ASSIGN_OR_CO_RETURN(auto opened, file());
        BatchScanner scanner(std::move(opened), last.position, size_, BatchHead::kBytes);
        auto batch = co_await scanner.next();
        if (!batch) co_return std::unexpected(std::move(batch).error());
        if (!*batch || (*batch)->head.last_offset != place_.base + last.relative_offset)
            entries = 0;
    }
    if (entries == 0) {
        offsets_.start_empty();
        times_.start_empty();
        largest_ = Largest{-1, place_.base};
        last_time_entry_ = -1;
        co_return 0u;
    }
    CO_RETURN_IF_ERROR(offsets_.truncate(entries));
    CO_RETURN_IF_ERROR(times_.truncate(time_entries));
    largest_ = Largest{last_time.timestamp, place_.base + last_time.relative_offset};
    last_time_entry_ = last_time.timestamp;
    co_return last.position;
}

runtime::Task<IoResult<Segment::Recovered>> Segment::recover(Offset verify_from,
                                                             const LogConfig& config, Seen& seen) {
    CO_RETURN_IF_ERROR(ensure_indexes());
    auto start = co_await trusted_prefix(verify_from);
    if (!start) co_return std::unexpected(std::move(start).error());
    // The batch at `start` has its entry already, unless it is the first of the file.
    bytes_since_entry_ = 0;

    ASSIGN_OR_CO_RETURN(auto opened, file());
    BatchScanner scanner(opened, *start, size_);
    Recovered result;
    result.next_offset = place_.base;
    bool whole = false;
    std::uint32_t checked_from = size_;
    while (true) {
        auto following = whole ? scanner.next_whole() : scanner.next();
        auto batch = co_await following;
        if (!batch) co_return std::unexpected(std::move(batch).error());
        if (!*batch) break;
        const BatchHead& head = (*batch)->head;
        if (!whole && head.last_offset >= verify_from) {
            whole = true;
            checked_from = static_cast<std::uint32_t>((*batch)->position);
            scanner.step_back(**batch);
            continue;
        }
        const char* wrong = nullptr;
        if (head.base_offset < result.next_offset || head.base_offset < place_.base)
            wrong = "an offset that does not follow";
        else if (head.last_offset - place_.base > INT32_MAX)
            wrong = "an offset beyond the segment's range";
        else if (whole && !batch_crc_matches(scanner.bytes()) &&
                 !CAUCE_MUTANT("torn-tail-accepted"))
            wrong = "a wrong checksum";
        if (wrong != nullptr) {
            scanner.refuse(**batch, wrong);
            break;
        }
        index_batch(head, static_cast<std::uint32_t>((*batch)->position),
                    config.index_interval_bytes);
        seen.batch(head);
        result.next_offset = head.last_offset + 1;
    }
    result.reason = scanner.broken();
    result.scanned_bytes = scanner.position() - *start;
    result.cut_bytes = size_ - scanner.position();
    size_ = static_cast<std::uint32_t>(scanner.position());
    reserved_end_ = size_;
    // Also what a killed process had reserved behind the end goes.
    CO_RETURN_IF_ERROR(opened->truncate(size_));
    if (config.flushes_count()) {
        auto written = co_await write_again(checked_from);
        if (!written) co_return std::unexpected(std::move(written).error());
    }
    auto first_read = co_await read_first_timestamp();
    if (!first_read) co_return std::unexpected(std::move(first_read).error());
    co_return result;
}

// When a flush fails the kernel keeps the pages, marks them as written, and tells nobody a second
// time: what the process before us could not flush reads well, and the next flush of it succeeds
// without the device having any of it. That process may have been killed before it heard, so this
// does not depend on what it left behind. Pages that are written again are flushed again.
runtime::Task<IoResult<void>> Segment::write_again(std::uint32_t from) {
    ASSIGN_OR_CO_RETURN(auto opened, file());
    Buffer piece;
    std::uint64_t unsynced = 0;
    while (from < size_) {
        piece.resize(std::min<std::size_t>(kWriteAgainBytes, size_ - from));
        auto read = co_await opened->read_at(from, piece);
        if (!read) co_return std::unexpected(std::move(read).error());
        if (*read < piece.size()) co_return io_fail(EIO, "read", path(kLogSuffix));
        auto written = opened->write_at(from, BytesView(piece));
        if (!written) co_return std::unexpected(home_.judge_write(std::move(written).error()));
        from += static_cast<std::uint32_t>(piece.size());
        // Along the way, or the kernel makes everybody wait for all of it.
        unsynced += piece.size();
        if (unsynced < kWriteAgainSync) continue;
        unsynced = 0;
        auto synced = co_await opened->sync();
        if (synced) continue;
        home_.fail(synced.error());
        co_return synced;
    }
    co_return IoResult<void>{};
}

runtime::Task<IoResult<void>> Segment::rebuild_indexes() {
    // Beyond damage of the batches themselves what the old index knows is all there is.
    const std::uint32_t cuts = cuts_;
    auto known = co_await offsets_.all();
    if (!known) co_return std::unexpected(std::move(known).error());
    IndexRows rows(place_.base);
    std::size_t hint = 0;
    std::optional<Offset> expected;  // the last offset of the batch that a hint leads to
    Offset next = place_.base;
    std::uint64_t position = 0;
    // To the end as it is when it is reached: more may be appended meanwhile.
    while (position < size_) {
        ASSIGN_OR_CO_RETURN(auto opened, file());
        BatchScanner scanner(std::move(opened), position, size_);
        while (true) {
            auto batch = co_await scanner.next();
            if (!batch) co_return std::unexpected(std::move(batch).error());
            if (!*batch) break;
            const BatchHead& head = (*batch)->head;
            // Nothing of another place's batches belongs into these indexes.
            const bool fits = head.base_offset >= next &&
                              head.last_offset - place_.base <= INT32_MAX &&
                              (!expected || head.last_offset == *expected);
            if (!fits) {
                scanner.refuse(**batch, "an offset that does not follow");
                break;
            }
            rows.add(head, static_cast<std::uint32_t>((*batch)->position), kRebuildInterval);
            next = head.last_offset + 1;
            expected.reset();
        }
        if (cuts != cuts_) co_return io_fail(ECANCELED, "index", path(kLogSuffix));
        position = scanner.position();
        if (scanner.broken() == nullptr) continue;
        while (hint < known->size() && (*known)[hint].position <= position)
            ++hint;
        if (hint == known->size()) break;
        position = (*known)[hint].position;
        expected = place_.base + (*known)[hint].relative_offset;
        // Nobody gets there but by an entry.
        rows.bytes_since_entry = kRebuildInterval + 1;
    }
    rows.end();
    offsets_.start_empty();
    times_.start_empty();
    for (const OffsetEntry& entry : rows.offsets)
        offsets_.append(entry);
    for (const TimeEntry& entry : rows.times)
        times_.append(entry);
    bytes_since_entry_ = rows.bytes_since_entry;
    largest_ = Largest{rows.largest.timestamp, place_.base + rows.largest.relative_offset};
    last_time_entry_ = rows.last_time_entry;
    // Until the disk takes them they stay in memory.
    if (home_.offline()) co_return IoResult<void>{};
    auto stored = store_indexes();
    if (stored || is_disk_full(stored.error())) co_return IoResult<void>{};
    co_return std::unexpected(home_.judge_write(std::move(stored).error()));
}

runtime::Task<IoResult<void>> Segment::complete_indexes(Offset end, const LogConfig& config) {
    CO_RETURN_IF_ERROR(ensure_indexes());
    auto start = co_await trusted_prefix(end);
    if (!start) co_return std::unexpected(std::move(start).error());
    auto indexed = co_await index_from(*start, config.index_interval_bytes);
    if (!indexed) co_return std::unexpected(std::move(indexed).error());
    // What was reserved behind the end.
    if (indexed->next_offset == end && indexed->position < size_) {
        ASSIGN_OR_CO_RETURN(auto opened, file());
        CO_RETURN_IF_ERROR(opened->truncate(indexed->position));
        size_ = reserved_end_ = indexed->position;
    }
    co_return IoResult<void>{};
}

runtime::Task<IoResult<Segment::Indexed>> Segment::index_from(std::uint32_t position,
                                                              std::int64_t interval_bytes) {
    Indexed indexed{place_.base, position};
    bytes_since_entry_ = 0;
    ASSIGN_OR_CO_RETURN(auto opened, file());
    BatchScanner scanner(std::move(opened), position, size_);
    while (true) {
        auto batch = co_await scanner.next();
        if (!batch) co_return std::unexpected(std::move(batch).error());
        if (!*batch) break;
        const BatchHead& head = (*batch)->head;
        if (head.last_offset - place_.base > INT32_MAX) break;
        // Nothing of another place's batches belongs into these indexes.
        if (head.base_offset < indexed.next_offset) break;
        index_batch(head, static_cast<std::uint32_t>((*batch)->position), interval_bytes);
        indexed = {head.last_offset + 1, static_cast<std::uint32_t>(scanner.position())};
    }
    co_return indexed;
}

runtime::Task<IoResult<void>> Segment::truncate(Offset offset, std::uint32_t position) {
    CO_RETURN_IF_ERROR(ensure_indexes());
    ++cuts_;
    const std::int64_t limit = offset - place_.base;
    const auto entry_stays = [limit, position](const OffsetEntry& e) {
        return std::int64_t{e.relative_offset} < limit && e.position < position;
    };
    auto last = co_await offsets_.last_where(entry_stays);
    if (!last) co_return std::unexpected(std::move(last).error());
    const auto time_stays = [limit](const TimeEntry& e) {
        return std::int64_t{e.relative_offset} < limit;
    };
    auto last_time = co_await times_.last_where(time_stays);
    if (!last_time) co_return std::unexpected(std::move(last_time).error());
    // The indexes first: one that points behind the end of its file would be taken for damaged.
    CO_RETURN_IF_ERROR(offsets_.truncate(*last ? (*last)->number + 1 : 0));
    CO_RETURN_IF_ERROR(times_.truncate(*last_time ? (*last_time)->number + 1 : 0));
    auto loaded = co_await aborted().load();
    if (!loaded) co_return loaded;
    CO_RETURN_IF_ERROR(aborted().truncate(offset));
    ASSIGN_OR_CO_RETURN(auto opened, file());
    CO_RETURN_IF_ERROR(opened->truncate(position));
    ++cuts_;
    size_ = position;
    reserved_end_ = position;
    auto end = co_await load_as_active();
    if (!end) co_return std::unexpected(std::move(end).error());
    if (!*end) co_return co_await rebuild_indexes();
    co_return IoResult<void>{};
}

IoResult<void> Segment::mark_deleted(std::vector<std::string>& renamed) {
    RETURN_IF_ERROR(write_gathered());
    release_memory();
    file_.close();
    // The indexes can be built again, so until the records themselves are renamed nothing is lost.
    // The transaction index cannot: it goes when nobody needs it any more.
    for (const std::string_view suffix :
         {kIndexSuffix, kTimeIndexSuffix, kLogSuffix, kTransactionIndexSuffix}) {
        std::string to = segment_file(*place_.folder, place_.base, suffix).append(kDeletedSuffix);
        auto moved = home_.disk().rename(path(suffix), to);
        if (!moved && moved.error().number == ENOENT) continue;
        if (!moved) return moved;
        renamed.push_back(std::move(to));
    }
    place_.more = kDeletedSuffix;
    return {};
}

IoResult<void> Segment::keep_open() {
    ASSIGN_OR_RETURN(kept_, file());
    return {};
}

IoResult<void> Segment::discard() {
    for (const std::string_view suffix :
         {kIndexSuffix, kTimeIndexSuffix, kLogSuffix, kTransactionIndexSuffix}) {
        auto removed = home_.disk().remove(path(suffix));
        if (!removed && removed.error().number != ENOENT) return removed;
    }
    place_.more = kDeletedSuffix;
    return {};
}

IoResult<void> Segment::rename_to(std::string_view more) {
    // The records first (interrupted_swap.cc says why).
    for (const std::string_view suffix :
         {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kTransactionIndexSuffix}) {
        const std::string to = segment_file(*place_.folder, place_.base, suffix).append(more);
        auto moved = home_.disk().rename(path(suffix), to);
        if (!moved && moved.error().number != ENOENT) return moved;
    }
    place_.more = more;
    return {};
}

IoResult<void> Segment::remove_files() {
    release_memory();
    // Under .swap when it was about to be renamed so; the records first, without which the rest
    // says nothing.
    for (const std::string_view suffix :
         {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kTransactionIndexSuffix}) {
        for (const std::string_view more : {kSwapSuffix, kCleanedSuffix}) {
            auto removed =
                home_.disk().remove(segment_file(*place_.folder, place_.base, suffix).append(more));
            if (!removed && removed.error().number != ENOENT) return removed;
        }
    }
    return {};
}

void Segment::release_memory() {
    offsets_.release_memory();
    times_.release_memory();
    if (aborted_ != nullptr) aborted_->release_file();
    if (gathered_.empty()) gathered_.shrink_to_fit();
    file_.close();
}

}  // namespace cauce::storage
