#include "runtime/os/net.h"

#include "runtime/os/listener.h"
#include "runtime/os/name_lookup.h"
#include "runtime/os/stream.h"

#include <algorithm>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace cauce::runtime::os {
namespace {

constexpr int kBacklog = 1024;

void set_option(const FileDescriptor& descriptor, int level, int option, int value) {
    ::setsockopt(descriptor.get(), level, option, &value, sizeof value);
}

FileDescriptor open_socket(int family) {
    return FileDescriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

IoResult<FileDescriptor> listen_at(const SocketAddress& address, bool both_families,
                                   SocketBuffers buffers) {
    FileDescriptor socket = open_socket(address.family());
    if (!socket.is_open()) return io_fail(errno, "socket");
    // Take the port of a process that ended a moment ago, but never share it with a living one.
    set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    // Accepted connections inherit it.
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    // So are these; before listen(), because the window scale is told when a connection opens.
    if (buffers.send > 0) set_option(socket, SOL_SOCKET, SO_SNDBUF, buffers.send);
    if (buffers.receive > 0) set_option(socket, SOL_SOCKET, SO_RCVBUF, buffers.receive);
    if (address.family() == AF_INET6)
        set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, both_families ? 0 : 1);
    if (::bind(socket.get(), address.data(), address.size()) != 0) return io_fail(errno, "bind");
    if (::listen(socket.get(), kBacklog) != 0) return io_fail(errno, "listen");
    return socket;
}

IoResult<FileDescriptor> listen_everywhere(std::uint16_t port, SocketBuffers buffers) {
    IoResult<FileDescriptor> both =
        listen_at(SocketAddress::every_interface(AF_INET6, port), true, buffers);
    if (both) return both;
    const int error = both.error().number;
    if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) return both;
    return listen_at(SocketAddress::every_interface(AF_INET, port), false, buffers);  // IPv6 is off
}

}  // namespace

Task<IoResult<std::vector<SocketAddress>>> PosixNet::resolve(Address address, MonoTime deadline) {
    if (const std::optional<SocketAddress> numeric = SocketAddress::numeric(address))
        co_return std::vector<SocketAddress>(1, *numeric);
    co_return co_await NameLookup::ask(shard_, std::move(address), deadline);
}

Task<IoResult<std::unique_ptr<Listener>>> PosixNet::listen(Address address, SocketBuffers buffers) {
    IoResult<FileDescriptor> socket;
    if (address.host.empty()) {
        socket = listen_everywhere(address.port, buffers);
    } else {
        ASSIGN_OR_CO_RETURN(auto found, co_await resolve(address, MonoTime::never()));
        const auto ipv4 = std::ranges::find(found, AF_INET, &SocketAddress::family);
        socket = listen_at(ipv4 != found.end() ? *ipv4 : found.front(), false, buffers);
    }
    if (!socket)
        co_return io_fail(socket.error().number, socket.error().operation, address.to_string());
    auto listener = std::make_unique<TcpListener>(shard_, std::move(*socket), log_);
    CO_RETURN_IF_ERROR(listener->watch());
    co_return listener;
}

Task<IoResult<std::unique_ptr<Stream>>> PosixNet::connect(Address address, MonoTime deadline) {
    ASSIGN_OR_CO_RETURN(auto found, co_await resolve(address, deadline));
    IoError last{.number = ENXIO, .operation = "connect", .subject = {}};
    auto left = static_cast<std::int64_t>(found.size());
    for (const SocketAddress& each : found) {
        // One address that does not answer must not use up the time of the others.
        const MonoTime now = shard_.clock().now();
        const bool shared = left > 1 && deadline != MonoTime::never();
        const MonoTime until = shared ? now + (deadline - now) / left : deadline;
        IoResult<std::unique_ptr<Stream>> stream = co_await connect_to(each, until);
        if (stream) co_return stream;
        last = std::move(stream).error();
        --left;
    }
    co_return io_fail(last.number, last.operation, address.to_string());
}

Task<IoResult<std::unique_ptr<Stream>>> PosixNet::connect_to(SocketAddress address,
                                                             MonoTime deadline) {
    FileDescriptor socket = open_socket(address.family());
    if (!socket.is_open()) co_return io_fail(errno, "socket");
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (::connect(socket.get(), address.data(), address.size()) != 0 && errno != EINPROGRESS)
        co_return io_fail(errno, "connect");
    auto stream = std::make_unique<TcpStream>(shard_, std::move(socket), address);
    CO_RETURN_IF_ERROR(stream->watch());
    CO_RETURN_IF_ERROR(co_await stream->connected(deadline));
    co_return stream;
}

std::unique_ptr<Stream> PosixNet::attach(std::unique_ptr<DetachedStream> stream) {
    auto* detached = dynamic_cast<TcpDetached*>(stream.get());
    CHECK(detached != nullptr);
    auto attached =
        std::make_unique<TcpStream>(shard_, detached->take_descriptor(), detached->from());
    const IoResult<void> watched = attached->watch();
    if (!watched) log_.error("A connection is lost: " + watched.error().to_string());
    return attached;
}

}  // namespace cauce::runtime::os
