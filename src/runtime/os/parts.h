// The parts of a Runtime, for runtime/os alone.
#pragma once

#include "runtime/os/disk.h"
#include "runtime/os/net.h"
#include "runtime/os/runtime.h"
#include "runtime/os/shard.h"
#include "runtime/os/stop_signals.h"
#include "runtime/os/work_pool.h"

#include <memory>
#include <vector>

namespace cauce::runtime::os {

struct Runtime::Parts {
    WorkPool pool;
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<PosixDisk> disks;
    std::vector<PosixNet> nets;
    Stop stop;
    std::unique_ptr<StopSignals> signals;
};

}  // namespace cauce::runtime::os
