// CrashRun: one broker under load, killed again and again, from one seed. The seed draws shards,
// durability, settings, topics, clients, and where each death happens: between two turns, within a
// call to the disk, during the start; in `flush` durability also as a power loss.
//
// What must hold: the broker starts each time; the checkers find nothing; once nobody kills it any
// more, all workloads come to their end; it stops in order when asked and has everything after
// that.
#pragma once

#include "base/log.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {

struct CrashRunOptions {
    std::uint64_t seed = 1;
    int deaths = 20;
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

    int kills = 0;  // kill -9
    int power_losses = 0;
    std::uint64_t acknowledged = 0;  // records
    std::uint64_t read = 0;          // records, again and again
    std::uint64_t commits = 0;
    std::uint64_t generations = 0;
    double simulated_seconds = 0;
    std::uint64_t turns = 0;
    std::uint64_t trace_hash = 0;
};

CrashRunReport crash_run(const CrashRunOptions& options);

}  // namespace cauce::sim
