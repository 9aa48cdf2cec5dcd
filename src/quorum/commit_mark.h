// The commit mark: a small file beside the metadata log that says how much of it counts. It tells a
// tail that was torn while nobody had been answered from a damaged one: below the mark everything
// must be there and whole.
//
// Written after each commit and never flushed: after a kill it is exact, after a power loss it is
// older or gone, and says less, never more. docs/formats/metadata-log.md has the layout.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <memory>
#include <optional>
#include <string>

namespace cauce::quorum {

inline constexpr std::string_view kCommitMarkFile = "cauce-commit";

struct CommitMark {
    // The offset after the last one that counts, and the epoch of that one.
    Offset end;
    LeaderEpoch epoch{0};

    bool operator==(const CommitMark&) const = default;
};

// Nothing when there is no file or it is torn.
runtime::Task<IoResult<std::optional<CommitMark>>> read_commit_mark(runtime::Disk& disk,
                                                                    std::string folder);

class CommitMarkWriter {
public:
    // Makes the file; the folder must exist.
    static IoResult<CommitMarkWriter> open(runtime::Disk& disk, const std::string& folder);

    IoResult<void> write(const CommitMark& mark);

private:
    explicit CommitMarkWriter(std::unique_ptr<runtime::File> file) : file_(std::move(file)) {}

    std::unique_ptr<runtime::File> file_;
};

}  // namespace cauce::quorum
