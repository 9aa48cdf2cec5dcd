// Where the starts of this node's logs are kept, for requests that move them. Made by node/, which
// owns the checkpoints.
#pragma once

#include "base/result.h"
#include "runtime/task.h"

namespace cauce::server {

class LogStarts {
public:
    // Ends when the starts that all logs had at the time of the call are on the device.
    // KAFKA_STORAGE_ERROR: they may be the old ones again after a crash.
    virtual runtime::Task<Result<void>> keep() = 0;

protected:
    ~LogStarts() = default;
};

}  // namespace cauce::server
