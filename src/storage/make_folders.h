// Folders with those above them.
#pragma once

#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <string>

namespace cauce::storage {

// Makes an absolute folder and those above it, durably. One that is there is fine.
runtime::Task<IoResult<void>> make_folders(runtime::Disk& disk, std::string folder);

}  // namespace cauce::storage
