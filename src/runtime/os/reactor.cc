#include "runtime/os/reactor.h"

#include <climits>

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace cauce::runtime::os {
namespace {

constexpr int kEventsPerWait = 256;

int wait_milliseconds(int epoll, epoll_event* events, std::optional<Duration> timeout) {
    int ms = -1;
    if (timeout) {
        const auto up = std::chrono::ceil<milliseconds>(*timeout).count();
        ms = static_cast<int>(std::min<std::int64_t>(up, INT_MAX));
    }
    return ::epoll_wait(epoll, events, kEventsPerWait, ms);
}

int wait_nanoseconds(int epoll, epoll_event* events, std::optional<Duration> timeout) {
    if (!timeout) return ::epoll_pwait2(epoll, events, kEventsPerWait, nullptr, nullptr);
    const auto whole = std::chrono::floor<seconds>(*timeout);
    const timespec span{.tv_sec = whole.count(), .tv_nsec = (*timeout - whole).count()};
    return ::epoll_pwait2(epoll, events, kEventsPerWait, &span, nullptr);
}

}  // namespace

IoResult<Reactor> Reactor::make() {
    FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open()) return io_fail(errno, "epoll_create1");
    FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.is_open()) return io_fail(errno, "eventfd");
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0)
        return io_fail(errno, "epoll_ctl");
    return Reactor(std::move(epoll), std::move(wake));
}

IoResult<void> Reactor::add(int descriptor, Watch& watch) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &watch}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        return io_fail(errno, "epoll_ctl");
    return {};
}

void Reactor::remove(int descriptor) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void Reactor::wait(std::optional<Duration> timeout) {
    if (timeout && *timeout < Duration::zero()) timeout = Duration::zero();
    std::array<epoll_event, kEventsPerWait> events;
    int count = -1;
    if (nanoseconds_) {
        count = wait_nanoseconds(epoll_.get(), events.data(), timeout);
        // An older kernel, or a container whose filter does not know the call.
        if (count < 0 && (errno == ENOSYS || errno == EPERM)) nanoseconds_ = false;
    }
    if (!nanoseconds_) count = wait_milliseconds(epoll_.get(), events.data(), timeout);
    for (int i = 0; i < count; ++i) {  // -1: interrupted by a signal
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr != nullptr) static_cast<Watch*>(event.data.ptr)->changed(event.events);
    }
}

void Reactor::wake() const {
    const std::uint64_t one = 1;
    // Cannot fail but for a counter at its end, 2^64 - 1 writes from now.
    (void)!::write(wake_.get(), &one, sizeof one);
}

}  // namespace cauce::runtime::os
