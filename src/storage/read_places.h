// Where batches of a log stand, as far as it is known without asking the disk: the newest batches
// of the active segment one by one, and the places where readers stopped. With it a read at the
// tail, or one that goes on where the last one ended, needs no look at an index. [pure]
#pragma once

#include "base/ids.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cauce::storage {

class ReadPlaces {
public:
    // A batch, or only the place where one begins: size 0 then.
    struct Place {
        Offset base;
        Offset last;
        std::uint32_t position = 0;
        std::uint32_t size = 0;
    };

    // A batch was appended to the segment that begins at `segment`, behind all before it.
    void appended(Offset segment, const Place& batch);
    // A reader stopped: the next batch at or above `offset` begins at `position`.
    void stopped(Offset segment, Offset offset, std::uint32_t position);
    // What was known does not hold any more.
    void clear();

    // Where a read from `offset` begins: the batch that holds it, or the next one behind it.
    std::optional<Place> find(Offset segment, Offset offset) const;
    // Whether a batch begins exactly at `offset`, and where.
    std::optional<std::uint32_t> boundary(Offset segment, Offset offset) const;
    // The last batch that begins at or below `position`; nothing when it is not among the newest.
    std::optional<Place> below(Offset segment, std::uint32_t position) const;

private:
    static constexpr std::size_t kNewest = 64;
    static constexpr std::size_t kStops = 32;  // readers that are remembered side by side

    struct Stop {
        Offset segment{-1};
        Offset offset;
        std::uint32_t position = 0;
    };

    const Place& newest(std::size_t i) const { return newest_[(first_ + i) % kNewest]; }
    // How many of the newest satisfy a condition that holds for the oldest ones first.
    template <typename Holds>
    std::size_t prefix(const Holds& holds) const;

    Offset segment_{-1};
    std::array<Place, kNewest> newest_{};  // ring, oldest at first_
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::array<Stop, kStops> stops_{};
    std::size_t next_stop_ = 0;
};

}  // namespace cauce::storage
