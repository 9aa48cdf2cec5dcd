#include "runtime/os/congestion.h"

#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace cauce::runtime::os {

std::string congestion_control(const FileDescriptor& socket) {
    std::array<char, 64> name{};
    socklen_t size = name.size() - 1;  // zero ends it
    if (::getsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) != 0) return {};
    return name.data();
}

void set_congestion_control(const FileDescriptor& socket, const std::string& name) {
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(),
                 static_cast<socklen_t>(name.size()));
}

}  // namespace cauce::runtime::os
