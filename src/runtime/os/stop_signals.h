// StopSignals: SIGINT and SIGTERM ask a Stop; a second one ends the process at once with code 130,
// whatever the shards are doing. One at a time in a process. Lives on shard 0.
#pragma once

#include "base/result.h"
#include "runtime/os/file_descriptor.h"
#include "runtime/os/reactor.h"
#include "runtime/stop.h"

#include <csignal>
#include <memory>

namespace cauce::runtime::os {

class Shard;

class StopSignals final : private Watch {
public:
    static IoResult<std::unique_ptr<StopSignals>> install(Shard& shard, Stop& stop);
    StopSignals(const StopSignals&) = delete;
    // The signals do again what they did before.
    ~StopSignals();

private:
    // Runs as a step of the shard, where Stop's callbacks may do what they like.
    struct Request : Ready {
        explicit Request(Stop& asked) : Ready(&Request::run), stop(asked) {}
        static void run(Ready* self) { static_cast<Request*>(self)->stop.request(); }
        Stop& stop;
    };

    StopSignals(Shard& shard, Stop& stop, FileDescriptor woken);
    void changed(std::uint32_t events) override;

    Shard& shard_;
    Request request_;
    FileDescriptor woken_;  // an eventfd the handler writes to
    struct sigaction old_interrupt_{};
    struct sigaction old_terminate_{};
};

}  // namespace cauce::runtime::os
