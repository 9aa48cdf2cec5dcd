// Chance from the kernel: seeds of the shards' generators, and secrets.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace cauce::runtime::os {

void fill_with_entropy(MutableBytes into);
std::uint64_t random_seed();

}  // namespace cauce::runtime::os
