// FolderCheck: reads every file of a partition's folder and says what is wrong with it, whoever
// wrote it. Changes nothing; for `cauce storage verify` and `info`. Not for a directory in use:
// what is being written looks damaged.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cauce::storage {

struct FolderCheck {
    enum class Severity : std::uint8_t {
        // A start mends it without losing anything that was acknowledged and flushed: what a killed
        // broker leaves behind.
        leftover,
        damage,
    };
    struct Finding {
        Severity severity = Severity::damage;
        std::string file;  // its name in the folder
        std::string text;  // where and what
    };

    std::uint64_t segments = 0;
    std::uint64_t batches = 0;
    std::uint64_t size_bytes = 0;    // of the segments' batches
    std::uint64_t old_segments = 0;  // with messages of format 0 or 1
    // Of the first segment, and behind the last whole batch.
    Offset start;
    Offset end;
    std::optional<LeaderEpoch> newest_epoch;
    std::optional<TopicId> topic_id;
    // The first offsets of transactions that were begun and not ended, as the batches tell.
    std::vector<Offset> open_transactions;
    std::vector<Finding> findings;

    bool damaged() const;
};

struct FolderCheckOptions {
    // Whether the broker stopped in order: then nothing may be half written.
    bool clean = false;
    // False: the heads of the batches only, not what they hold.
    bool checksums = true;
};

// An error only when the folder cannot be read at all.
runtime::Task<IoResult<FolderCheck>> check_folder(runtime::Disk& disk, std::string folder,
                                                  FolderCheckOptions options);

}  // namespace cauce::storage
