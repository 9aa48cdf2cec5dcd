#include "cli/doctor/finding.h"

namespace cauce::cli {
namespace {

// Below it a few hundred clients and partitions are too many.
constexpr std::uint64_t kOpenFilesWanted = 4096;
// 2025-01-01: this program is younger.
constexpr std::int64_t kThisProgramMs = 1'735'689'600'000;

}  // namespace

Findings examine_host(const HostFacts& facts, WallTime now) {
    Findings findings;
    const std::string files = "a process may open " + std::to_string(facts.open_files) + " files";
    if (facts.open_files < kOpenFilesWanted)
        findings.push_back({Severity::warning, "open-files",
                            files + "; a broker needs one for each connection and some for each "
                                    "partition",
                            "ulimit -n",
                            "ulimit -n 100000 before the start, or LimitNOFILE=100000 in the "
                            "systemd unit"});
    else
        findings.push_back({Severity::ok, "open-files", files, {}, {}});

    if (now.ms < kThisProgramMs)
        findings.push_back({Severity::error, "clock",
                            "the clock stands before the year 2025: records get timestamps that "
                            "retention takes for old",
                            "the clock of this machine", "set it, and run a time service"});
    else if (facts.clock_synchronised == false)
        findings.push_back({Severity::note, "clock",
                            "no time service keeps the clock; retention goes by the records' "
                            "timestamps",
                            "the clock of this machine", "run chrony or systemd-timesyncd"});
    else
        findings.push_back({Severity::ok, "clock", "the clock is in order", {}, {}});
    return findings;
}

}  // namespace cauce::cli
