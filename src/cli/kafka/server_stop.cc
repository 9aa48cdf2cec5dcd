// kafka-server-stop
#include "cli/kafka/tool.h"

#include <algorithm>

namespace cauce::cli::kafka {
namespace {

bool is_server_start(const std::string& word) {
    const Tool* tool = find_tool(word);
    return tool != nullptr && tool->name == "kafka-server-start";
}

// Whether a process that was called so serves.
bool serves(const std::vector<std::string>& words) {
    if (words.empty()) return false;
    if (is_server_start(words[0])) return true;
    std::vector<std::string> verb;
    for (std::size_t i = 1; i < words.size(); ++i)
        if (!words[i].starts_with('-')) verb.push_back(words[i]);
    if (verb.empty()) return false;
    return verb[0] == "dev" || is_server_start(verb[0]) ||
           (verb.size() > 1 && verb[0] == "broker" && verb[1] == "start");
}

int stop_servers(const std::vector<std::string>& words, const Invocation&, Program& program) {
    if (!words.empty())
        return say(program, {},
                   "kafka-server-stop takes no options: it ends all servers of this program\n", 1);
    if (program.ask_to_end(serves) > 0) return 0;
    return say(program, "No kafka server to stop\n", {}, 1);
}

}  // namespace

Tool server_stop_tool() {
    return {.name = "kafka-server-stop",
            .purpose = "Ends the servers of this machine.",
            .flags = {},
            .start = stop_servers};
}

}  // namespace cauce::cli::kafka
