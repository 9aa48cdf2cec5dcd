#include "cli/paths.h"

namespace cauce::cli {

std::string absolute_path(const std::string& path, const Invocation& invocation) {
    if (path.starts_with('/')) return path;
    return invocation.working_folder + "/" + path;
}

std::string user_data_folder(const Invocation& invocation) {
    const auto variable = [&](const char* name) {
        const auto found = invocation.variables.find(name);
        return found == invocation.variables.end() ? std::string() : found->second;
    };
    // The XDG rule: a relative path there is to be ignored.
    if (const std::string data = variable("XDG_DATA_HOME"); data.starts_with('/'))
        return data + "/cauce";
    if (const std::string home = variable("HOME"); home.starts_with('/'))
        return home + "/.local/share/cauce";
    return invocation.working_folder + "/cauce";
}

LogLevel log_level(const Globals& globals) {
    if (globals.quiet) return LogLevel::warn;
    return globals.verbose ? LogLevel::debug : LogLevel::info;
}

}  // namespace cauce::cli
