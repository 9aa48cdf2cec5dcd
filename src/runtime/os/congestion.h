// How a TCP socket keeps from flooding the network: by one of the kernel's ways, which have names.
//
// Some of them (bbr) space packets in time. Between programs of one machine there is no network to
// be shared fairly, and the timers cost more than the packets (docs/decisions/0006-pacing.md). A
// socket that was paced once stays so, whatever it is told later: so those who listen are set free
// of it, what they accept inherits that, and peers elsewhere get the system's way back.
#pragma once

#include "runtime/os/file_descriptor.h"

#include <string>

namespace cauce::runtime::os {

// The way of every kernel, open to everybody, that sends as soon as it may.
inline constexpr const char* kCongestionWithoutPacing = "reno";

// Empty when it cannot be told.
std::string congestion_control(const FileDescriptor& socket);

// At worst it stays as it was.
void set_congestion_control(const FileDescriptor& socket, const std::string& name);

}  // namespace cauce::runtime::os
