// `cauce doctor` and the data directories: there, formatted for this node, writable, with room.
#pragma once

#include "cli/doctor/finding.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "storage/log_directory.h"

#include <optional>

namespace cauce::cli {

struct DirectoryFindings {
    Findings findings;
    std::optional<storage::MetaProperties> meta;  // of the directory with the metadata log
};

// Makes one empty file in each and removes it, to see that it can; changes nothing else.
runtime::Task<DirectoryFindings> examine_directories(runtime::Disk& disk, const ServerSetup& setup);

}  // namespace cauce::cli
