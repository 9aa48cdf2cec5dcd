// Reactor: the one place where a shard waits. epoll, edge-triggered: a descriptor is registered
// once and costs no further call; who watches it remembers what it was told and forgets it when
// the descriptor answered EAGAIN. docs/decisions/0003-epoll.md says why it is not Asio's.
//
// Lives on its shard; only wake() may be called from elsewhere.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "runtime/os/file_descriptor.h"

#include <cstdint>
#include <optional>

namespace cauce::runtime::os {

// Told when a registered descriptor changed. It only takes notes and wakes tasks: no task runs, and
// so nothing is closed or destroyed, until all events of a wait were handed out.
class Watch {
public:
    virtual void changed(std::uint32_t events) = 0;

protected:
    ~Watch() = default;
};

class Reactor {
public:
    static IoResult<Reactor> make();

    // Reports EPOLLIN, EPOLLOUT and hang-ups, each time there is something new, the state of now
    // first. `watch` must live until the descriptor was removed or closed. EPERM: a regular file,
    // which is always ready.
    IoResult<void> add(int descriptor, Watch& watch);
    void remove(int descriptor);

    // Waits for an event, a wake() or the end of `timeout` (none: for ever; zero: only looks), and
    // tells the watches.
    void wait(std::optional<Duration> timeout);

    // Ends the current or the next wait(). Any thread, any signal handler.
    void wake() const;
    int wake_descriptor() const { return wake_.get(); }

private:
    Reactor(FileDescriptor epoll, FileDescriptor wake)
        : epoll_(std::move(epoll)), wake_(std::move(wake)) {}

    FileDescriptor epoll_;
    FileDescriptor wake_;      // an eventfd, edge-triggered: written to, never read
    bool nanoseconds_ = true;  // the kernel has epoll_pwait2 (5.11)
};

}  // namespace cauce::runtime::os
