// The door of the command line: what the program's main() calls.
#pragma once

#include "cli/environment.h"
#include "cli/server_verbs.h"
#include "runtime/task.h"

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cauce::cli {

// What the program does for the command line.
class Program {
public:
    virtual ~Program() = default;

    // Makes a runtime of one shard, runs `command` there to its end, and takes the runtime down.
    // SIGINT and SIGTERM request Environment::stop; a second one ends the process. Returns what the
    // command returned, the exit code.
    virtual int run(const std::function<runtime::Task<int>(Environment&)>& command) = 0;

    // These run a server until it is stopped, in a runtime of their own.
    using Served = std::expected<void, ServerFailure>;
    virtual Served dev(const DevOptions& options) = 0;
    virtual Served broker_start(const BrokerStartOptions& options) = 0;

    // Runs nothing. The error is for people: the file cannot be read.
    virtual std::expected<ConfigFile, std::string> read_config_file(
        const ConfigFileOptions& options) = 0;
    // The text of a small file; nothing when there is none, or it may not be read.
    virtual std::optional<std::string> read_file(const std::string& path) = 0;
    virtual bool exists(const std::string& path) = 0;

    // What broker_start() would start. Starts and changes nothing.
    virtual ServerSetup server_setup(const BrokerStartOptions& options) = 0;
    virtual HostFacts host_facts() = 0;

    // Asks other processes of this program to end: those that `chosen` picks by the words they were
    // called with. Returns how many it asked.
    using Chosen = std::function<bool(const std::vector<std::string>& words)>;
    virtual int ask_to_end(const Chosen& chosen) = 0;
};

// Understands the arguments and does what they ask for, by one call into `program` that runs
// something, and by a second one that says why when a server failed. Returns the exit code
// (cli/exit_code.h).
int main(const Invocation& invocation, Program& program);

}  // namespace cauce::cli
