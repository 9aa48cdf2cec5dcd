// The newest offset of each key in a stretch of a log: what compaction goes by. Of fixed size, and
// the keys themselves are not kept: 24 bytes stand for one, 128 bits of a hash and the offset.
//
// Two keys of one hash would be taken for one, and the older record of the two would go although it
// is the newest of its key. Among 5.6 million keys, as many as 128 MiB hold, that happens by chance
// once in 10^25 cleanings; the hash's secret is drawn anew for each of them, so nobody can prepare
// such keys. [pure]
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/sip_hash.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace cauce::storage {

class KeyMap {
    struct Slot {
        Hash128 key;
        std::int64_t after = 0;  // the offset + 1; 0: nothing here
    };

public:
    static constexpr std::size_t kSlotBytes = sizeof(Slot);
    // So that there is always an empty place to end a search at, and searches stay short.
    static constexpr double kMostLoad = 0.95;

    // At most `keys_max` keys, `load` (up to kMostLoad) of the places. The memory is taken, and
    // touched, here.
    KeyMap(std::size_t keys_max, double load, SipSecret secret);

    // How many keys fit into `bytes` at such a load; at least one.
    static std::size_t keys_in(std::size_t bytes, double load);

    bool full() const { return size_ >= keys_max_; }
    std::size_t size() const { return size_; }
    std::size_t memory_bytes() const { return slots_.size() * kSlotBytes; }

    // `key` has a record at `offset`. False: there is no room for another key.
    bool put(BytesView key, Offset offset);
    // Nothing when the key was not put.
    std::optional<Offset> newest(BytesView key) const;

private:
    // Where the key is, or would be.
    std::size_t place_of(const Hash128& key) const;

    SipSecret secret_;
    std::size_t keys_max_;
    std::size_t size_ = 0;
    std::vector<Slot> slots_;
};

}  // namespace cauce::storage
