// What a command gets from the program that runs it. Nothing in cli/ looks for a file, a clock, a
// variable or a terminal on its own, so every command also runs in a test or in the simulator.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "runtime/stop.h"
#include "runtime/task.h"

#include <map>
#include <string>
#include <vector>

namespace cauce::cli {

// Standard input. One read at a time.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    // At least one byte; 0 at the end.
    virtual runtime::Task<IoResult<std::size_t>> read_some(MutableBytes into) = 0;
    // Ends a pending read, and every later one, with ECANCELED. Idempotent.
    virtual void close() = 0;
};

// Standard output or standard error. One write at a time.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    // All of it; waits for a slow reader without holding the shard up. EPIPE when nobody reads any
    // more (SIGPIPE is ignored).
    virtual runtime::Task<IoResult<void>> write(BytesView bytes) = 0;
};

// How the command was called. Constant.
struct Invocation {
    std::vector<std::string> arguments;            // argv, the program's own name first
    std::map<std::string, std::string> variables;  // environment variables
    std::string working_folder;                    // absolute: where relative paths start
    bool in_is_terminal = false;
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    int columns = 80;  // width of the terminal behind standard output
};

// The surroundings of a running command: one shard. Everything outlives the command.
struct Environment {
    const Invocation& invocation;
    ByteSource& in;
    ByteSink& out;
    ByteSink& err;
    runtime::Net& net;
    runtime::Disk& disk;
    runtime::Shards& shards;
    // Requested by SIGINT and SIGTERM.
    runtime::Stop& stop;
};

}  // namespace cauce::cli
