// Which leader epoch began at which offset of a log (KIP-101), and the file
// `leader-epoch-checkpoint` that keeps it. Epochs and offsets both grow strictly from entry to
// entry. Pure; a value inside a Log.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::storage {

struct EpochEntry {
    LeaderEpoch epoch;
    Offset start_offset;

    auto operator<=>(const EpochEntry&) const = default;
};

class LeaderEpochs {
public:
    // The answer to "where did `epoch` end": the largest known epoch not above it, and the first
    // offset after it.
    struct EndOffset {
        LeaderEpoch epoch;
        Offset end_offset;

        auto operator<=>(const EndOffset&) const = default;
    };

    // `epoch` begins at `start_offset`. Entries that contradict it (the same or a later offset, a
    // later epoch) go. An epoch already known, or a negative one, changes nothing. True when
    // something changed.
    bool assign(LeaderEpoch epoch, Offset start_offset);

    // OffsetForLeaderEpoch (KIP-279). `log_end` is what the newest epoch ends at. Nothing for an
    // epoch that is negative, or newer than all known ones.
    std::optional<EndOffset> end_offset_for(LeaderEpoch epoch, Offset log_end) const;
    // The epoch a record at `offset` was written in; nothing before the first entry.
    std::optional<LeaderEpoch> epoch_at(Offset offset) const;
    std::optional<LeaderEpoch> latest() const;
    std::optional<EpochEntry> previous(LeaderEpoch epoch) const;

    // Forgets epochs that began at or after `end`. True when something changed.
    bool truncate_from_end(Offset end);
    // Forgets epochs that ended at or before `start`; the one in force there begins at `start`.
    bool truncate_from_start(Offset start);
    void clear() { entries_.clear(); }

    std::span<const EpochEntry> entries() const { return entries_; }
    bool empty() const { return entries_.empty(); }

    // The file's text, and back: nothing when it is damaged. docs/formats/checkpoints.md.
    std::string to_text() const;
    static std::optional<LeaderEpochs> parse(std::string_view text);

private:
    std::vector<EpochEntry> entries_;
};

}  // namespace cauce::storage
