#include "quorum/snapshot_file.h"

#include "base/check.h"
#include "quorum/control_records.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/record.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

namespace cauce::quorum {
namespace {

using runtime::Task;

constexpr std::size_t kOffsetDigits = 20;
constexpr std::size_t kEpochDigits = 10;
constexpr std::string_view kSuffix = ".checkpoint";
constexpr std::string_view kPartSuffix = ".checkpoint.part";

std::string padded(std::int64_t number, std::size_t digits) {
    const std::string text = std::to_string(number);
    CHECK(text.size() <= digits, number);
    return std::string(digits - text.size(), '0') + text;
}

}  // namespace

std::string SnapshotId::to_string() const {
    return padded(end_offset.value, kOffsetDigits) + "-" + padded(epoch, kEpochDigits);
}

std::optional<SnapshotId> parse_snapshot_name(std::string_view name) {
    if (name.size() != kOffsetDigits + 1 + kEpochDigits + kSuffix.size() ||
        !name.ends_with(kSuffix) || name[kOffsetDigits] != '-')
        return std::nullopt;
    SnapshotId id;
    const char* offset_end = name.data() + kOffsetDigits;
    const char* epoch_end = offset_end + 1 + kEpochDigits;
    const auto offset = std::from_chars(name.data(), offset_end, id.end_offset.value);
    const auto epoch = std::from_chars(offset_end + 1, epoch_end, id.epoch);
    if (offset.ptr != offset_end || offset.ec != std::errc() || epoch.ptr != epoch_end ||
        epoch.ec != std::errc())
        return std::nullopt;
    return id;
}

std::string snapshot_path(const std::string& folder, const SnapshotId& id) {
    return folder + "/" + id.to_string() + std::string(kSuffix);
}

IoResult<SnapshotFiles> list_snapshots(runtime::Disk& disk, const std::string& folder) {
    SnapshotFiles files;
    const auto entries = disk.list(folder);
    if (!entries) {
        if (entries.error().number == ENOENT) return files;
        return std::unexpected(entries.error());
    }
    for (const runtime::DirectoryEntry& entry : *entries) {
        if (const auto id = parse_snapshot_name(entry.name)) files.whole.push_back(*id);
        if (entry.name.ends_with(kPartSuffix)) files.parts.push_back(folder + "/" + entry.name);
    }
    std::ranges::sort(files.whole);
    return files;
}

// ---- Writing ----

IoResult<SnapshotWriter> SnapshotWriter::create(runtime::Disk& disk, std::string folder,
                                                SnapshotId id, WallTime now) {
    const std::string path = folder + "/" + id.to_string() + std::string(kPartSuffix);
    ASSIGN_OR_RETURN(auto file, disk.open(path, runtime::OpenMode::create));
    RETURN_IF_ERROR(file->truncate(0));
    return SnapshotWriter(disk, std::move(file), std::move(folder), id, now);
}

IoResult<void> SnapshotWriter::write(const Buffer& batch, Offset next) {
    RETURN_IF_ERROR(file_->write_at(size_bytes_, BytesView(batch)));
    size_bytes_ += batch.size();
    next_ = next;
    return {};
}

IoResult<void> SnapshotWriter::add_header(WallTime last_contained, std::int16_t kraft_version,
                                          const std::vector<Voter>& voters) {
    wire::BatchOptions options;
    options.base_offset = next_;
    options.partition_leader_epoch = LeaderEpoch{id_.epoch};
    options.control = true;
    wire::BatchBuilder batch(options);
    wire::SnapshotHeaderRecord header;
    header.last_contained_log_timestamp = last_contained.ms;
    add_control_record(batch, now_.ms, wire::ControlType::snapshot_header, header);
    if (kraft_version > 0) add_voters(batch, now_.ms, kraft_version, voters);
    const Offset next = batch.next_offset();
    return write(batch.build().value(), next);
}

IoResult<void> SnapshotWriter::add(const metadata::RecordList& records) {
    if (records.empty()) return {};
    wire::BatchOptions options;
    options.base_offset = next_;
    options.partition_leader_epoch = LeaderEpoch{id_.epoch};
    wire::BatchBuilder batch(options);
    for (std::size_t i = 0; i < records.size(); ++i)
        batch.append(now_.ms, std::nullopt, wire::Bytes(records[i]));
    const Offset next = batch.next_offset();
    return write(batch.build().value(), next);
}

Task<IoResult<void>> SnapshotWriter::finish() {
    wire::BatchOptions options;
    options.base_offset = next_;
    options.partition_leader_epoch = LeaderEpoch{id_.epoch};
    options.control = true;
    wire::BatchBuilder batch(options);
    add_control_record(batch, now_.ms, wire::ControlType::snapshot_footer,
                       wire::SnapshotFooterRecord{});
    const Offset next = batch.next_offset();
    const Buffer bytes = batch.build().value();
    CO_RETURN_IF_ERROR(write(bytes, next));
    const auto synced = co_await file_->sync();
    if (!synced) co_return synced;
    file_.reset();
    const std::string part = folder_ + "/" + id_.to_string() + std::string(kPartSuffix);
    CO_RETURN_IF_ERROR(disk_->rename(part, snapshot_path(folder_, id_)));
    co_return co_await disk_->sync_folder(folder_);
}

// ---- Reading ----

IoResult<SnapshotReader> SnapshotReader::open(runtime::Disk& disk, const std::string& folder,
                                              const SnapshotId& id) {
    const std::string path = snapshot_path(folder, id);
    ASSIGN_OR_RETURN(std::shared_ptr<runtime::File> file, disk.open(path, runtime::OpenMode::read));
    ASSIGN_OR_RETURN(const std::uint64_t size, file->size());
    return SnapshotReader(path, id, std::move(file), size);
}

std::unexpected<IoError> SnapshotReader::damaged(const std::string& reason) const {
    return io_fail(EBADMSG, "check",
                   path_ + " at byte " + std::to_string(scanner_.position()) + ": " + reason);
}

Task<IoResult<std::optional<wire::BatchHeader>>> SnapshotReader::next() {
    const auto scanned = co_await scanner_.next_whole();
    if (!scanned) co_return std::unexpected(scanned.error());
    if (!*scanned) {
        if (scanner_.broken() != nullptr) co_return damaged(scanner_.broken());
        if (!has_footer_) co_return damaged("the snapshot ends without a footer");
        co_return std::optional<wire::BatchHeader>();
    }
    if (has_footer_) co_return damaged("something follows the footer");
    const auto batch = wire::parse_batch(scanner_.bytes());
    if (!batch) co_return damaged(batch.error().message);
    if (!batch->crc_matches()) co_return damaged("the checksum in front of it is wrong");
    if (batch->base_offset() != next_) co_return damaged("a batch is missing in front of it");
    if (batch->partition_leader_epoch().value != id_.epoch)
        co_return damaged("the batch in front of it is of epoch " +
                          std::to_string(batch->partition_leader_epoch().value));
    next_ = batch->next_offset();
    if (batch->is_control()) CO_RETURN_IF_ERROR(look_at_control(*batch));
    if (!has_header_) co_return damaged("the snapshot begins without a header");
    co_return std::optional(*batch);
}

IoResult<void> SnapshotReader::look_at_control(const wire::BatchHeader& batch) {
    wire::RecordIterator records(batch, batch.body());
    for (wire::Record record; records.next(record);) {
        const auto type = wire::control_type(record);
        if (type == wire::ControlType::snapshot_footer) has_footer_ = true;
        if (type != wire::ControlType::snapshot_header || !record.value) continue;
        wire::SnapshotHeaderRecord header;
        wire::Reader reader(*record.value);
        header.decode(reader, 0);
        if (!reader.ok()) return damaged("the header: " + reader.error());
        has_header_ = true;
        last_contained_ = WallTime{header.last_contained_log_timestamp};
    }
    if (!records.ok()) return damaged(records.error());
    return {};
}

}  // namespace cauce::quorum
