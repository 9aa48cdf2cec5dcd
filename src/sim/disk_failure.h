// DiskFailure: the disk below a log directory gives up, at a call to come. The broker has to leave
// that directory at once (D20), and to end when it cannot do without it. Destroying this mends the
// disk.
#pragma once

#include "sim/fault.h"
#include "sim/world.h"

#include <cstdint>
#include <string>

namespace cauce::sim {

class DiskFailure {
public:
    // `kind`: failed_write or failed_sync. The `calls`-th such call for a log (a `.log` file) below
    // `directory` fails, 1 being the next; when it is `for_good`, so does everything after it that
    // would change something there.
    DiskFailure(SimNode& machine, std::string directory, Fault kind, std::uint64_t calls,
                bool for_good);
    DiskFailure(const DiskFailure&) = delete;
    DiskFailure& operator=(const DiskFailure&) = delete;
    ~DiskFailure() { machine_.disk_fault = nullptr; }

    // It has happened.
    bool met() const { return met_; }

private:
    int judge(const DiskCall& call);

    SimNode& machine_;
    const std::string below_;
    const DiskCall::Kind kind_;
    std::uint64_t calls_left_;
    const bool for_good_;
    bool met_ = false;
};

}  // namespace cauce::sim
