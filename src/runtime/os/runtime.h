// Runtime: shards on real threads, files and sockets. The only wiring of the seams that touches the
// machine; the simulator is the other one. Nothing that includes this header sees a thread, a
// socket or a file descriptor.
//
// Made and run by the program's main thread, which is shard 0; with one shard no thread is started.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/net.h"
#include "runtime/shards.h"
#include "runtime/stop.h"
#include "runtime/task.h"

#include <functional>
#include <memory>

namespace cauce::runtime::os {

struct RuntimeOptions {
    unsigned shards = 1;
    // SIGINT and SIGTERM request stop(); a second one ends the process with code 130.
    bool stop_on_signals = true;
    // Where what is noticed below the seams goes. Outlives the runtime.
    LogSink* log = nullptr;
};

class Runtime {
public:
    // Raises the limit of open files to what the machine allows, and ignores SIGPIPE: who writes to
    // a pipe that nobody reads is told EPIPE.
    static IoResult<std::unique_ptr<Runtime>> make(const RuntimeOptions& options);
    Runtime(const Runtime&) = delete;
    ~Runtime();

    unsigned shard_count() const;
    Shards& shards(unsigned shard);
    Disk& disk(unsigned shard);
    Net& net(unsigned shard);

    // Lives on shard 0.
    Stop& stop();

    // Runs main(shard) on every shard and returns when all have ended; each must have joined what
    // it started. Once. `main` is called from each shard's own thread.
    IoResult<void> run(const std::function<Task<void>(unsigned shard)>& main);

    // What the parts of the runtime know of each other; not for those who use it.
    struct Parts;
    Parts& parts() { return *parts_; }

private:
    explicit Runtime(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace cauce::runtime::os
