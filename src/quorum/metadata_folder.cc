#include "quorum/metadata_folder.h"

#include "metadata/image_builder.h"
#include "quorum/commit_mark.h"
#include "quorum/control_records.h"
#include "quorum/log_check.h"
#include "quorum/log_walk.h"
#include "quorum/snapshot_file.h"
#include "wire/control_batch.h"
#include "wire/record.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cauce::quorum {
namespace {

using runtime::Task;

// What one batch may become when it is uncompressed.
constexpr std::size_t kRecordsBytesMax = 32 * 1024 * 1024;

// Takes batches in, control records and metadata records alike.
class Reading final : public BatchVisitor {
public:
    explicit Reading(MetadataFolder& into) : into_(into) {}

    // A batch of the log.
    IoResult<void> visit(const wire::BatchHeader& batch, const std::string& file) override {
        // What the format step left counts until the log has records of its own.
        if (is_bootstrap_ && !batch.is_control()) {
            builder_.reset(metadata::Image());
            is_bootstrap_ = false;
        }
        RETURN_IF_ERROR(take(batch, file));
        position(batch.last_offset(), batch.partition_leader_epoch(),
                 WallTime{batch.max_timestamp()});
        return {};
    }
    void begin_with_bootstrap() { is_bootstrap_ = true; }

    IoResult<void> take(const wire::BatchHeader& batch, const std::string& file) {
        const auto place = [&](const std::string& reason) {
            return io_fail(
                EBADMSG, "check",
                file + " at offset " + std::to_string(batch.base_offset().value) + ": " + reason);
        };
        Buffer storage;
        const auto records = wire::records_of(batch, kRecordsBytesMax, storage);
        if (!records) return place(records.error().message);
        wire::RecordIterator iterator(batch, *records);
        for (wire::Record record; iterator.next(record);) {
            if (batch.is_control()) {
                if (!take_control(record)) return place("a control record cannot be read");
            } else if (record.value) {
                const auto replayed = builder_.replay(*record.value);
                if (!replayed) return place(replayed.error().message);
            }
        }
        if (!iterator.ok()) return place(iterator.error());
        into_.epoch = std::max(into_.epoch, batch.partition_leader_epoch());
        return {};
    }

    void position(Offset last, LeaderEpoch epoch, WallTime appended) {
        builder_.set_position({last, epoch, appended});
    }
    void finish() {
        into_.in_transaction = builder_.in_transaction();
        into_.image = builder_.publish();
        if (!into_.voters.empty()) return;
        std::vector<NodeId> ids = into_.state.current_voters;
        ids.insert(ids.end(), static_voters_.begin(), static_voters_.end());
        std::ranges::sort(ids);
        ids.erase(std::ranges::unique(ids).begin(), ids.end());
        for (const NodeId id : ids)
            into_.voters.emplace_back().id = id;
    }

private:
    bool take_control(const wire::Record& record) {
        const auto type = wire::control_type(record);
        if (!type || !record.value) return true;
        wire::Reader reader(*record.value);
        if (*type == wire::ControlType::kraft_version) {
            wire::KRaftVersionRecord message;
            message.decode(reader, 0);
            into_.kraft_version = message.kraft_version;
        } else if (*type == wire::ControlType::kraft_voters) {
            wire::VotersRecord message;
            message.decode(reader, 0);
            into_.voters = voters_of(message);
        } else if (*type == wire::ControlType::leader_change) {
            auto voters = voters_of_leader_change(*record.value);
            if (!voters) return false;
            static_voters_ = *std::move(voters);
        }
        return reader.ok();
    }

    MetadataFolder& into_;
    metadata::ImageBuilder builder_;
    std::vector<NodeId> static_voters_;
    bool is_bootstrap_ = false;
};

Task<IoResult<void>> read_snapshot(runtime::Disk& disk, std::string folder, SnapshotId id,
                                   Reading& reading) {
    auto reader = SnapshotReader::open(disk, folder, id);
    if (!reader) co_return std::unexpected(reader.error());
    while (true) {
        const auto batch = co_await reader->next();
        if (!batch) co_return std::unexpected(batch.error());
        if (!*batch) break;
        CO_RETURN_IF_ERROR(reading.take(**batch, reader->path()));
    }
    reading.position(id.end_offset - 1, LeaderEpoch{id.epoch}, reader->last_contained());
    co_return IoResult<void>{};
}

}  // namespace

Task<IoResult<std::optional<MetadataFolder>>> read_metadata_folder(runtime::Disk& disk,
                                                                   std::string folder) {
    if (!disk.exists(folder)) co_return std::optional<MetadataFolder>();
    MetadataFolder found;
    ASSIGN_OR_CO_RETURN(found.state, co_await read_quorum_state(disk, folder));
    found.epoch = found.state.leader_epoch;
    Reading reading(found);
    const auto snapshots = list_snapshots(disk, folder);
    if (!snapshots) co_return std::unexpected(snapshots.error());
    Offset next;
    if (!snapshots->whole.empty()) {
        found.snapshot = snapshots->whole.back();
        next = found.snapshot->end_offset;
        CO_RETURN_IF_ERROR(co_await read_snapshot(disk, folder, *found.snapshot, reading));
    }
    const auto mark = co_await read_commit_mark(disk, folder);
    if (!mark) co_return std::unexpected(mark.error());
    const auto check = co_await check_log(disk, folder, next, *mark);
    if (!check) co_return std::unexpected(check.error());
    found.end = check->end;
    found.torn_bytes = check->torn_bytes;

    if (next == Offset{0}) reading.begin_with_bootstrap();
    CO_RETURN_IF_ERROR(co_await walk_log(disk, folder, next, found.end, reading));
    reading.finish();
    co_return std::optional<MetadataFolder>(std::move(found));
}

}  // namespace cauce::quorum
