// What may stand next on a command line: for the shells (`cauce completion`), which ask by
// `cauce __complete LINE`.
#pragma once

#include "cli/environment.h"
#include "cli/profiles.h"
#include "runtime/task.h"

#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

// The words of a line as a shell takes them apart, quotes and backslashes read; the last one is
// being typed, and empty after a blank.
std::vector<std::string> split_line(std::string_view line);

// Candidates for the last word, sorted: commands, options, formats, keys, and the names of topics
// and groups, for which a cluster is asked that has to answer at once. Never fails: what cannot be
// known is left out. `line` begins with the program's name; `layers` say where the cluster is.
runtime::Task<std::vector<std::string>> complete(Environment& environment, std::string line,
                                                 std::vector<SettingsLayer> layers);

}  // namespace cauce::cli
