#include "runtime/net.h"

namespace cauce::runtime {

std::string Address::to_string() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace cauce::runtime
