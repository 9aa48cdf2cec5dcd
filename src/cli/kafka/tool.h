// Tool: one of the programs that Apache Kafka ships, called by its name and with its flags: the
// same words lead to the same tables, messages and exit codes. `cauce kafka-topics ...` calls it,
// and so does a link to the program that is named kafka-topics or kafka-topics.sh.
#pragma once

#include "cli/kafka/flags.h"
#include "cli/main.h"
#include "runtime/task.h"

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli::kafka {

class Shell;

// Settings of a client by their names.
using Properties = std::map<std::string, std::string>;
// What a setting says of itself, "true" in any case; `otherwise` when it is not given.
bool is_true(const Properties& properties, const std::string& name, bool otherwise = false);

// Why a tool gave up, in the words of the Java tool.
struct Failure {
    std::string text;
    bool misuse = false;  // the usage follows
};

template <typename T>
using Attempt = std::expected<T, Failure>;

inline std::unexpected<Failure> failed(std::string text) {
    return std::unexpected(Failure{std::move(text), false});
}
inline std::unexpected<Failure> misused(std::string text) {
    return std::unexpected(Failure{std::move(text), true});
}

// Where a tool tells that it failed, and by which words.
struct Voice {
    bool on_standard_output = false;
    std::string_view before = {};
    int exit_code = 1;
};

struct Tool {
    std::string_view name;
    std::string_view purpose;                 // the first line of its help
    std::string_view purpose_when_bare = {};  // the same without any flag, where that differs
    std::vector<Flag> flags;
    // What can be said of the flags before anything runs.
    Attempt<void> (*check)(const Given& given) = nullptr;
    // A flag that is not known, or lacks its value: the usage follows.
    bool usage_for_unknown_flags = false;
    Voice voice_of_parsing = {};
    Voice voice = {};
    // What the flags say about settings of the client, beside those given as properties.
    void (*settle)(const Given& given, Properties& properties) = nullptr;
    // Asks a cluster. With `start` all others are null: it does everything.
    runtime::Task<Attempt<void>> (*run)(Shell& shell) = nullptr;
    // By one call into the program; returns the exit code.
    int (*start)(const std::vector<std::string>& words, const Invocation& invocation,
                 Program& program) = nullptr;
};

// By the name of a program or a word: "kafka-topics", "/opt/kafka/bin/kafka-topics.sh". Null when
// it is none of them.
const Tool* find_tool(std::string_view program);
// By name.
const std::vector<Tool>& tools();

// One call into the program that only prints; returns `code`.
int say(Program& program, std::string out, std::string err, int code);

int start(const Tool& tool, const std::vector<std::string>& words, const Invocation& invocation,
          Program& program);

// --- one file each

Tool broker_api_versions_tool();
Tool configs_tool();
Tool console_consumer_tool();
Tool console_producer_tool();
Tool consumer_groups_tool();
Tool delete_records_tool();
Tool get_offsets_tool();
Tool server_start_tool();
Tool server_stop_tool();
Tool storage_tool();
Tool topics_tool();

}  // namespace cauce::cli::kafka
