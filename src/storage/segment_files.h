// The names of a segment's files: the base offset in twenty digits, and what the file holds.
#pragma once

#include "base/ids.h"

#include <optional>
#include <string>
#include <string_view>

namespace cauce::storage {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kTransactionIndexSuffix = ".txnindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
// Appended to the name of a file that is to be removed.
inline constexpr std::string_view kDeletedSuffix = ".deleted";
// ... of a segment that compaction writes, and of one that is whole and about to take the place of
// others (interrupted_swap.h).
inline constexpr std::string_view kCleanedSuffix = ".cleaned";
inline constexpr std::string_view kSwapSuffix = ".swap";

// "folder/00000000000000000042.log"
std::string segment_file(std::string_view folder, Offset base, std::string_view suffix);

// The base offset in "00000000000000000042.log" when the name ends in `suffix`; nothing when it is
// another name.
std::optional<Offset> offset_in_name(std::string_view name, std::string_view suffix);

}  // namespace cauce::storage
