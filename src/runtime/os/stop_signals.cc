#include "runtime/os/stop_signals.h"

#include "base/check.h"
#include "runtime/os/shard.h"

#include <atomic>
#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>

namespace cauce::runtime::os {
namespace {

constexpr int kExitInterrupted = 130;  // what a shell reports for a process ended by SIGINT

// A handler can reach nothing but statics.
std::atomic<int> signals_seen{0};
std::atomic<int> handler_writes_to{-1};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

void handle(int) {
    if (signals_seen.fetch_add(1) > 0) ::_exit(kExitInterrupted);
    const int error = errno;
    const std::uint64_t one = 1;
    (void)!::write(handler_writes_to.load(), &one, sizeof one);
    errno = error;
}

}  // namespace

StopSignals::StopSignals(Shard& shard, Stop& stop, FileDescriptor woken)
    : shard_(shard), request_(stop), woken_(std::move(woken)) {
    signals_seen = 0;
    CHECK(handler_writes_to.exchange(woken_.get()) == -1);
    struct sigaction action{};
    action.sa_handler = &handle;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, &old_interrupt_);
    ::sigaction(SIGTERM, &action, &old_terminate_);
}

IoResult<std::unique_ptr<StopSignals>> StopSignals::install(Shard& shard, Stop& stop) {
    FileDescriptor woken(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!woken.is_open()) return io_fail(errno, "eventfd");
    std::unique_ptr<StopSignals> signals(new StopSignals(shard, stop, std::move(woken)));
    RETURN_IF_ERROR(shard.reactor().add(signals->woken_.get(), *signals));
    return signals;
}

StopSignals::~StopSignals() {
    ::sigaction(SIGINT, &old_interrupt_, nullptr);
    ::sigaction(SIGTERM, &old_terminate_, nullptr);
    handler_writes_to = -1;
    shard_.reactor().remove(woken_.get());
}

void StopSignals::changed(std::uint32_t) {
    // The state told at registration is "writable", and no signal.
    if (signals_seen > 0 && !request_.linked()) shard_.ready().push(request_);
}

}  // namespace cauce::runtime::os
