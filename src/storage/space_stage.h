// How much room a file system has left, and what follows for clients. Rules only.
//
// Three stages. `ample`: nothing. `scarce`: clients' appends are slowed down, so that the room that
// is left lasts while somebody, or retention, makes more. `full`: clients' appends are refused;
// what is still free is for the broker itself, which has to write down committed offsets, deletions
// and the cluster's metadata. Reading and deleting go on in all of them.
#pragma once

#include "runtime/disk.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cauce::storage {

enum class SpaceStage : std::uint8_t { ample, scarce, full };

std::string_view name_of(SpaceStage stage);

// So much, given in bytes and as a share of the file system: the smaller of both counts, so that
// one pair of numbers fits a disk of terabytes and one of megabytes. A zero turns it off.
struct SpaceMark {
    std::uint64_t bytes = 0;
    std::uint32_t percent = 0;

    std::uint64_t of(std::uint64_t total_bytes) const {
        // Without overflow, and exact enough for what is a rule of thumb.
        const std::uint64_t share = total_bytes / 100 * percent + total_bytes % 100 * percent / 100;
        return std::min(bytes, share);
    }

    bool operator==(const SpaceMark&) const = default;
};

struct SpaceLimits {
    SpaceMark throttle{1ull << 30, 5};  // cauce.disk.free.throttle.bytes and .percent
    SpaceMark refuse{256ull << 20, 2};  // cauce.disk.free.refuse.bytes and .percent
    SpaceMark reserve{64ull << 20, 1};  // cauce.disk.reserve.bytes and .percent

    bool operator==(const SpaceLimits&) const = default;

    // Where `scarce` and `full` begin.
    std::uint64_t throttle_below(std::uint64_t total) const {
        return std::max(throttle.of(total), refuse_below(total));
    }
    std::uint64_t refuse_below(std::uint64_t total) const { return refuse.of(total); }
    // What is set aside in a file (space_reserve.h). Never more than the broker keeps to itself
    // anyway: given up, it must not let clients in.
    std::uint64_t reserved(std::uint64_t total) const {
        return std::min(reserve.of(total), refuse_below(total));
    }
};

// From settings: `number` is told the name of a key and gives what it is set to.
SpaceLimits read_space_limits(const std::function<std::uint64_t(std::string_view key)>& number);

// The stage now. One that is on comes off only an eighth above its mark: what is freed and written
// around a mark must not turn it on and off.
SpaceStage judge_space(const runtime::DiskSpace& space, const SpaceLimits& limits,
                       SpaceStage before);

// "12 MiB", "1.5 GiB", "900 bytes".
std::string size_text(std::uint64_t bytes);

}  // namespace cauce::storage
