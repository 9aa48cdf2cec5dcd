// Closes a stream when a time has come: how a client here stops waiting for a peer that is silent.
// Lives on the stream's shard, no longer than the stream.
#pragma once

#include "runtime/net.h"
#include "runtime/timers.h"

namespace cauce::sim {

class CloseAt : private runtime::Timer {
public:
    CloseAt(runtime::Stream& stream, runtime::Timers& timers, MonoTime deadline)
        : Timer(&CloseAt::fired), stream_(stream) {
        timers.arm(*this, deadline);
    }

private:
    static void fired(Timer* self) { static_cast<CloseAt*>(self)->stream_.close(); }

    runtime::Stream& stream_;
};

}  // namespace cauce::sim
