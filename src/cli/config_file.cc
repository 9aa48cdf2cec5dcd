#include "cli/config_file.h"

#include "cli/paths.h"

#include <algorithm>
#include <utility>

namespace cauce::cli {

Expected<ConfigFile> read_config_file(const std::string& file, ConfigFileOptions options,
                                      const Invocation& invocation, Program& program) {
    options.config_file = absolute_path(file, invocation);
    auto read = program.read_config_file(options);
    if (read) return *std::move(read);
    return problem(exit_not_found, "`" + file + "` was not read", std::move(read).error(),
                   "name the server.properties that  cauce broker start -c  takes");
}

const ConfigFile::Given* given_key(const ConfigFile& file, std::string_view key) {
    const auto found = std::ranges::find(file.given, key, &ConfigFile::Given::key);
    return found == file.given.end() ? nullptr : &*found;
}

}  // namespace cauce::cli
