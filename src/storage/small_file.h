// Small files that are read and replaced as a whole: checkpoints, meta.properties, snapshots.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"

#include <optional>
#include <string>
#include <string_view>

namespace cauce::storage {

// The whole file; nothing when there is none.
runtime::Task<IoResult<std::optional<Buffer>>> read_file(runtime::Disk& disk, std::string path);

// `folder/name` becomes `bytes`, durably, and at no moment anything in between: written beside it
// as name.tmp, synced, renamed, the folder synced.
runtime::Task<IoResult<void>> replace_file(runtime::Disk& disk, std::string folder,
                                           std::string name, Buffer bytes);
runtime::Task<IoResult<void>> replace_file(runtime::Disk& disk, std::string folder,
                                           std::string name, std::string_view text);

}  // namespace cauce::storage
