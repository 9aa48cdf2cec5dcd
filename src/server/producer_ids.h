// Producer ids of one shard, taken from the controller a block at a time (KIP-730).
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "runtime/event.h"
#include "runtime/task.h"

#include <cstdint>

namespace cauce::server {

struct ShardServices;

class ProducerIds {
public:
    // An id nobody else was given. Waits for the controller once a block.
    runtime::Task<Result<ProducerId>> next(ShardServices& shard);

private:
    std::int64_t next_ = 0;
    std::int64_t end_ = 0;
    bool asking_ = false;
    runtime::WaitList answered_;
};

}  // namespace cauce::server
