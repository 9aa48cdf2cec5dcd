// Log directory ids that name no directory (KIP-858).
#pragma once

#include "base/ids.h"

namespace cauce::metadata {

// Of a broker that registered no directories: it has the replica somewhere.
inline constexpr Uuid kMigratingDirectory{0, 0};
// Nobody has said where the replica is, or will be: its broker chooses.
inline constexpr Uuid kUnassignedDirectory{0, 1};
// A directory that failed and is not named any more.
inline constexpr Uuid kLostDirectory{0, 2};

}  // namespace cauce::metadata
