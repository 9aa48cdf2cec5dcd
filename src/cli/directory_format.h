// Formatting the log directories of a configuration: what `cauce storage format` and kafka-storage
// do alike, each of which tells of it in its own way.
#pragma once

#include "base/result.h"
#include "cli/environment.h"
#include "cli/main.h"
#include "cli/problem.h"
#include "quorum/format.h"
#include "runtime/task.h"

#include <string>
#include <vector>

namespace cauce::cli {

struct FormatRequest {
    std::string config_file;  // absolute
    std::string cluster_id;
    // Exactly one of these says who votes first.
    bool standalone = false;          // this node alone
    std::string initial_controllers;  // "1@host:9093:directory-id,..."
    bool no_initial_controllers = false;
    bool ignore_formatted = false;
    bool dry_run = false;  // only check, and say what would be written

    // How many of the ways to choose the first voters were taken.
    int ways() const {
        return int{standalone} + int{!initial_controllers.empty()} + int{no_initial_controllers};
    }
};

// Whether the list of the first voters can be understood.
Outcome check_initial_controllers(const std::string& list);

// What the configuration makes of a request. Reads the file, and touches no directory.
Expected<quorum::FormatOptions> plan_format(const FormatRequest& request, Program& program);

runtime::Task<Result<std::vector<quorum::DirectoryFormat>>> format_directories(
    Environment& environment, quorum::FormatOptions plan);

// The problem behind an error of format_directories().
Problem format_problem(const Error& error);

}  // namespace cauce::cli
