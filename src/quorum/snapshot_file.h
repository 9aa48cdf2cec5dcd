// Snapshots of the metadata log: files NNN-EEE.checkpoint in its folder, in Kafka's format. Batches
// as in a log, numbered from 0: a control batch with the header (and the voters), the records that
// make the state, a control batch with the footer. Written beside their name as .part and renamed
// when they are whole and on the device.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "metadata/record_list.h"
#include "quorum/quorum.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "storage/batch_scanner.h"
#include "wire/record_batch.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::quorum {

// Nothing when it is no snapshot's name.
std::optional<SnapshotId> parse_snapshot_name(std::string_view name);

struct SnapshotFiles {
    std::vector<SnapshotId> whole;   // oldest first
    std::vector<std::string> parts;  // paths of files that were never finished
};
// Of a folder that need not exist.
IoResult<SnapshotFiles> list_snapshots(runtime::Disk& disk, const std::string& folder);

std::string snapshot_path(const std::string& folder, const SnapshotId& id);

class SnapshotWriter {
public:
    // `now` is what the batches say they were made at.
    static IoResult<SnapshotWriter> create(runtime::Disk& disk, std::string folder, SnapshotId id,
                                           WallTime now);

    // Voters only from kraft.version 1 on.
    IoResult<void> add_header(WallTime last_contained, std::int16_t kraft_version,
                              const std::vector<Voter>& voters);
    // One batch; nothing for no records.
    IoResult<void> add(const metadata::RecordList& records);
    // Footer, flush, rename, and the name made durable.
    runtime::Task<IoResult<void>> finish();

private:
    SnapshotWriter(runtime::Disk& disk, std::unique_ptr<runtime::File> file, std::string folder,
                   SnapshotId id, WallTime now)
        : disk_(&disk), file_(std::move(file)), folder_(std::move(folder)), id_(id), now_(now) {}

    IoResult<void> write(const Buffer& batch, Offset next);

    runtime::Disk* disk_;
    std::unique_ptr<runtime::File> file_;
    std::string folder_;
    SnapshotId id_;
    WallTime now_;
    Offset next_;
    std::uint64_t size_bytes_ = 0;
};

class SnapshotReader {
public:
    static IoResult<SnapshotReader> open(runtime::Disk& disk, const std::string& folder,
                                         const SnapshotId& id);

    // The next batch, checked; its bytes last until the next call. Nothing behind the footer.
    // EBADMSG, with file and byte, when it is damaged or ends without a footer.
    runtime::Task<IoResult<std::optional<wire::BatchHeader>>> next();

    const std::string& path() const { return path_; }
    // As the header says it; known after the first batch.
    WallTime last_contained() const { return last_contained_; }

private:
    SnapshotReader(std::string path, SnapshotId id, std::shared_ptr<runtime::File> file,
                   std::uint64_t size_bytes)
        : path_(std::move(path)), id_(id), scanner_(std::move(file), 0, size_bytes) {}

    std::unexpected<IoError> damaged(const std::string& reason) const;
    IoResult<void> look_at_control(const wire::BatchHeader& batch);

    std::string path_;
    SnapshotId id_;
    storage::BatchScanner scanner_;
    Offset next_;
    bool has_header_ = false;
    bool has_footer_ = false;
    WallTime last_contained_;
};

}  // namespace cauce::quorum
