// CrashRun: one broker under load in a world full of faults, from one seed (plan.h says what a seed
// draws). Four phases:
//
//   safety     faults happen; the checkers look at everything that is said
//   healing    they end; the broker is started and has to serve
//   liveness   every workload gets on, then comes to its end
//   final      everything is read once more, the broker stops in order, starts, and it is all
//              read again
//
// What must hold: the broker starts each time, serves until it dies, ends by itself only when it
// has lost a log directory that it needs, and then says which; the checkers find nothing.
#pragma once

#include "base/log.h"
#include "sim/choices.h"
#include "sim/fault.h"
#include "sim/plan.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {

struct CrashRunOptions {
    std::uint64_t seed = 1;
    // So many faults, all of them deaths, in a short run; 0: what the seed draws.
    std::size_t deaths = 0;
    Reductions reductions;
    // Lines of the broker's log from this level on go to standard error.
    std::optional<LogLevel> echo_log;

    // A disk that breaks its word, to see that the checkers notice.
    bool syncs_do_nothing = false;
    bool folder_syncs_do_nothing = false;
};

struct CrashRunReport {
    std::string drawn;  // what the seed drew, in a line
    std::vector<std::string> findings;
    std::vector<std::string> log;  // of the broker and what happened to it

    FaultCounts faults;
    std::uint64_t acknowledged = 0;  // records
    std::uint64_t read = 0;          // records, again and again
    std::uint64_t commits = 0;
    std::uint64_t generations = 0;
    double simulated_seconds = 0;
    std::uint64_t turns = 0;
    Sites sites;  // what sim_maybe was asked
    std::uint64_t trace_hash = 0;

    // A seed that shows little is not counted (docs/testing.md).
    bool counts() const;
};

CrashRunReport crash_run(const CrashRunOptions& options);

}  // namespace cauce::sim
