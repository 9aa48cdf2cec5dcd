#include "storage/folder_check.h"

#include "storage/batch_scanner.h"
#include "storage/leader_epochs.h"
#include "storage/log_directory.h"
#include "storage/offset_index.h"
#include "storage/producer_state.h"
#include "storage/segment_files.h"
#include "storage/small_file.h"
#include "storage/time_index.h"
#include "storage/transaction_index.h"
#include "storage/transaction_marker.h"

#include <algorithm>
#include <map>
#include <utility>

namespace cauce::storage {
namespace {

using runtime::Task;
using Severity = FolderCheck::Severity;

struct Batch {
    Offset base;
    Offset last;
};

// One segment, after its batches were read.
struct Walked {
    Offset end;
    // By position in the file.
    std::map<std::uint64_t, Batch> batches;
};

class Checker {
public:
    Checker(runtime::Disk& disk, std::string folder, FolderCheckOptions options)
        : disk_(disk), folder_(std::move(folder)), options_(options) {}

    Task<IoResult<FolderCheck>> run() {
        const auto entries = disk_.list(folder_);
        if (!entries) co_return std::unexpected(entries.error());
        std::vector<Offset> bases;
        std::vector<std::string> names;
        for (const runtime::DirectoryEntry& entry : *entries) {
            if (entry.is_directory) continue;
            names.push_back(entry.name);
            if (const auto base = offset_in_name(entry.name, kLogSuffix)) bases.push_back(*base);
        }
        std::ranges::sort(bases);
        std::ranges::sort(names);
        if (!bases.empty()) found_.start = bases.front();
        Offset next = found_.start;
        for (std::size_t i = 0; i < bases.size(); ++i) {
            const bool last = i + 1 == bases.size();
            auto walked = co_await walk(bases[i], next, last);
            if (!walked) co_return std::unexpected(walked.error());
            if (!last && walked->end > bases[i + 1])
                add(Severity::damage, name_of(bases[i], kLogSuffix),
                    "it holds offset " + std::to_string((walked->end - 1).value) +
                        ", and the next segment begins at " + std::to_string(bases[i + 1].value));
            CO_RETURN_IF_ERROR(co_await check_indexes(bases[i], *walked, last));
            next = std::max(next, walked->end);
        }
        found_.end = next;
        for (const auto& [id, first] : open_)
            found_.open_transactions.push_back(first);
        std::ranges::sort(found_.open_transactions);
        for (const std::string& name : names)
            CO_RETURN_IF_ERROR(co_await check_other(name, bases));
        co_return std::move(found_);
    }

private:
    static std::string name_of(Offset base, std::string_view suffix) {
        return segment_file("", base, suffix).substr(1);
    }
    void add(Severity severity, std::string file, std::string text) {
        found_.findings.push_back({severity, std::move(file), std::move(text)});
    }

    Task<IoResult<Walked>> walk(Offset base, Offset from, bool last) {
        const std::string name = name_of(base, kLogSuffix);
        const std::string path = folder_ + "/" + name;
        ASSIGN_OR_CO_RETURN(std::shared_ptr<runtime::File> file,
                            disk_.open(path, runtime::OpenMode::read));
        ASSIGN_OR_CO_RETURN(const std::uint64_t size, file->size());
        ++found_.segments;
        BatchScanner scanner(std::move(file), 0, size);
        Walked walked;
        walked.end = std::max(base, from);
        bool old = false;
        while (true) {
            const std::uint64_t position = scanner.position();
            const auto at = [&] { return "at byte " + std::to_string(position) + ": "; };
            auto scanned = co_await next_of(scanner);
            if (!scanned) co_return std::unexpected(scanned.error());
            if (!*scanned) {
                if (scanner.broken() != nullptr) {
                    const bool torn = last && !options_.clean;
                    add(torn ? Severity::leftover : Severity::damage, name,
                        at() + scanner.broken() + " (" + std::to_string(size - position) +
                            " bytes to its end)");
                }
                if (old) ++found_.old_segments;
                co_return walked;
            }
            const BatchHead& head = (*scanned)->head;
            old |= head.magic < 2;
            if (options_.checksums && !batch_crc_matches(scanner.bytes()))
                add(Severity::damage, name,
                    at() + "the checksum of the batch of offset " +
                        std::to_string(head.base_offset.value) + " is wrong");
            if (head.base_offset < walked.end)
                add(Severity::damage, name,
                    at() + "offset " + std::to_string(head.base_offset.value) + " follows " +
                        std::to_string((walked.end - 1).value));
            if (head.leader_epoch.value >= 0) {
                if (found_.newest_epoch && head.leader_epoch < *found_.newest_epoch)
                    add(Severity::damage, name,
                        at() + "epoch " + std::to_string(head.leader_epoch.value) +
                            " follows epoch " + std::to_string(found_.newest_epoch->value));
                found_.newest_epoch = head.leader_epoch;
            }
            if (head.transactional && !head.control)
                open_.try_emplace(head.producer_id.value, head.base_offset);
            if (head.transactional && head.control) open_.erase(head.producer_id.value);
            ++found_.batches;
            found_.size_bytes += head.size_bytes;
            // The head of an old message tells its last offset alone.
            walked.batches.emplace(
                position, Batch{head.magic < 2 ? base : head.base_offset, head.last_offset});
            walked.end = std::max(walked.end, head.last_offset + 1);
        }
    }

    Task<IoResult<std::optional<BatchScanner::Batch>>> next_of(BatchScanner& scanner) const {
        if (options_.checksums) co_return co_await scanner.next_whole();
        co_return co_await scanner.next();
    }

    // Behind the entries of the newest segment's index stand zeros when Kafka was killed, and
    // behind that of the metadata log at any time: it allocates ahead.
    static std::size_t without_zeros(BytesView bytes, std::size_t entry_bytes, bool last) {
        std::size_t size = bytes.size();
        if (!last) return size;
        while (size > 0 && bytes[size - 1] == 0)
            --size;
        return (size + entry_bytes - 1) / entry_bytes * entry_bytes;
    }

    Task<IoResult<void>> check_indexes(Offset base, const Walked& walked, bool last) {
        // Of what is in no segment, a start makes entries anew; of a clean stop nothing is missing.
        const Severity severity = options_.clean ? Severity::damage : Severity::leftover;
        const std::string index = name_of(base, kIndexSuffix);
        const auto offsets = co_await read_file(disk_, folder_ + "/" + index);
        if (!offsets) co_return std::unexpected(offsets.error());
        if (*offsets) check_offsets(index, **offsets, base, walked, last, severity);
        const std::string time_index = name_of(base, kTimeIndexSuffix);
        const auto times = co_await read_file(disk_, folder_ + "/" + time_index);
        if (!times) co_return std::unexpected(times.error());
        if (*times) check_times(time_index, **times, base, walked, last, severity);
        const std::string aborted = name_of(base, kTransactionIndexSuffix);
        const auto transactions = co_await read_file(disk_, folder_ + "/" + aborted);
        if (!transactions) co_return std::unexpected(transactions.error());
        if (*transactions) check_transactions(aborted, **transactions, base, walked, severity);
        co_return IoResult<void>{};
    }

    // Of an index: each entry follows the one before it, and `misfit` finds nothing wrong with it.
    template <typename Entry, typename Follows, typename Misfit>
    void check_entries(const std::string& name, const Buffer& bytes, bool last, Severity severity,
                       Follows follows, Misfit misfit) {
        const std::size_t size =
            std::min(bytes.size(), without_zeros(BytesView(bytes), Entry::kSize, last));
        Entry previous;
        for (std::size_t at = 0; at + Entry::kSize <= size; at += Entry::kSize) {
            const Entry entry = Entry::decode(bytes.data() + at);
            const bool grows = at == 0 || follows(previous, entry);
            const std::string wrong = grows ? misfit(entry) : "the entries do not grow";
            if (!wrong.empty()) {
                add(severity, name, "at byte " + std::to_string(at) + ": " + wrong);
                return;
            }
            previous = entry;
        }
        if (bytes.size() % Entry::kSize != 0 && !last)
            add(severity, name, "its size is no whole number of entries");
    }

    void check_offsets(const std::string& name, const Buffer& bytes, Offset base,
                       const Walked& walked, bool last, Severity severity) {
        const auto follows = [](const OffsetEntry& before, const OffsetEntry& entry) {
            return entry.relative_offset > before.relative_offset &&
                   entry.position > before.position;
        };
        const auto misfit = [&](const OffsetEntry& entry) {
            const auto batch = walked.batches.find(entry.position);
            const Offset offset = base + entry.relative_offset;
            if (batch != walked.batches.end() && batch->second.base <= offset) return std::string();
            return "offset " + std::to_string(offset.value) + " does not stand at position " +
                   std::to_string(entry.position);
        };
        check_entries<OffsetEntry>(name, bytes, last, severity, follows, misfit);
    }

    void check_times(const std::string& name, const Buffer& bytes, Offset base,
                     const Walked& walked, bool last, Severity severity) {
        const auto follows = [](const TimeEntry& before, const TimeEntry& entry) {
            return entry.timestamp >= before.timestamp &&
                   entry.relative_offset >= before.relative_offset;
        };
        const auto misfit = [&](const TimeEntry& entry) {
            const Offset offset = base + entry.relative_offset;
            if (offset < walked.end) return std::string();
            return "offset " + std::to_string(offset.value) + " is behind the end of the segment";
        };
        check_entries<TimeEntry>(name, bytes, last, severity, follows, misfit);
    }

    void check_transactions(const std::string& name, const Buffer& bytes, Offset base,
                            const Walked& walked, Severity severity) {
        constexpr std::size_t kVersion = 0, kFirst = 10, kLast = 18;
        if (bytes.size() % TransactionIndex::kEntryBytes != 0)
            add(severity, name, "its size is no whole number of entries");
        Offset previous{-1};
        for (std::size_t at = 0; at + TransactionIndex::kEntryBytes <= bytes.size();
             at += TransactionIndex::kEntryBytes) {
            const std::uint8_t* entry = bytes.data() + at;
            const Offset first{load_big_endian<std::int64_t>(entry + kFirst)};
            const Offset last{load_big_endian<std::int64_t>(entry + kLast)};
            const bool fits = load_big_endian<std::int16_t>(entry + kVersion) == 0 &&
                              first <= last && last > previous && last >= base && last < walked.end;
            if (!fits) {
                add(severity, name, "at byte " + std::to_string(at) + ": the entry does not fit");
                return;
            }
            previous = last;
        }
    }

    Task<IoResult<void>> check_other(std::string name, const std::vector<Offset>& bases) {
        const auto bytes_of = [&] { return read_file(disk_, folder_ + "/" + name); };
        if (name.ends_with(".deleted") || name.ends_with(".cleaned") || name.ends_with(".swap") ||
            name.ends_with(".tmp") || name.ends_with(".part")) {
            add(Severity::leftover, name,
                name.ends_with(".swap") ? "a compaction was interrupted; a start ends it"
                                        : "a start removes it");
            co_return IoResult<void>{};
        }
        for (const std::string_view suffix :
             {kIndexSuffix, kTimeIndexSuffix, kTransactionIndexSuffix}) {
            const auto base = offset_in_name(name, suffix);
            if (base && !std::ranges::binary_search(bases, *base))
                add(Severity::leftover, name, "its segment is gone; a start removes it");
        }
        if (offset_in_name(name, kSnapshotSuffix)) {
            const auto bytes = co_await bytes_of();
            if (!bytes) co_return std::unexpected(bytes.error());
            const bool sound = *bytes && ProducerState::from_snapshot(
                                             BytesView(**bytes), WallTime{0}, milliseconds::max())
                                             .has_value();
            // What it says is in the batches too.
            if (!sound)
                add(options_.clean ? Severity::damage : Severity::leftover, name,
                    "it is no snapshot of producers");
        } else if (name == "leader-epoch-checkpoint") {
            const auto bytes = co_await bytes_of();
            if (!bytes) co_return std::unexpected(bytes.error());
            const bool sound =
                *bytes && ((*bytes)->empty() || LeaderEpochs::parse(as_text(**bytes)).has_value());
            if (!sound) add(Severity::damage, name, "it is no list of epochs");
        } else if (name == "partition.metadata") {
            const auto bytes = co_await bytes_of();
            if (!bytes) co_return std::unexpected(bytes.error());
            if (*bytes) found_.topic_id = parse_topic_id(as_text(**bytes));
            if (!found_.topic_id) add(Severity::damage, name, "it names no topic id");
        }
        co_return IoResult<void>{};
    }

    runtime::Disk& disk_;
    const std::string folder_;
    const FolderCheckOptions options_;
    FolderCheck found_;
    std::map<std::int64_t, Offset> open_;  // transactions, by producer
};

}  // namespace

bool FolderCheck::damaged() const {
    return std::ranges::any_of(
        findings, [](const Finding& finding) { return finding.severity == Severity::damage; });
}

Task<IoResult<FolderCheck>> check_folder(runtime::Disk& disk, std::string folder,
                                         FolderCheckOptions options) {
    Checker checker(disk, std::move(folder), options);
    co_return co_await checker.run();
}

}  // namespace cauce::storage
