#include "sim/mutants.h"

#include "base/mutant.h"

#include <algorithm>
#include <array>

namespace cauce::sim {

namespace {

constexpr std::array kMutants{
    Mutant{"folder-not-synced", "a flush leaves out the names in the partition's folder"},
    Mutant{"parent-not-synced", "a flush leaves out the name of the partition's folder"},
    Mutant{"answer-before-flush", "acks=all is answered when the leader has appended"},
    Mutant{"failed-flush-ignored", "a flush that failed counts as done"},
    Mutant{"failed-directory-used", "a log directory stays in use after its disk failed"},
    Mutant{"gathered-not-written", "small batches are acknowledged before they are written"},
    Mutant{"torn-tail-accepted", "recovery does not look at the checksums of batches"},
    Mutant{"cut-off-by-one", "behind a torn tail the log ends one offset too early"},
    Mutant{"recovery-point-unflushed", "the recovery point is the end of the log"},
    Mutant{"renamed-before-sync", "a file takes another one's place before it is flushed"},
    Mutant{"clean-mark-kept", "the mark of a clean stop stays when the node starts"},
    Mutant{"swap-not-synced", "compaction does not flush the names that say what counts"},
    Mutant{"older-value-kept", "compaction removes the newest record of a key, and no older one"},
    Mutant{"tombstone-dropped-early", "compaction removes tombstones before delete.retention.ms"},
    Mutant{"retention-one-too-many", "retention takes one segment more than it has to"},
    Mutant{"log-start-not-kept", "DeleteRecords is answered before its checkpoint is written"},
    Mutant{"producer-snapshot-forgotten", "a producer snapshot is read and not used"},
    Mutant{"duplicate-unknown", "a batch that comes again is not recognized"},
    Mutant{"above-high-watermark", "consumers are served up to the end of the log"},
    Mutant{"offset-commit-before-flush", "a commit is answered when the leader has appended"},
    Mutant{"group-load-cut-short", "groups are loaded from the first 4 KiB of their log only"},
    Mutant{"generation-given-twice", "a rebalance does not begin a new generation"},
    Mutant{"metadata-before-flush", "metadata counts as committed when it is appended"},
    Mutant{"producer-ids-given-twice", "a block of producer ids is given out again"},
};

}  // namespace

std::span<const Mutant> mutants() {
    return kMutants;
}

#ifdef CAUCE_MUTANTS

bool bring_to_life(std::string_view name) {
    const auto found = std::ranges::find(kMutants, name, &Mutant::name);
    if (found == kMutants.end()) return false;
    living_mutant = found->name;
    return true;
}

#else

bool bring_to_life(std::string_view) {
    return false;
}

#endif

}  // namespace cauce::sim
