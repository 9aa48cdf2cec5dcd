#include "runtime/os/stream.h"

#include "runtime/os/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace cauce::runtime::os {
namespace {

constexpr std::size_t kPartsPerCall = 64;
// A range is made resident and sent in steps of this: what is read ahead of a slow peer.
constexpr std::uint64_t kFileStepBytes = 1 << 20;

// Sets a flag as long as it lives.
class Underway {
public:
    explicit Underway(bool& flag) : flag_(flag) {
        CHECK(!flag);
        flag_ = true;
    }
    Underway(const Underway&) = delete;
    ~Underway() { flag_ = false; }

private:
    bool& flag_;
};

}  // namespace

// Where a write stands in its parts.
class TcpStream::Cursor {
public:
    explicit Cursor(std::span<const WritePart> parts) : parts_(parts) { skip_empty(); }

    bool at_end() const { return parts_.empty(); }
    bool at_file() const { return std::holds_alternative<FileRange>(parts_.front()); }

    // What is left of the part it stands in.
    BytesView bytes() const { return std::get<BytesView>(parts_.front()).subspan(done_); }
    FileRange range() const {
        FileRange range = std::get<FileRange>(parts_.front());
        range.position += done_;
        range.size -= done_;
        return range;
    }

    // The bytes from here to the next file or the end, as far as they go into one call.
    std::size_t gather(std::array<iovec, kPartsPerCall>& vector) const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < parts_.size() && count < vector.size(); ++i) {
            const auto* part = std::get_if<BytesView>(&parts_[i]);
            if (part == nullptr) break;
            const BytesView left = i == 0 ? part->subspan(done_) : *part;
            if (left.empty()) continue;
            vector[count++] = {.iov_base = const_cast<std::uint8_t*>(left.data()),
                               .iov_len = left.size()};
        }
        return count;
    }

    void advance(std::uint64_t count) {
        done_ += count;
        while (!parts_.empty() && done_ >= size_of(parts_.front())) {
            done_ -= size_of(parts_.front());
            parts_ = parts_.subspan(1);
        }
    }

    // Whether anything but empty parts comes behind `bytes` more bytes.
    bool ends_after(std::uint64_t bytes) const {
        Cursor there = *this;
        there.advance(bytes);
        return there.at_end();
    }

private:
    static std::uint64_t size_of(const WritePart& part) {
        if (const auto* bytes = std::get_if<BytesView>(&part)) return bytes->size();
        return std::get<FileRange>(part).size;
    }
    void skip_empty() { advance(0); }

    std::span<const WritePart> parts_;
    std::uint64_t done_ = 0;  // of the first part
};

IoResult<void> TcpStream::watch() {
    IoResult<void> added = shard_.reactor().add(descriptor_.get(), *this);
    if (!added) close();
    return added;
}

void TcpStream::changed(std::uint32_t events) {
    const bool hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    hung_up_ = hung_up_ || hung_up;
    if (hung_up || (events & EPOLLIN) != 0) readable_.set();
    if (hung_up || (events & EPOLLOUT) != 0) writable_.set();
}

Task<IoResult<void>> TcpStream::connected(MonoTime deadline) {
    const bool answered = co_await writable_.wait_until(shard_.timers(), deadline);
    if (!answered) co_return io_fail(ETIMEDOUT, "connect");
    if (!descriptor_.is_open()) co_return io_fail(ECANCELED, "connect");
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(descriptor_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) co_return io_fail(error, "connect");
    co_return IoResult<void>();
}

Task<IoResult<std::size_t>> TcpStream::read_some(MutableBytes into) {
    CHECK(!into.empty());
    const Underway underway(reading_);
    // A peer that sends without a pause must not keep the shard: one read a turn, then the others.
    if (read_in_turn_ == shard_.turn()) co_await yield();
    while (true) {
        co_await readable_.wait();
        if (!descriptor_.is_open()) co_return io_fail(ECANCELED, "recv");
        const ssize_t got = ::recv(descriptor_.get(), into.data(), into.size(), 0);
        if (got >= 0) {
            const auto count = static_cast<std::size_t>(got);
            if (count < into.size() && !hung_up_) readable_.reset();
            read_in_turn_ = shard_.turn();
            co_return count;
        }
        if (errno == EAGAIN) {
            readable_.reset();
        } else if (errno != EINTR) {
            co_return io_fail(errno, "recv");
        }
    }
}

Task<void> TcpStream::arrival() {
    const Underway underway(reading_);
    co_await readable_.wait();
}

Task<IoResult<void>> TcpStream::write(std::span<const WritePart> parts) {
    const Underway underway(writing_);
    Cursor cursor(parts);
    FileRange resident;  // what was seen to lie in memory, from where the cursor stands
    bool corked = false;
    std::uint64_t sent_from_files = 0;  // since others had their turn
    while (!cursor.at_end()) {
        if (!descriptor_.is_open()) co_return io_fail(ECANCELED, "send");
        if (!cursor.at_file()) {
            CO_RETURN_IF_ERROR(send_bytes(cursor));
        } else {
            // A peer that keeps up with large files must not keep the shard. The bytes behind a
            // file go at once, though: without them the peer can do nothing with the answer.
            if (sent_from_files >= kFileStepBytes) {
                sent_from_files = 0;
                co_await yield();
                if (!descriptor_.is_open()) co_return io_fail(ECANCELED, "sendfile");
            }
            // sendfile knows no MSG_MORE. What follows the file, a few bytes of every Fetch answer,
            // would be a packet of its own that wakes the peer once more.
            if (!corked && !cursor.ends_after(cursor.range().size)) {
                cork(true);
                corked = true;
            }
            if (resident.size == 0) {
                resident = cursor.range();
                resident.size = std::min(resident.size, kFileStepBytes);
                auto* file = dynamic_cast<PosixFile*>(resident.file);
                CHECK(file != nullptr);
                CO_RETURN_IF_ERROR(co_await file->make_resident(resident.position, resident.size));
                if (!descriptor_.is_open()) co_return io_fail(ECANCELED, "sendfile");
            }
            ASSIGN_OR_CO_RETURN(const std::uint64_t sent, send_file(resident));
            resident.position += sent;
            resident.size -= sent;
            cursor.advance(sent);
            sent_from_files += sent;
        }
        co_await writable_.wait();
    }
    // A write that failed leaves the cork: nothing can be sent behind a half answer.
    if (corked) cork(false);
    co_return IoResult<void>();
}

void TcpStream::cork(bool on) {
    const int value = on ? 1 : 0;
    // At worst the packets are smaller, or leave up to 200 ms later.
    ::setsockopt(descriptor_.get(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

IoResult<void> TcpStream::send_bytes(Cursor& cursor) {
    std::array<iovec, kPartsPerCall> vector;
    const std::size_t count = cursor.gather(vector);
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < count; ++i)
        size += vector[i].iov_len;
    msghdr message{};
    message.msg_iov = vector.data();
    message.msg_iovlen = count;
    const int more = cursor.ends_after(size) ? 0 : MSG_MORE;
    const ssize_t sent = ::sendmsg(descriptor_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT | more);
    if (sent >= 0) {
        cursor.advance(static_cast<std::uint64_t>(sent));
    } else if (errno == EAGAIN) {
        writable_.reset();
    } else if (errno != EINTR) {
        return io_fail(errno, "send");
    }
    return {};
}

IoResult<std::uint64_t> TcpStream::send_file(const FileRange& range) {
    const auto* file = static_cast<const PosixFile*>(range.file);
    auto position = static_cast<off_t>(range.position);
    const ssize_t sent = ::sendfile(descriptor_.get(), file->descriptor(), &position, range.size);
    if (sent > 0) return static_cast<std::uint64_t>(sent);
    // The file is shorter than the range: what was promised to the peer cannot be sent.
    if (sent == 0) return io_fail(ENODATA, "sendfile", file->path());
    if (errno == EAGAIN)
        writable_.reset();
    else if (errno != EINTR)
        return io_fail(errno, "sendfile", file->path());
    return 0;
}

void TcpStream::close() {
    descriptor_.reset();
    readable_.set();
    writable_.set();
}

std::unique_ptr<DetachedStream> TcpStream::detach() {
    CHECK(!reading_ && !writing_);
    if (descriptor_.is_open()) shard_.reactor().remove(descriptor_.get());
    auto detached = std::make_unique<TcpDetached>(std::move(descriptor_), peer_);
    close();
    return detached;
}

Address TcpStream::local() const {
    return SocketAddress::ask(&::getsockname, descriptor_.get()).to_address();
}

}  // namespace cauce::runtime::os
