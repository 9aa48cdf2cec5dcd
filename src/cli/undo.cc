#include "cli/undo.h"

#include "cli/shell_word.h"

namespace cauce::cli {
namespace {

std::string command(const Session& session, std::string verb, const std::string& group,
                    std::string options) {
    // Where a command without -b goes, the shell's environment may say; so the cluster is named
    // unless it is the one everybody has.
    const std::string bootstrap = session.bootstrap_text();
    if (bootstrap != "127.0.0.1:9092") options += " -b " + shell_word(bootstrap);
    const std::string start = "cauce group " + verb + " ";
    // A name like an option stands behind `--`, at the end.
    if (group.starts_with('-')) return start + options + " -- " + shell_word(group);
    return start + shell_word(group) + " " + options;
}

}  // namespace

std::string seek_command(const Session& session, const std::string& group,
                         const Positions& positions) {
    return command(session, "seek", group, position_options(positions) + " -y");
}

std::string delete_command(const Session& session, const std::string& group) {
    return command(session, "delete", group, "-y");
}

}  // namespace cauce::cli
