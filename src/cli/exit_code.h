// How a command ended, as scripts see it. Stable: part of the command line's contract.
#pragma once

namespace cauce::cli {

enum ExitCode : int {
    exit_ok = 0,
    exit_error = 1,
    exit_usage = 2,
    exit_not_found = 3,
    exit_denied = 4,
    exit_unreachable = 5,  // no broker answered, or not in time
    exit_unhealthy = 6,
};

}  // namespace cauce::cli
