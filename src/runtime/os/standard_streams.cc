#include "runtime/os/standard_streams.h"

#include "runtime/os/parts.h"

#include <algorithm>
#include <cerrno>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cauce::runtime::os {

// A descriptor that was there before us. The kernel reports on pipes, terminals and sockets;
// regular files are always ready.
class AwaitedDescriptor final : private Watch {
public:
    AwaitedDescriptor(Runtime& runtime, int descriptor)
        : shard_(*runtime.parts().shards[0]), descriptor_(descriptor) {}
    AwaitedDescriptor(const AwaitedDescriptor&) = delete;
    ~AwaitedDescriptor() {
        if (watched_) shard_.reactor().remove(descriptor_);
    }

    int number() const { return descriptor_; }
    bool closed() const { return closed_; }
    Shard& shard() { return shard_; }

    bool is_regular_file() const {
        struct stat status{};
        return ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    }

    // Ends when a read (POLLIN) or write (POLLOUT) will not block, or when it was closed.
    Task<IoResult<void>> ready(short events) {
        if (!watched_ && !always_ready_) {
            const IoResult<void> added = shard_.reactor().add(descriptor_, *this);
            watched_ = added.has_value();
            always_ready_ = !added && added.error().number == EPERM;  // epoll does not take it
            if (!watched_ && !always_ready_) co_return added;
        }
        if (always_ready_) co_return IoResult<void>();
        while (!closed_) {
            changed_.reset();
            pollfd question{.fd = descriptor_, .events = events, .revents = 0};
            if (::poll(&question, 1, 0) != 0) break;
            co_await changed_.wait();
        }
        co_return IoResult<void>();
    }

    void close() {
        closed_ = true;
        changed_.set();
    }

private:
    void changed(std::uint32_t) override { changed_.set(); }

    Shard& shard_;
    const int descriptor_;
    bool watched_ = false;
    bool always_ready_ = false;
    bool closed_ = false;
    Event changed_;
};

namespace {

IoResult<std::size_t> read_once(int descriptor, MutableBytes into) {
    ssize_t got = -1;
    do {
        got = ::read(descriptor, into.data(), into.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) return io_fail(errno, "read", "standard input");
    return static_cast<std::size_t>(got);
}

}  // namespace

StandardInput::StandardInput(Runtime& runtime, int descriptor)
    : descriptor_(std::make_unique<AwaitedDescriptor>(runtime, descriptor)) {}
StandardInput::~StandardInput() = default;

Task<IoResult<std::size_t>> StandardInput::read_some(MutableBytes into) {
    CHECK(!into.empty());
    const int number = descriptor_->number();
    if (descriptor_->is_regular_file()) {
        if (descriptor_->closed()) co_return io_fail(ECANCELED, "read", "standard input");
        auto call = [number, into] { return read_once(number, into); };
        auto work = descriptor_->shard().offload(Lane::read, call);
        co_return co_await work;
    }
    while (true) {
        CO_RETURN_IF_ERROR(co_await descriptor_->ready(POLLIN));
        if (descriptor_->closed()) co_return io_fail(ECANCELED, "read", "standard input");
        IoResult<std::size_t> got = read_once(number, into);
        // Somebody else reads the same terminal, or has made it non-blocking.
        if (!got && got.error().number == EAGAIN) continue;
        co_return got;
    }
}

void StandardInput::close() {
    descriptor_->close();
}

StandardOutput::StandardOutput(Runtime& runtime, int descriptor)
    : descriptor_(std::make_unique<AwaitedDescriptor>(runtime, descriptor)) {}
StandardOutput::~StandardOutput() = default;

Task<IoResult<void>> StandardOutput::write(BytesView bytes) {
    const bool file = descriptor_->is_regular_file();
    const char* name = descriptor_->number() == 1 ? "standard output" : "standard error";
    while (!bytes.empty()) {
        // A pipe that is ready takes PIPE_BUF bytes without blocking (POSIX), and promises no more.
        std::size_t size = bytes.size();
        if (!file) {
            CO_RETURN_IF_ERROR(co_await descriptor_->ready(POLLOUT));
            size = std::min<std::size_t>(size, PIPE_BUF);
        }
        if (descriptor_->closed()) co_return io_fail(ECANCELED, "write", name);
        const ssize_t wrote = ::write(descriptor_->number(), bytes.data(), size);
        if (wrote >= 0)
            bytes = bytes.subspan(static_cast<std::size_t>(wrote));
        else if (errno != EINTR && errno != EAGAIN)
            co_return io_fail(errno, "write", name);
    }
    co_return IoResult<void>();
}

void StandardOutput::close() {
    descriptor_->close();
}

}  // namespace cauce::runtime::os
