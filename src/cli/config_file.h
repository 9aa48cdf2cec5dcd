// The file that `config explain`, `config validate` and `config diff` are given.
#pragma once

#include "cli/arguments.h"
#include "cli/main.h"
#include "cli/problem.h"

#include <string>
#include <string_view>

namespace cauce::cli {

// What the program read of `file`, a path as the user wrote it.
Expected<ConfigFile> read_config_file(const std::string& file, ConfigFileOptions options,
                                      const Invocation& invocation, Program& program);

// Null when the file does not give the key.
const ConfigFile::Given* given_key(const ConfigFile& file, std::string_view key);

}  // namespace cauce::cli
