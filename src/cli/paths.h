// Paths and levels that server commands resolve from how they were called.
#pragma once

#include "base/log.h"
#include "cli/environment.h"
#include "cli/globals.h"

#include <string>

namespace cauce::cli {

// Relative paths start from where the command was called.
std::string absolute_path(const std::string& path, const Invocation& invocation);
// $XDG_DATA_HOME/cauce, else $HOME/.local/share/cauce, else cauce in the working folder.
std::string user_data_folder(const Invocation& invocation);
// -v is debug, -q is warnings.
LogLevel log_level(const Globals& globals);

}  // namespace cauce::cli
