// ReadFailure: some reads of what is below a log directory fail with EIO, as those of a bad sector
// or a loose cable do. Nothing is lost and nothing that is written fails. Destroying this mends it.
#pragma once

#include "runtime/random.h"
#include "sim/world.h"

#include <cstdint>
#include <string>

namespace cauce::sim {

class ReadFailure {
public:
    // One read in `one_in` fails, on average; 1: all of them.
    ReadFailure(SimNode& machine, std::string directory, std::uint64_t one_in, std::uint64_t seed);
    ReadFailure(const ReadFailure&) = delete;
    ReadFailure& operator=(const ReadFailure&) = delete;
    ~ReadFailure() { machine_.disk_fault = nullptr; }

    // How many have failed.
    std::uint64_t count() const { return count_; }

private:
    int judge(const DiskCall& call);

    SimNode& machine_;
    const std::string below_;
    const std::uint64_t one_in_;
    runtime::Random random_;
    std::uint64_t count_ = 0;
};

}  // namespace cauce::sim
