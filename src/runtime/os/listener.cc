#include "runtime/os/listener.h"

#include "runtime/os/congestion.h"
#include "runtime/os/stream.h"

#include <cerrno>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <utility>

namespace cauce::runtime::os {
namespace {

// How long nobody is let in after the machine ran out of descriptors or memory. The waiting
// connections stay in the kernel's queue.
constexpr milliseconds kExhaustedPause{100};

bool is_exhaustion(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// In the kernel's queue.
bool somebody_waits(int listening) {
    pollfd asked{.fd = listening, .events = POLLIN, .revents = 0};
    return ::poll(&asked, 1, 0) > 0;
}

}  // namespace

TcpListener::TcpListener(Shard& shard, FileDescriptor descriptor, Logger log)
    : shard_(shard),
      descriptor_(std::move(descriptor)),
      local_(SocketAddress::ask(&::getsockname, descriptor_.get())),
      log_(std::move(log)),
      systems_way_(congestion_control(descriptor_)) {
    set_congestion_control(descriptor_, kCongestionWithoutPacing);
}

Task<IoResult<std::unique_ptr<DetachedStream>>> TcpListener::accept() {
    while (true) {
        co_await pending_.wait();
        if (!descriptor_.is_open()) co_return io_fail(ECANCELED, "accept");
        if (reserve_.is_low(descriptor_.get())) {
            if (somebody_waits(descriptor_.get()))
                co_await wait_for_others_to_leave(EMFILE);
            else
                pending_.reset();
            continue;
        }
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        FileDescriptor taken(::accept4(descriptor_.get(), reinterpret_cast<sockaddr*>(&peer),
                                       &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (taken.is_open()) {
            if (std::exchange(exhausted_, false)) log_.info("Connections are accepted again.");
            reserve_.took(taken.get());
            const SocketAddress from(reinterpret_cast<const sockaddr&>(peer));
            if (!from.is_loopback()) set_congestion_control(taken, systems_way_);
            co_return std::make_unique<TcpDetached>(std::move(taken), from);
        }
        const int error = errno;
        if (error == EAGAIN) {
            pending_.reset();
        } else if (is_exhaustion(error)) {
            co_await wait_for_others_to_leave(error);
        } else if (error == EBADF || error == EINVAL || error == ENOTSOCK) {
            co_return io_fail(error, "accept", local().to_string());
        }
        // Anything else concerns the one connection that was to be accepted (ECONNABORTED, and
        // the network errors of accept(2)): on to the next.
    }
}

Task<void> TcpListener::wait_for_others_to_leave(int error) {
    if (!std::exchange(exhausted_, true)) {
        log_.error("No connection can be accepted on " + local().to_string() + ": " +
                   io_fail(error, "accept").error().to_string() +
                   ". Those that wait are taken as soon as others close; raise the limit "
                   "of open files (ulimit -n) if this happens often.");
    }
    const MonoTime again = shard_.clock().now() + kExhaustedPause;
    co_await closed_.wait_until(shard_.timers(), again);
}

void TcpListener::close() {
    descriptor_.reset();
    pending_.set();
    closed_.set();
}

}  // namespace cauce::runtime::os
