#include "runtime/os/socket_address.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>

namespace cauce::runtime::os {

SocketAddress::SocketAddress(const sockaddr& address) {
    std::memcpy(&storage_, &address,
                address.sa_family == AF_INET6 ? sizeof storage_.v6 : sizeof storage_.v4);
}

SocketAddress SocketAddress::ask(Question question, int descriptor) {
    SocketAddress address;
    socklen_t length = sizeof address.storage_;
    if (question(descriptor, &address.storage_.any, &length) != 0) return {};
    return address;
}

SocketAddress SocketAddress::every_interface(int family, std::uint16_t port) {
    SocketAddress address;
    if (family == AF_INET6) {
        address.storage_.v6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(port),
                               .sin6_flowinfo = 0,
                               .sin6_addr = IN6ADDR_ANY_INIT,
                               .sin6_scope_id = 0};
    } else {
        address.storage_.v4.sin_family = AF_INET;
        address.storage_.v4.sin_port = htons(port);
    }
    return address;
}

std::optional<SocketAddress> SocketAddress::numeric(const Address& address) {
    SocketAddress result;
    if (::inet_pton(AF_INET, address.host.c_str(), &result.storage_.v4.sin_addr) == 1) {
        result.storage_.v4.sin_family = AF_INET;
        result.storage_.v4.sin_port = htons(address.port);
        return result;
    }
    if (::inet_pton(AF_INET6, address.host.c_str(), &result.storage_.v6.sin6_addr) == 1) {
        result.storage_.v6.sin6_family = AF_INET6;
        result.storage_.v6.sin6_port = htons(address.port);
        return result;
    }
    return std::nullopt;
}

Address SocketAddress::to_address() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET) {
        ::inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
        return {.host = text, .port = ntohs(storage_.v4.sin_port)};
    }
    if (family() == AF_INET6) {
        const in6_addr& address = storage_.v6.sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&address)) {
            ::inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof text);
        } else {
            ::inet_ntop(AF_INET6, &address, text, sizeof text);
        }
        return {.host = text, .port = ntohs(storage_.v6.sin6_port)};
    }
    return {};
}

bool SocketAddress::is_loopback() const {
    constexpr std::uint8_t kLoopbackNet = 127;
    if (family() == AF_INET) return ntohl(storage_.v4.sin_addr.s_addr) >> 24 == kLoopbackNet;
    if (family() != AF_INET6) return false;
    const in6_addr& address = storage_.v6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) return address.s6_addr[12] == kLoopbackNet;
    return IN6_IS_ADDR_LOOPBACK(&address);
}

IoResult<std::vector<SocketAddress>> look_up(const Address& address) {
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error =
        ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &found);
    const int system_error = errno;
    const std::unique_ptr<addrinfo, decltype([](addrinfo* list) { ::freeaddrinfo(list); })> list(
        error == 0 ? found : nullptr);
    if (error == EAI_SYSTEM) return io_fail(system_error, "look up", address.host);
    if (error == EAI_AGAIN) return io_fail(EAGAIN, "look up", address.host);
    if (error == EAI_MEMORY) return io_fail(ENOMEM, "look up", address.host);
    if (error != 0) return io_fail(ENXIO, "look up", address.host);
    std::vector<SocketAddress> addresses;
    for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next)
        addresses.emplace_back(*each->ai_addr);
    return addresses;
}

}  // namespace cauce::runtime::os
