// SocketAddress: a numeric address as the kernel takes it, and the ways to and from names.
#pragma once

#include "base/result.h"
#include "runtime/net.h"

#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <vector>

namespace cauce::runtime::os {

class SocketAddress {
public:
    // The address a descriptor is bound or connected to, by getsockname or getpeername.
    using Question = int (*)(int, sockaddr*, socklen_t*) noexcept;
    static SocketAddress ask(Question question, int descriptor);

    // A host that is an address already, or empty: every interface of `family_if_empty`.
    static std::optional<SocketAddress> numeric(const Address& address);
    static SocketAddress every_interface(int family, std::uint16_t port);

    explicit SocketAddress(const sockaddr& address);

    int family() const { return storage_.any.sa_family; }
    // Of this machine's own interface: 127.0.0.0/8 or ::1, the former also as IPv6 has it.
    bool is_loopback() const;
    const sockaddr* data() const { return &storage_.any; }
    socklen_t size() const {
        return family() == AF_INET6 ? sizeof storage_.v6 : sizeof storage_.v4;
    }
    // IPv4 that came in by an IPv6 socket reads as IPv4.
    Address to_address() const;

private:
    SocketAddress() = default;

    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
    } storage_{};
};

// All addresses of a host, best first. Asks name servers: may take long.
IoResult<std::vector<SocketAddress>> look_up(const Address& address);

}  // namespace cauce::runtime::os
