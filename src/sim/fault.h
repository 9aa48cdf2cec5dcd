// The kinds of fault a run meets, and how often it met each: what makes a seed count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cauce::sim {

enum class Fault : std::uint8_t {
    // Deaths.
    kill,        // kill -9: the page cache stays
    power_loss,  // what was not synced stays, goes or is torn
    // A log directory whose disk gives up (D20). Until it is mended nothing there can be changed.
    failed_write,  // EIO, with a part of the write done
    failed_sync,   // EIO, and what was to be synced is on the device or lost
    full_disk,     // for a while; what is refused then is not there, and nothing else is lost
    full_start,    // the same, and the broker dies or stops, and starts meanwhile
    failed_read,   // EIO, now and then or always, for a while or during a start
    // Files that can be made again, damaged while nobody runs.
    bit_rot,      // bits that flipped, or a sector of zeros
    missing_end,  // cut short, or gone altogether
    // The machine and its surroundings, for a while.
    slow_disk,
    slow_network,
    broken_connections,  // every connection of the broker is reset
    cut,                 // between clients and broker, in one direction or both
    clock_jump,          // of the broker's wall clock
};
inline constexpr std::size_t kFaults = 14;

// As --without takes it and reports print it.
std::string_view name_of(Fault fault);
std::optional<Fault> parse_fault(std::string_view name);

// After it the broker has to be started again.
constexpr bool is_crash(Fault fault) {
    return fault == Fault::kill || fault == Fault::power_loss;
}

class FaultCounts {
public:
    void add(Fault fault) { ++counts_[static_cast<std::size_t>(fault)]; }
    void add(const FaultCounts& others);

    std::uint64_t of(Fault fault) const { return counts_[static_cast<std::size_t>(fault)]; }
    std::uint64_t crashes() const;
    // How many kinds were met at least once.
    std::size_t kinds() const;
    // "kill 3, slow-disk 1"; "none".
    std::string to_string() const;

private:
    std::array<std::uint64_t, kFaults> counts_{};
};

}  // namespace cauce::sim
