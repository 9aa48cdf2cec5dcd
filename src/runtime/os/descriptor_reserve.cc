#include "runtime/os/descriptor_reserve.h"

#include "runtime/os/file_descriptor.h"

#include <climits>

#include <algorithm>
#include <fcntl.h>
#include <sys/resource.h>

namespace cauce::runtime::os {
namespace {

int first_of_reserve() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) return INT_MAX;
    const auto all = static_cast<int>(limit.rlim_cur);
    return std::max(all - std::clamp(all / 8, 16, 256), 1);
}

}  // namespace

DescriptorReserve::DescriptorReserve() : first_(first_of_reserve()) {}

bool DescriptorReserve::is_low(int open) {
    if (!low_) return false;
    const FileDescriptor probe(::fcntl(open, F_DUPFD_CLOEXEC, 0));
    low_ = !probe.is_open() || probe.get() >= first_;
    return low_;
}

}  // namespace cauce::runtime::os
