// A file of fixed-size entries that grow from one to the next, appended to and searched: what the
// offset index and the time index have in common.
//
// New entries gather in memory and are stored some hundred at a time, since a write for each would
// cost more than the batch it points to; what a kill loses is found again by recovery. The newest
// entries stay in memory, where readers near the tail find them. The file always ends with its last
// stored entry: unlike Kafka we do not preallocate it, which Kafka's reader takes for an index that
// is exactly full.
//
// Entry: a struct with kSize, kSuffix, encode(std::uint8_t*) and decode(const std::uint8_t*).
#pragma once

#include "base/check.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "storage/file_cache.h"
#include "storage/segment_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::storage {

// Where the files of a segment are.
struct SegmentPlace {
    FileCache* files;
    std::shared_ptr<const std::string> folder;
    Offset base;
    // What stands behind their names: nothing, or one of the suffixes of segment_files.h.
    std::string_view more;

    std::string path(std::string_view suffix) const {
        return segment_file(*folder, base, suffix).append(more);
    }
};

template <typename Entry>
class IndexFile {
public:
    struct Found {
        Entry entry;
        std::uint32_t number = 0;
    };

    // Entries that gather before they are stored, and that stay in memory.
    static constexpr std::size_t kStoreAt = 128;
    static constexpr std::size_t kKept = 512;

    explicit IndexFile(const SegmentPlace& place) : place_(place) {}

    // Takes the file as it is; a file that is not there is an index without entries. What follows
    // the last whole entry is ignored, and overwritten by the next store.
    IoResult<void> load() {
        tail_.clear();
        count_ = stored_ = 0;
        loaded_ = true;
        auto opened = file(runtime::OpenMode::read_write);
        if (!opened) {
            if (opened.error().number == ENOENT) return {};
            return std::unexpected(std::move(opened).error());
        }
        ASSIGN_OR_RETURN(const std::uint64_t size, (*opened)->size());
        count_ = stored_ = static_cast<std::uint32_t>(size / Entry::kSize);
        return {};
    }
    // A new index, or one to be built anew: whatever the file holds does not count.
    void start_empty() {
        tail_.clear();
        count_ = stored_ = 0;
        loaded_ = true;
        rewritten_ = true;
    }
    bool loaded() const { return loaded_; }

    std::uint32_t count() const { return count_; }
    std::uint32_t stored() const { return stored_; }

    void append(const Entry& entry) {
        CHECK(loaded_);
        if (tail_.size() >= kKept && stored_ > first_in_tail())
            tail_.erase(tail_.begin(),
                        tail_.begin() + std::min<std::ptrdiff_t>(stored_ - first_in_tail(),
                                                                 std::ptrdiff_t{kKept / 2}));
        tail_.push_back(entry);
        ++count_;
    }
    bool wants_store() const { return count_ - stored_ >= kStoreAt; }

    // Writes what is not stored yet, and makes the file if it is not there. The file is returned,
    // to be flushed.
    IoResult<std::shared_ptr<runtime::File>> store() {
        CHECK(loaded_);
        ASSIGN_OR_RETURN(auto opened, file(runtime::OpenMode::create));
        if (rewritten_) {
            RETURN_IF_ERROR(opened->truncate(position_of(stored_)));
            rewritten_ = false;
        }
        if (stored_ == count_) return opened;
        Buffer bytes((count_ - stored_) * Entry::kSize);
        std::uint8_t* at = bytes.data();
        for (std::uint32_t i = stored_ - first_in_tail(); i < tail_.size(); ++i, at += Entry::kSize)
            tail_[i].encode(at);
        RETURN_IF_ERROR(opened->write_at(position_of(stored_), BytesView(bytes)));
        stored_ = count_;
        return opened;
    }

    // Forgets the entries from `count` on.
    IoResult<void> truncate(std::uint32_t count) {
        CHECK(loaded_ && count <= count_, count, count_);
        if (count == count_) return {};
        const std::uint32_t first = first_in_tail();
        tail_.resize(count > first ? count - first : 0);
        count_ = count;
        if (stored_ <= count) return {};
        stored_ = count;
        ASSIGN_OR_RETURN(auto opened, file(runtime::OpenMode::read_write));
        return opened->truncate(position_of(count));
    }

    // The newest entry, when it is in memory.
    const Entry* last_in_memory() const { return tail_.empty() ? nullptr : &tail_.back(); }

    // The entries in memory, the oldest of which is number count() - size().
    const std::vector<Entry>& in_memory() const { return tail_; }

    runtime::Task<IoResult<Entry>> at(std::uint32_t number) {
        if (number >= count_) co_return io_fail(ERANGE, "read", place_.path(Entry::kSuffix));
        if (number >= first_in_tail()) co_return tail_[number - first_in_tail()];
        std::uint8_t bytes[Entry::kSize];
        ASSIGN_OR_CO_RETURN(auto opened, file(runtime::OpenMode::read_write));
        auto read = co_await opened->read_at(position_of(number), bytes);
        if (!read) co_return std::unexpected(std::move(read).error());
        if (*read < Entry::kSize) co_return io_fail(EIO, "read", place_.path(Entry::kSuffix));
        co_return Entry::decode(bytes);
    }

    // The last entry for which `holds` is true, given that it is true for the entries up to some
    // number and false from there on. Nothing when it holds for none. `guess`: about where it is; a
    // good one takes one read instead of a bisection of the file.
    template <typename Holds>
    runtime::Task<IoResult<std::optional<Found>>> last_where(
        Holds holds, std::optional<std::uint32_t> guess = std::nullopt) {
        if (!tail_.empty() && holds(tail_.front())) {
            const auto end = std::partition_point(tail_.begin(), tail_.end(), holds);
            const auto number =
                first_in_tail() + static_cast<std::uint32_t>(end - tail_.begin()) - 1;
            co_return std::optional(Found{*std::prev(end), number});
        }
        // It is not below `low`, and `high` does not hold.
        std::uint32_t low = 0;
        std::uint32_t high = first_in_tail();
        if (guess && high > kBlock) {
            constexpr std::uint32_t kHalf = kBlock / 2;
            const std::uint32_t begin = std::clamp(*guess, kHalf, high - (kBlock - kHalf)) - kHalf;
            auto block = co_await read_block(begin, begin + kBlock);
            if (!block) co_return std::unexpected(std::move(block).error());
            const std::uint32_t held = block->prefix(holds);
            if (held == 0) {
                high = begin;
            } else if (held == kBlock && begin + kBlock < high) {
                low = begin + kBlock - 1;
            } else {
                co_return std::optional(Found{block->at(held - 1), begin + held - 1});
            }
        }
        while (high - low > kBlock) {
            const std::uint32_t middle = low + (high - low) / 2;
            auto entry = co_await at(middle);
            if (!entry) co_return std::unexpected(std::move(entry).error());
            (holds(*entry) ? low : high) = middle;
        }
        if (high == low) co_return std::optional<Found>();
        auto block = co_await read_block(low, high);
        if (!block) co_return std::unexpected(std::move(block).error());
        const std::uint32_t held = block->prefix(holds);
        if (held == 0) co_return std::optional<Found>();
        co_return std::optional(Found{block->at(held - 1), low + held - 1});
    }

    // Everything, for recovery.
    runtime::Task<IoResult<std::vector<Entry>>> all() {
        std::vector<Entry> entries;
        entries.reserve(count_);
        const std::uint32_t on_disk = first_in_tail();
        if (on_disk > 0) {
            Buffer bytes(std::size_t{on_disk} * Entry::kSize);
            ASSIGN_OR_CO_RETURN(auto opened, file(runtime::OpenMode::read_write));
            auto read = co_await opened->read_at(0, bytes);
            if (!read) co_return std::unexpected(std::move(read).error());
            for (std::size_t at = 0; at + Entry::kSize <= *read; at += Entry::kSize)
                entries.push_back(Entry::decode(bytes.data() + at));
        }
        entries.insert(entries.end(), tail_.begin(), tail_.end());
        co_return entries;
    }

    // Lets go of entries that are stored, and of the file.
    void release_memory() {
        if (stored_ == count_) std::vector<Entry>().swap(tail_);
        file_.close();
    }

private:
    static constexpr std::uint32_t kBlock = 4096 / Entry::kSize;

    // Entries as they lie in the file.
    struct Block {
        Buffer bytes;

        Entry at(std::uint32_t i) const { return Entry::decode(bytes.data() + i * Entry::kSize); }
        // How many hold, given that those come first.
        template <typename Holds>
        std::uint32_t prefix(const Holds& holds) const {
            std::uint32_t low = 0;
            auto high = static_cast<std::uint32_t>(bytes.size() / Entry::kSize);
            while (low < high) {
                const std::uint32_t middle = low + (high - low) / 2;
                if (holds(at(middle)))
                    low = middle + 1;
                else
                    high = middle;
            }
            return low;
        }
    };

    // [low, high), or fewer when the file ends before.
    runtime::Task<IoResult<Block>> read_block(std::uint32_t low, std::uint32_t high) {
        Block block;
        block.bytes.resize(std::size_t{high - low} * Entry::kSize);
        ASSIGN_OR_CO_RETURN(auto opened, file(runtime::OpenMode::read_write));
        auto read = co_await opened->read_at(position_of(low), block.bytes);
        if (!read) co_return std::unexpected(std::move(read).error());
        block.bytes.resize(*read);
        co_return block;
    }

    static constexpr std::uint64_t position_of(std::uint32_t number) {
        return std::uint64_t{number} * Entry::kSize;
    }

    std::uint32_t first_in_tail() const {
        return count_ - static_cast<std::uint32_t>(tail_.size());
    }
    IoResult<std::shared_ptr<runtime::File>> file(runtime::OpenMode mode) {
        return place_.files->get(file_, mode, [&] { return place_.path(Entry::kSuffix); });
    }

    const SegmentPlace& place_;
    CachedFile file_;
    std::vector<Entry> tail_;  // the newest entries; all that are not stored are among them
    std::uint32_t count_ = 0;
    std::uint32_t stored_ = 0;
    bool loaded_ = false;
    bool rewritten_ = false;  // the file may hold more than stored_ entries
};

}  // namespace cauce::storage
