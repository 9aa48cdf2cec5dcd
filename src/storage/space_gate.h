// SpaceGate: whether, and how fast, the clients of one shard may append to a log directory.
//
// Somebody looks at the file system about once a second and tells all shards what was found, so
// that they agree. Between two looks each shard counts what it takes itself, and looks on its own
// account once that is a good part of what was left: what is kept for the broker stays, however
// fast clients write. Before it has been told anything it lets everybody through.
//
// Owned by the DirectoryShard.
#pragma once

#include "base/time.h"
#include "storage/space_stage.h"

#include <cstdint>

namespace cauce::storage {

// What all shards are told of a directory.
struct SpaceFound {
    SpaceStage stage = SpaceStage::ample;
    runtime::DiskSpace space;
    std::uint64_t refuse_below = 0;
    std::uint64_t throttle_below = 0;
};

class SpaceGate {
public:
    // While room is scarce, what may still be taken has to last for so long.
    static constexpr std::uint64_t kLastsSeconds = 60;
    // Nobody is kept quiet for longer at a time: a client has to learn soon that there is room
    // again.
    static constexpr Duration kPauseMax = seconds(1);

    // `shards`: how many share the directory.
    explicit SpaceGate(unsigned shards) : shards_(shards) {}

    void told(const SpaceFound& found);
    const SpaceFound& found() const { return found_; }
    SpaceStage stage() const { return found_.stage; }

    // So much was secured on the disk, for whatever purpose. True: look at it, and say looked().
    bool took(std::uint64_t bytes);
    // True when there is less than the stage says: somebody has to judge anew, for all shards.
    // Where nothing more may be taken, this one does not wait for that.
    bool looked(const runtime::DiskSpace& space);

    // A client's batch of so many bytes was appended. How long its connection keeps quiet; zero
    // unless room is scarce.
    Duration charge(std::uint64_t bytes, MonoTime now);
    // One was refused because the disk is full.
    Duration refuse();

    std::uint64_t throttled_batches() const { return throttled_batches_; }
    std::uint64_t refused_batches() const { return refused_batches_; }

private:
    // Above a mark.
    std::uint64_t left(std::uint64_t mark) const;
    void renew();

    const unsigned shards_;
    SpaceFound found_;
    std::uint64_t allowance_ = 0;         // what may be taken before the next look
    std::uint64_t bytes_per_second_ = 1;  // of this shard, while room is scarce
    std::uint64_t owed_bytes_ = 0;        // appended faster than that
    std::int64_t paid_until_ms_ = 0;
    std::uint64_t throttled_batches_ = 0;
    std::uint64_t refused_batches_ = 0;
};

}  // namespace cauce::storage
