// An aborted transaction, as a log remembers it: whoever reads committed records only skips those
// of its producer between the two offsets. [pure]
#pragma once

#include "base/ids.h"

namespace cauce::storage {

struct AbortedTransaction {
    ProducerId producer_id;
    Offset first;        // of its first record
    Offset last;         // of its marker
    Offset last_stable;  // at the time of the marker: below it no older transaction was open

    bool operator==(const AbortedTransaction&) const = default;
};

}  // namespace cauce::storage
